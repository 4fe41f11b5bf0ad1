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

export async function linkLocalOf(ns: Netns, dev: string): Promise<string> {
  const { stdout } = await inside(
    ns,
    "ip",
    "-6",
    "-o",
    "addr",
    "show",
    "dev",
    dev,
    "scope",
    "link",
  );
  return /inet6 (\S+)\//.exec(stdout)?.[1] ?? "";
}

/** The MACs that answer a solicitation, sorted, each once. */
export async function ndisc(ns: Netns, dev: string, ip: string): Promise<readonly string[]> {
  const { stdout } = await inside(ns, "ndisc6", "-m", "-r", "1", "-w", "700", ip, dev);
  const macs = [...stdout.matchAll(/Target link-layer address: ([0-9A-F:]{17})/gi)];
  return [...new Set(macs.map((m) => (m[1] ?? "").toLowerCase()))].sort();
}

/** `ip neigh`: the kernel's own view of a neighbour. */
export async function neighbour(
  ns: Netns,
  ip: string,
): Promise<{ readonly mac: string | null; readonly state: string }> {
  const { stdout } = await inside(ns, "ip", "neigh", "show", ip);
  const mac = /lladdr ([0-9a-f:]{17})/.exec(stdout)?.[1] ?? null;
  return { mac, state: stdout.trim().split(" ").at(-1) ?? "" };
}

/** Groups that the kernel has joined on an interface. */
export async function groupsOn(ns: Netns, dev: string): Promise<readonly string[]> {
  const { stdout } = await inside(ns, "ip", "-6", "maddr", "show", "dev", dev);
  return [...stdout.matchAll(/inet6 (\S+)/g)].map((m) => m[1] ?? "");
}
