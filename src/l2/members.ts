import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import { parseMac } from "../net/mac.ts";
import { tryParseIp } from "../net/ip.ts";

/** A node of the cluster, alive or not, and how to recognise it on the wire. */
export interface Member {
  readonly node: string;
  /** MACs of its announcing interfaces, as it tells the others; empty when it does not. */
  readonly macs: readonly Mac[];
  /** Its addresses: their entries in the kernel's neighbour table show its MAC as well. */
  readonly addresses: readonly Ip[];
}

export interface NeighbourEntry {
  readonly ip: Ip;
  readonly mac: Mac;
  /** Name of the interface. */
  readonly device: string;
}

/** `/proc/net/arp`: address, hardware type, flags, MAC, mask, device. Incomplete entries are left out. */
export function parseNeighbourTable(text: string): readonly NeighbourEntry[] {
  const entries: NeighbourEntry[] = [];
  for (const line of text.split("\n").slice(1)) {
    const [address, type, flags, mac, , device = ""] = line.split(/\s+/);
    const ip = tryParseIp(address ?? "");
    if (ip === null || type !== "0x1" || (Number(flags) & 0x2) === 0 || mac === undefined) continue;
    if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac))
      entries.push({ ip, mac: parseMac(mac), device });
  }
  return entries;
}

/** Whose MAC it is; null: nobody's we know. */
export function memberOf(
  mac: Mac,
  members: readonly Member[],
  neighbours: () => readonly NeighbourEntry[],
): string | null {
  const told = members.find((m) => m.macs.includes(mac));
  if (told !== undefined) return told.node;
  const ips = new Set(
    neighbours()
      .filter((n) => n.mac === mac)
      .map((n) => n.ip),
  );
  return members.find((m) => m.addresses.some((ip) => ips.has(ip)))?.node ?? null;
}
