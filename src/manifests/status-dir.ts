/** Edge: the status files of a directory, followed as other processes write them, and written by the controller. */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { refText } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { turns } from "../runtime/turns.ts";
import { codeOf, writeAtomic } from "./atomic-write.ts";
import { fileChangedAt } from "./changed-at.ts";
import { STATUS_DIR } from "./files.ts";
import {
  STATUS_KINDS,
  parseStatus,
  refOfStatusPath,
  statusPath,
  statusText,
} from "./status-files.ts";
import type { StatusFile } from "./status-files.ts";
import { watchTree } from "./watch.ts";

export interface StatusDir {
  /** By `refText` of the object. */
  readonly files: ReadonlyMap<string, StatusFile>;
  /** Reads what is there and starts following it. */
  start(): Promise<void>;
  rescan(): Promise<void>;
  /** @throws AppError `ERR_ENVIRONMENT` */
  write(ref: ObjectRef, file: StatusFile): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  close(): void;
}

/** `.status/<Kind>/<namespace>/` */
const DEPTH = 2;

/** `onChange` is told when, by the clock. */
export function statusDirIn(
  dir: string,
  clock: Clock,
  onChange: (sinceMs: number) => void,
): StatusDir {
  const root = join(dir, STATUS_DIR);
  const files = new Map<string, StatusFile>();
  const texts = new Map<string, string>();
  const reading = new Set<string>();
  const again = new Set<string>();
  const pending = new Set<Promise<void>>();
  /** A removal that was asked for first must not take away what is written after it. */
  const inTurn = turns<string>();

  const take = (ref: ObjectRef, text: string | null, noticedMs: number): void => {
    const key = refText(ref);
    if (text === (texts.get(key) ?? null)) return;
    const file = text === null ? null : parseStatus(ref.kind, text);
    if (text !== null && file === null) return; // not ours, or half a file: what it said before stays
    if (text === null || file === null) {
      texts.delete(key);
      files.delete(key);
    } else {
      texts.set(key, text);
      files.set(key, file);
    }
    onChange(fileChangedAt(join(dir, statusPath(ref)), noticedMs, clock));
  };

  const look = (path: string): void => {
    const ref = refOfStatusPath(relative(root, path).split(sep).join("/"));
    if (ref === null) return;
    if (reading.has(path)) {
      again.add(path);
      return;
    }
    reading.add(path);
    const noticedMs = clock.now();
    const run = readFile(path, "utf8")
      .catch((error: unknown) => (codeOf(error) === "ENOENT" ? null : undefined))
      .then((text) => {
        if (text !== undefined) take(ref, text, noticedMs);
        reading.delete(path);
        pending.delete(run);
        if (again.delete(path)) look(path);
      });
    pending.add(run);
  };

  const tree = watchTree(root, DEPTH, look);

  const rescan = async (): Promise<void> => {
    await tree.rescan();
    while (pending.size > 0) await Promise.all(pending);
  };

  return {
    files,
    async start() {
      // A directory that exists can be watched: what another process writes first is seen at once.
      for (const kind of STATUS_KINDS)
        await mkdir(join(root, kind), { recursive: true }).catch(() => undefined);
      await rescan();
    },
    rescan,
    write: (ref, file) =>
      inTurn(refText(ref), async () => {
        const text = statusText(file);
        try {
          await writeAtomic(join(dir, statusPath(ref)), text);
        } catch (cause) {
          throw new AppError("ERR_ENVIRONMENT", `cannot write the status of ${refText(ref)}`, {
            cause,
          });
        }
        take(ref, text, clock.now());
      }),
    remove: (ref) =>
      inTurn(refText(ref), async () => {
        await rm(join(dir, statusPath(ref)), { force: true });
        take(ref, null, clock.now());
      }),
    close: () => tree.close(),
  };
}
