/** Edge: a directory of YAML as a `Store`. Files are followed with chokidar; status lives under `.status/`. */
import { resolve } from "node:path";
import type { KubeObject, ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { systemClock } from "../runtime/clock.ts";
import { assemble } from "./assemble.ts";
import { fileSetIn } from "./file-set.ts";
import { keyOfObject } from "./file-state.ts";
import { lastGoodIn } from "./last-good.ts";
import { reportsIn } from "./reports.ts";
import { withReuse } from "./reuse.ts";
import { statusDirIn } from "./status-dir.ts";
import { FROM_POOL, withStatus } from "./status-files.ts";

export interface DirectoryStoreOptions {
  readonly dir: string;
  /** METALLB_NAMESPACE. */
  readonly namespace: string;
  /** Where last good versions are kept over a restart; null keeps nothing. */
  readonly stateDir: string | null;
  /** Tells processes that share the directory apart: `controller`, or the node's name. */
  readonly instance: string;
  /** The one process that writes status: it also removes the status of objects that are gone. */
  readonly writesStatus: boolean;
  readonly clock?: Clock;
  /** How often everything is looked at again, for shares that notify nobody. */
  readonly rescanMs?: number;
}

const RESCAN_MS = 5000;
/** A directory that is not there yet is looked for this often. */
const MISSING_MS = 500;
/** The first load waits no longer for files that keep changing. */
const FIRST_LOAD_MS = 3000;

/** Starts reading; `snapshot()` is null until the first load is complete. */
export function openDirectoryStore(options: DirectoryStoreOptions): Store {
  const { namespace, stateDir, instance, writesStatus, clock = systemClock } = options;
  const dir = resolve(options.dir);
  const listeners = new Set<(sinceMs?: number) => void>();
  const reuse = withReuse();
  let snapshot: Snapshot | null = null;
  let problems: readonly Problem[] = [];
  let loaded = false;
  /** When the first change that is not told yet was made. */
  let sinceMs: number | null = null;
  let cancelWait: () => void = () => undefined;
  const stop = new AbortController();
  const isClosed = (): boolean => stop.signal.aborted;

  /** Many files in one turn of the event loop make one snapshot. */
  const changed = (atMs: number): void => {
    if (isClosed()) return;
    if (sinceMs === null) clock.after(0, publish);
    sinceMs = Math.min(sinceMs ?? atMs, atMs);
  };
  const statuses = statusDirIn(dir, clock, changed);
  const reports = reportsIn(dir, namespace, instance, clock);
  const lastGood = stateDir === null ? null : lastGoodIn(stateDir, dir, namespace);
  const files = fileSetIn({ dir, namespace, clock, lastGood, onChange: changed });

  const overlay = (object: KubeObject): KubeObject =>
    reuse.overlay(object, statuses.files.get(keyOfObject(object)), withStatus);

  const publish = (): void => {
    const since = sinceMs ?? clock.now();
    sinceMs = null;
    if (isClosed()) return;
    const states = files.states();
    const fresh = states.flatMap((s) => s.placed);
    const given = new Set(fresh.map((p) => keyOfObject(p.object)));
    const kept = states.flatMap((s) => s.retained).filter((p) => !given.has(keyOfObject(p.object)));
    const { snapshot: next, problems: duplicates } = assemble(
      [...fresh, ...kept].map((p) => ({ ...p, object: overlay(p.object) })),
      namespace,
    );
    const found = [...files.problems(), ...duplicates];
    const same = JSON.stringify(found) === JSON.stringify(problems);
    const before = snapshot;
    if (loaded) snapshot = reuse.snapshot(before, next);
    if (!same) problems = found;
    if (same && snapshot === before) return;
    if (writesStatus && snapshot !== null) void forgetStatuses();
    for (const listener of listeners) listener(since);
  };

  let alive: ReadonlySet<string> = new Set();
  /** How often it was asked to, since it began; 0: it is not under way. */
  let asked = 0;
  /**
   * The status of an object dies with it; while anything cannot be read, nothing counts as gone. An object may come
   * back, with a new status, while the old ones are being removed: each is looked up again when its turn comes.
   */
  const forgetStatuses = async (): Promise<void> => {
    alive = new Set([...(snapshot?.services ?? []), ...(snapshot?.pools ?? [])].map(keyOfObject));
    if (++asked > 1) return;
    for (let answered = 0; answered < asked;) {
      answered = asked;
      for (const key of statuses.files.keys()) {
        if (alive.has(key) || problems.some((p) => p.severity === "error")) continue;
        await statuses.remove(refFromText(key)).catch(() => undefined);
      }
    }
    asked = 0;
  };

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      cancelWait = () => {
        cancel();
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    while (!isClosed() && !(await files.present())) await wait(MISSING_MS);
    if (isClosed()) return;
    await files.watch();
    await files.restore();
    await statuses.start();
    await Promise.race([files.scan(), wait(FIRST_LOAD_MS)]);
    loaded = true;
    publish();
    while (!isClosed()) {
      await wait(options.rescanMs ?? RESCAN_MS);
      if (!isClosed()) await Promise.all([files.scan(), statuses.rescan()]);
    }
  };
  const running = run();

  return {
    snapshot: () => snapshot,
    problems: () => problems,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    writeServiceStatus: (key, { ips, pool }) =>
      statuses.write(serviceRef(key), {
        annotations: pool === null ? {} : { [FROM_POOL]: pool },
        status: { loadBalancer: ips.length === 0 ? {} : { ingress: ips.map((ip) => ({ ip })) } },
      }),
    writePoolStatus: (name, counters) =>
      statuses.write({ kind: "IPAddressPool", namespace, name }, { status: { ...counters } }),
    recordEvent: (event) => reports.event(event),
    writeReports: (owner, wanted) => reports.write(owner, wanted),
    async close() {
      stop.abort();
      cancelWait();
      statuses.close();
      await files.close();
      await running;
      await reports.flush();
    },
  };
}

/** @throws AppError `ERR_ENVIRONMENT` for what is no `namespace/name` */
function serviceRef(key: string): ObjectRef {
  const [namespace, name, ...rest] = key.split("/");
  if (!namespace || !name || rest.length > 0)
    throw new AppError("ERR_ENVIRONMENT", `no Service key: ${JSON.stringify(key)}`);
  return { kind: "Service", namespace, name };
}

/** The inverse of `refText` for namespaced kinds. */
function refFromText(text: string): ObjectRef {
  const [kind = "", key = ""] = text.split(" ");
  const [namespace = "", name = ""] = key.split("/");
  return { kind, namespace, name };
}
