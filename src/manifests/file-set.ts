/** Edge: the manifest files of one directory, each with the text in force; what broke keeps its last good version. */
import { stat } from "node:fs/promises";
import { relative } from "node:path";
import type { Problem } from "../api/problem.ts";
import type { Clock } from "../runtime/clock.ts";
import { losesObjects, takeText } from "./file-state.ts";
import type { FileState } from "./file-state.ts";
import { manifestsIn } from "./files.ts";
import type { LastGood } from "./last-good.ts";
import { startSightings } from "./sightings.ts";
import { watchManifests } from "./watch.ts";

/** Many edits in a row are one write of the last good version. */
const SAVE_MS = 500;

export interface FileSet {
  /** Whether the directory can be read at all; a problem while it cannot. */
  present(): Promise<boolean>;
  /** In path order. */
  states(): readonly FileState[];
  problems(): readonly Problem[];
  /** Takes up the versions of the last run, so that what broke meanwhile keeps them. */
  restore(): Promise<void>;
  watch(): Promise<void>;
  /** Looks at every file there is or was. Resolves when each has been taken, held back or found gone. */
  scan(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSetPorts {
  readonly dir: string;
  readonly namespace: string;
  readonly clock: Clock;
  /** Null: nothing survives a restart. */
  readonly lastGood: LastGood | null;
  /** Told when it changed, by the clock. */
  readonly onChange: (sinceMs: number) => void;
}

/** A problem of the store itself, about no object. */
const troubleOf = (code: string, message: string): Problem => ({
  severity: "error",
  rule: "manifest",
  code,
  object: { kind: "", namespace: "", name: "" },
  path: "",
  message,
});

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export function fileSetIn({ dir, namespace, clock, lastGood, onChange }: FileSetPorts): FileSet {
  const nameOf = (path: string) => relative(dir, path);
  const files = new Map<string, FileState>();
  const drafts = new Map<string, FileState>(); // parsed, but not believed yet
  const holds = new Map<string, string>();
  const troubles = new Map<string, Problem>();
  const unsaved = new Set<string>();
  let saving: Promise<void> = Promise.resolve();
  let cancelSave: (() => void) | null = null;
  let unwatch: () => Promise<void> = () => Promise.resolve();

  const trouble = (code: string, message: string | null): void => {
    if (message === (troubles.get(code)?.message ?? null)) return;
    if (message === null) troubles.delete(code);
    else troubles.set(code, troubleOf(code, message));
    onChange(clock.now());
  };

  const draft = (path: string, text: string): FileState => {
    const known = [drafts.get(path), files.get(path)].find((s) => s?.text === text);
    if (known !== undefined) return known;
    const state = takeText(files.get(path) ?? null, nameOf(path), text, namespace);
    drafts.set(path, state);
    return state;
  };

  const saveAll = (): void => {
    cancelSave = null;
    const paths = [...unsaved];
    unsaved.clear();
    const writes = async () => {
      for (const path of paths) {
        const state = files.get(path);
        await (state ? lastGood?.save(nameOf(path), state) : lastGood?.remove(nameOf(path)));
      }
      trouble("stateDir", null);
    };
    saving = saving.then(writes).catch((error: unknown) => trouble("stateDir", wordsOf(error)));
  };

  const changed = (path: string, sinceMs = clock.now()): void => {
    drafts.delete(path);
    unsaved.add(path);
    if (lastGood !== null) cancelSave ??= clock.after(SAVE_MS, saveAll);
    onChange(sinceMs);
  };

  const sightings = startSightings({
    clock,
    beforeOf: (path) => files.get(path) ?? null,
    examine(path, text) {
      const before = files.get(path);
      const after = draft(path, text);
      const loses = before !== undefined && losesObjects(before, after);
      return { broken: after.problems.length > 0, loses };
    },
    onText(path, text, sinceMs) {
      files.set(path, draft(path, text));
      changed(path, sinceMs);
    },
    onGone(path) {
      const held = holds.delete(path);
      if (files.delete(path) || held) changed(path);
    },
    onHold(path, why) {
      if (why === (holds.get(path) ?? null)) return;
      if (why === null) holds.delete(path);
      else holds.set(path, why);
      onChange(clock.now());
    },
  });

  /** Null when the directory itself is away (unmounted, renamed): its files are not deleted then. */
  const listed = async (): Promise<readonly string[] | null> => {
    try {
      const paths = await manifestsIn(dir);
      trouble("manifestsDir", null);
      return paths;
    } catch (error) {
      trouble("manifestsDir", `${wordsOf(error)}; what the directory said stays in force`);
      return null;
    }
  };

  const look = async (path: string): Promise<void> => {
    if (await stat(dir).catch(() => null)) await sightings.look(path);
    else await listed();
  };

  return {
    present: async () => (await listed()) !== null,
    states: () => [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state),
    problems: () => [
      ...troubles.values(),
      ...[...holds]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, why]) => {
          const stays = files.has(path) ? "; its last version stays in force" : "";
          return troubleOf("unreadableFile", `${nameOf(path)}: ${why}${stays}`);
        }),
      ...[...files].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { problems }]) => problems),
    ],
    async restore() {
      const paths = (await listed()) ?? [];
      for (const path of paths) {
        const saved = await lastGood?.load(nameOf(path));
        if (!saved) continue;
        files.set(path, saved);
      }
      await lastGood
        ?.prune(paths.map(nameOf))
        .catch((error: unknown) => trouble("stateDir", wordsOf(error)));
    },
    async watch() {
      unwatch = await watchManifests(
        dir,
        (path) => void look(path),
        (error) => trouble("watch", wordsOf(error)),
      );
    },
    async scan() {
      const paths = await listed();
      if (paths === null) return;
      const all = new Set([...paths, ...files.keys(), ...holds.keys()]);
      await Promise.all([...all].map((path) => sightings.look(path)));
    },
    async close() {
      sightings.close();
      await unwatch();
      cancelSave?.();
      if (lastGood !== null && unsaved.size > 0) saveAll();
      await saving;
    },
  };
}
