/** What an image has to carry of either system, beside FRR; FerroLB needs Node too, which is said. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createGzip } from "node:zlib";
import type { Bench } from "../lab/session.ts";

export async function measureSizes({ ledger, systems, programs }: Bench): Promise<void> {
  const ours = [
    ...(await filesIn("dist")),
    ...(await filesIn("src/l2/addon/build")).filter((f) => f.endsWith(".node")),
  ];
  const node = ((await sizeOf([process.execPath])) / 1e6).toFixed(0);
  const note = `Node itself is ${node} MB more, ${((await compressed([process.execPath])) / 1e6).toFixed(0)} MB compressed`;
  ledger.add("programs", "ferrolb", [(await sizeOf(ours)) / 1e6], note);
  ledger.add("programs-gz", "ferrolb", [(await compressed(ours)) / 1e6], note);
  if (!systems.includes("metallb") || programs.peers === null) return;
  const theirs = ["metallb-speaker", "metallb-controller"].map((f) =>
    join(programs.peers ?? "", f),
  );
  ledger.add("programs", "metallb", [(await sizeOf(theirs)) / 1e6]);
  ledger.add("programs-gz", "metallb", [(await compressed(theirs)) / 1e6]);
}

async function filesIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => e.isFile() && !e.name.endsWith(".map"))
    .map((e) => join(e.parentPath, e.name));
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((a, b) => a + b, 0);
}

async function compressed(files: readonly string[]): Promise<number> {
  let total = 0;
  for (const file of files)
    for await (const chunk of createReadStream(file).pipe(createGzip({ level: 6 })))
      total += (chunk as Buffer).length;
  return total;
}
