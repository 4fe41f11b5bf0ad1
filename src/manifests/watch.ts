/** Edge: says which paths to look at. Notices first, a slow rescan behind them for shares that notify nobody. */
import { watch as watchDir } from "node:fs";
import type { FSWatcher } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { watch } from "chokidar";
import { isManifestName } from "./files.ts";

/** How long chokidar waits for a file that vanished to be replaced by a rename. */
const ATOMIC_MS = 25;

/** Every manifest below `dir` that appears, changes or goes; hidden names are left out. */
export async function watchManifests(
  dir: string,
  onPath: (path: string) => void,
  onError: (error: unknown) => void,
): Promise<() => Promise<void>> {
  const hidden = (path: string) =>
    relative(dir, path)
      .split(sep)
      .some((part) => part.startsWith(".") && part !== "." && part !== "..");
  const watcher = watch(dir, { ignored: hidden, ignoreInitial: true, atomic: ATOMIC_MS });
  watcher.on("all", (event, path) => {
    if (event !== "addDir" && event !== "unlinkDir" && isManifestName(path)) onPath(path);
  });
  watcher.on("error", onError);
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return () => watcher.close();
}

/**
 * Files below `root`, which has directories of the given depth and may not exist yet. One kernel watch per
 * directory names the file at once; chokidar would list the whole directory for each change, and a status
 * directory holds one file per Service.
 */
export function watchTree(
  root: string,
  depth: number,
  onPath: (path: string) => void,
): { readonly rescan: () => Promise<void>; readonly close: () => void } {
  const watchers = new Map<string, FSWatcher>();
  let closed = false;

  const enter = async (dir: string, level: number): Promise<void> => {
    if (!watchers.has(dir) && !closed) listen(dir, level); // before the listing: nothing falls between
    const entries = await readdir(dir, { withFileTypes: true }).catch(() => null);
    if (entries === null) {
      watchers.get(dir)?.close();
      watchers.delete(dir);
      return;
    }
    for (const entry of entries) {
      const path = join(dir, entry.name);
      if (level < depth && entry.isDirectory()) await enter(path, level + 1);
      else if (level === depth && entry.isFile()) onPath(path);
    }
  };

  const listen = (dir: string, level: number): void => {
    try {
      const watcher = watchDir(dir, (_, name) => {
        if (name === null) void enter(dir, level);
        else if (level === depth) onPath(join(dir, name));
        else void enter(join(dir, name), level + 1);
      });
      watcher.on("error", () => {
        watcher.close();
        watchers.delete(dir);
      });
      watchers.set(dir, watcher);
    } catch {
      // No watch to be had (gone again, or the kernel's limit): the rescan sees to it.
    }
  };

  return {
    rescan: () => enter(root, 0),
    close() {
      closed = true;
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}
