import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";

/** Where status lives below a directory of manifests. */
export const STATUS_DIR = ".status";

/** Manifests end in .yaml, .yml or .json; hidden and editor files (`.#x`, `x~`) are none. */
export const isManifestName = (path: string): boolean =>
  /\.(ya?ml|json)$/.test(path) && !/^[.#]/.test(basename(path));

/** Manifest files below a directory, hidden directories left out, sorted. @throws what the file system says */
export async function manifestsIn(dir: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at)) {
      if (entry.startsWith(".")) continue;
      const path = join(at, entry);
      const info = await stat(path).catch(() => null); // gone meanwhile, or a dangling link
      if (info?.isDirectory()) await walk(path);
      else if (info?.isFile() && isManifestName(path)) found.push(path);
    }
  };
  await walk(dir);
  return found.sort();
}
