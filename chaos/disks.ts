/** State directory and frr.conf of each node on file systems of their own, so small that they fill at once. */
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { NODES } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import type { Heal } from "./ground.ts";

export type Disks = Readonly<Record<NodeName, readonly string[]>>;

const SIZE = "3m";

export async function smallDisks(dir: string): Promise<Disks> {
  const entries: [NodeName, readonly string[]][] = [];
  for (const node of NODES) {
    const places = [join(dir, node, "state"), join(dir, node, "frr/etc")];
    for (const place of places) {
      await mkdir(place, { recursive: true });
      await execa("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0775`, "chaos", place]);
    }
    entries.push([node, places]);
  }
  return Object.fromEntries(entries) as Disks;
}

/** Safe to repeat. */
export async function release(disks: Disks): Promise<void> {
  for (const place of Object.values(disks).flat())
    await execa("umount", ["--lazy", place], { reject: false });
}

export async function fillDisks(disks: readonly string[]): Promise<Heal> {
  const ballast = disks.map((disk) => join(disk, "ballast"));
  await Promise.all(ballast.map(fill));
  return async () => {
    await Promise.all(ballast.map((file) => rm(file, { force: true })));
  };
}

/** Writes until the file system takes no more. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, "w");
  try {
    for (const size of [1 << 16, 1 << 10, 1]) {
      const block = Buffer.alloc(size, "x");
      for (let n = 0; n < 4096; n++)
        if ((await handle.write(block).catch(() => null)) === null) break;
    }
  } finally {
    await handle.close();
  }
}
