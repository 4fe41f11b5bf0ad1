import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, writeAtomic } from "../manifests/atomic-write.ts";
import type { StateFiles } from "../reconciler/controller.ts";

/** Small texts under `--state-dir`, each replaced in one step, readable by the owner alone. */
export const stateFilesIn = (dir: string): StateFiles => ({
  async read(name) {
    try {
      return await readFile(join(dir, name), "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
  },
  write: (name, text) => writeAtomic(join(dir, name), text, 0o600),
});
