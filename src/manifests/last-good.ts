/**
 * Edge: the text in force of each manifest file and the last good versions of what broke, kept under
 * `--state-dir`, so that a restart changes nothing. Files are 0600: manifests may hold passwords.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { writeAtomic } from "./atomic-write.ts";
import type { Placed } from "./assemble.ts";
import type { FileState } from "./file-state.ts";
import { admit } from "./shape.ts";

const SAVED = Type.Object({
  text: Type.String(),
  retained: Type.Array(
    Type.Object({ object: Type.Unknown(), file: Type.String(), line: Type.Number() }),
  ),
});

export interface LastGood {
  load(
    path: string,
  ): Promise<{ readonly text: string; readonly retained: readonly Placed[] } | null>;
  save(path: string, state: FileState): Promise<void>;
  remove(path: string): Promise<void>;
  /** Removes what is kept of files that are gone. */
  prune(paths: readonly string[]): Promise<void>;
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 24);

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
        const retained = saved.retained.flatMap(({ object, file, line }): Placed[] => {
          const admission = admit(object, namespace);
          return admission.kind === "object" ? [{ object: admission.object, file, line }] : [];
        });
        return { text: saved.text, retained };
      } catch {
        return null; // a torn file of ours is a file not kept
      }
    },
    save: (path, { text, retained }) =>
      writeAtomic(placeOf(path), JSON.stringify({ text, retained }), 0o600),
    remove: (path) => rm(placeOf(path), { force: true }),
    async prune(paths) {
      const wanted = new Set(paths.map((p) => `${digest(p)}.json`));
      for (const name of await readdir(dir).catch(() => []))
        if (!wanted.has(name)) await rm(join(dir, name), { force: true });
    },
  };
}
