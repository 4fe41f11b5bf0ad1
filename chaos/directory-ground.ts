/** A directory of manifests: a file per name, written whole, or spoilt in place. */
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ground, Heal } from "./ground.ts";
import type { StatusFile } from "./status.ts";
import { manifestText, spoilable } from "./world.ts";
import type { Spot } from "./world.ts";

export async function directoryGround(manifests: string, spots: readonly Spot[]): Promise<Ground> {
  await mkdir(manifests);
  const files = spoilable(spots);
  const fileOf = (name: string): string => join(manifests, `${name}.yaml`);
  const spoilt = async (dice: number, spoil: (text: string) => string): Promise<Heal> => {
    const file = fileOf(files[dice % files.length] ?? "pools");
    const text = await readFile(file, "utf8");
    await writeFile(file, spoil(text)); // in place, as a broken editor or a full disk leaves it
    return () => writeWhole(file, text);
  };
  return {
    follow: { manifests },
    join: ({ controller }) => [controller],
    put: (name, objects) => writeWhole(fileOf(name), manifestText(objects)),
    drop: (name) => rm(fileOf(name), { force: true }),
    statuses: () => statusesIn(join(manifests, ".status")),
    inject({ kind, dice }) {
      // Between two fields: inside a text it might be one, and the object another.
      if (kind === "manifest-garbage")
        return spoilt(dice, (text) => text.replace("\n", "\n\t{{{ not: [yaml\n"));
      if (kind === "manifest-truncated") return spoilt(dice, (text) => truncated(text, dice));
      throw new Error(`${kind} needs an API server`);
    },
    close: () => Promise.resolve(),
  };
}

/** Cut off somewhere inside a document: where it ends between two, nobody could tell it from an edit. */
function truncated(text: string, dice: number): string {
  let cut = text.slice(0, 20 + (dice % (text.length - 40)));
  while (/\n\}\s*-*\s*$/.test(cut)) cut = cut.slice(0, -1);
  return cut;
}

let drafts = 0;

/** The file appears whole or not at all. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${++drafts}.new`;
  await writeFile(draft, text);
  await rename(draft, file);
}

async function statusesIn(root: string): Promise<readonly StatusFile[]> {
  const paths = (await readdir(root, { recursive: true })).filter((p) => p.endsWith(".json"));
  const read = await Promise.all(
    paths.map(async (path): Promise<StatusFile | null> => {
      const [kind = "", ...rest] = path.split("/");
      const text = await readFile(join(root, path), "utf8").catch(() => "");
      try {
        const { status = {} } = JSON.parse(text) as { status?: Record<string, unknown> };
        return { kind, status, name: (rest.at(-1) ?? "").replace(/\.json$/, "") };
      } catch {
        return null; // being written
      }
    }),
  );
  return read.filter((f) => f !== null);
}
