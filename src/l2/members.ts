import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";

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
  /** Index of the interface. */
  readonly port: number;
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
