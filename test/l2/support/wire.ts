/** What a client sees on the wire: arping, ndisc6, the kernel's neighbour table. */
import { execa } from "execa";
import type { Netns } from "../../../src/lab/netns.ts";

const inside = (ns: Netns, ...command: readonly string[]) =>
  execa("ip", ["netns", "exec", ns.name, ...command], { reject: false });

/** The MACs that answer `count` broadcast requests, sorted, each once. */
export async function arping(
  ns: Netns,
  dev: string,
  ip: string,
  count = 1,
  source?: string,
): Promise<readonly string[]> {
  const from = source === undefined ? [] : ["-S", source];
  const { stdout } = await inside(
    ns,
    "arping",
    "-i",
    dev,
    "-c",
    `${count}`,
    "-w",
    "0.5",
    ...from,
    ip,
  );
  return [...new Set([...stdout.matchAll(/from ([0-9a-f:]{17})/g)].map((m) => m[1] ?? ""))].sort();
}

export async function macOf(ns: Netns, dev: string): Promise<string> {
  const { stdout } = await inside(ns, "cat", `/sys/class/net/${dev}/address`);
  return stdout.trim();
}
