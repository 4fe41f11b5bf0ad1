/**
 * Edge: the objects in force of each manifest file, kept under `--state-dir`, so that what breaks keeps its
 * last good version over a restart too. Passwords are left out: they appear nowhere but in frr.conf.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { KubeObject } from "../api/objects.ts";
import { writeAtomic } from "./atomic-write.ts";
import type { Placed } from "./assemble.ts";
import type { FileState } from "./file-state.ts";
import { admit } from "./shape.ts";

const SAVED = Type.Object({
  length: Type.Number(),
  endsWithNewline: Type.Boolean(),
  placed: Type.Array(
    Type.Object({ object: Type.Unknown(), file: Type.String(), line: Type.Number() }),
  ),
});

export interface LastGood {
  /** The file as it was in force in the last run, its text unknown. */
  load(path: string): Promise<FileState | null>;
  save(path: string, state: FileState): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes what is kept of files that are gone. */
  prune(paths: readonly string[]): Promise<void>;
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 24);

/** A Secret without its values, a BGPPeer without its password. */
function withoutSecrets(object: KubeObject): unknown {
  if (object.kind === "Secret") {
    const { apiVersion, kind, metadata } = object;
    return { apiVersion, kind, metadata, type: "type" in object ? object.type : undefined };
  }
  if (object.kind !== "BGPPeer" || !("spec" in object)) return object;
  const { password, ...spec } = object.spec as Readonly<Record<string, unknown>>;
  return { ...object, spec };
}

/** Kept per directory of manifests; `namespace` is that of objects that name none. */
export function lastGoodIn(stateDir: string, manifests: string, namespace: string): LastGood {
  const dir = join(stateDir, "manifests", digest(resolve(manifests)));
  const placeOf = (path: string) => join(dir, `${digest(path)}.json`);
  return {
    async load(path) {
      const text = await readFile(placeOf(path), "utf8").catch(() => null);
      if (text === null) return null;
      try {
        const saved: unknown = JSON.parse(text);
        if (!Value.Check(SAVED, saved)) return null;
        const placed = saved.placed.flatMap(({ object, file, line }): Placed[] => {
          const admission = admit(object, namespace);
          return admission.kind === "object" ? [{ object: admission.object, file, line }] : [];
        });
        const { length, endsWithNewline } = saved;
        return {
          ...{ text: null, length, endsWithNewline, placed },
          ...{ retained: [], problems: [], chunks: new Map() },
        };
      } catch {
        return null; // a torn file of ours is a file not kept
      }
    },
    save(path, { length, endsWithNewline, placed, retained }) {
      const kept = [...placed, ...retained].map((p) => ({
        ...p,
        object: withoutSecrets(p.object),
      }));
      const text = JSON.stringify({ length, endsWithNewline, placed: kept });
      return writeAtomic(placeOf(path), text, 0o600);
    },
    remove: (path) => rm(placeOf(path), { force: true }),
    async prune(paths) {
      const wanted = new Set(paths.map((p) => `${digest(p)}.json`));
      for (const name of await readdir(dir).catch(() => []))
        if (!wanted.has(name)) await rm(join(dir, name), { force: true });
    },
  };
}
