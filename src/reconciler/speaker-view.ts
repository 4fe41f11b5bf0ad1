/** What one node does for the Services of a snapshot, per protocol. Pure. */
import { settleServices } from "../allocator/settle.ts";
import type { ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import { announcedIps } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { NodeBgp } from "../bgp/model.ts";
import type { Parsed } from "../config/parse.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Ip } from "../net/ip.ts";
import { tryParseIp } from "../net/ip.ts";

export type Protocol = "bgp" | "layer2";

/** One Service as this node announces it over one protocol. */
export interface AnnouncedService {
  readonly key: ServiceKey;
  readonly protocol: Protocol;
  readonly ips: readonly Ip[];
  /** BGP: the peers it is sent to. L2: the interfaces, empty for all. Sorted. */
  readonly where: readonly string[];
}

/** The snapshot with the addresses that a controller would give: for two machines with equal copies and no controller. */
export function withOwnAddresses(snapshot: Snapshot, parsed: Parsed, lbClass: string): Snapshot {
  const leftOut = new Set(
    parsed.quarantined
      .filter((q) => q.object.kind === "IPAddressPool" && q.acting === "nothing")
      .map((q) => q.object.name),
  );
  const { services } = settleServices({
    pools: parsed.config.pools,
    leftOut,
    services: snapshot.services,
    lbClass,
    familySource: "derived",
  });
  return { ...snapshot, services };
}

const compareKeys = (a: AnnouncedService, b: AnnouncedService): number => (a.key < b.key ? -1 : 1);

/** By the prefixes that the peers of this node carry; a Service may be in an aggregate with others. */
export function announcedByBgp(
  node: NodeBgp,
  snapshot: Pick<Snapshot, "services">,
): AnnouncedService[] {
  const peers = new Map<ServiceKey, Set<string>>();
  for (const { networks4, networks6, neighbors } of node.instances) {
    const carriers = new Map<string, string[]>();
    for (const { peer, announcements } of neighbors)
      for (const { prefix } of announcements) {
        const found = carriers.get(prefix);
        if (found === undefined) carriers.set(prefix, [peer]);
        else found.push(peer);
      }
    for (const { prefix, origins } of [...networks4, ...networks6])
      for (const { kind, namespace, name } of origins) {
        if (kind !== "Service") continue;
        const key = `${namespace}/${name}`;
        const found = peers.get(key) ?? new Set();
        peers.set(key, found);
        for (const peer of carriers.get(prefix) ?? []) found.add(peer);
      }
  }
  return snapshot.services
    .flatMap((service): AnnouncedService[] => {
      const key = keyOf(service);
      const where = peers.get(key);
      const assigned = announcedIps(service);
      if (where === undefined || where.size === 0 || "reason" in assigned) return [];
      return [{ key, protocol: "bgp", ips: assigned.ips, where: [...where].sort() }];
    })
    .sort(compareKeys);
}

export const announcedByL2 = (decisions: ReadonlyMap<ServiceKey, L2Decision>): AnnouncedService[] =>
  [...decisions]
    .filter(([, { announce }]) => announce)
    .map(([key, { addresses, interfaces }]): AnnouncedService => {
      const ips = addresses.filter((a) => a.announce).map((a) => a.ip);
      return { key, protocol: "layer2", ips, where: interfaces === "*" ? [] : interfaces };
    })
    .sort(compareKeys);

/** The other nodes by address, to tell a member's MAC from a stranger's. */
export const nodeAddresses = (
  snapshot: Pick<Snapshot, "nodes">,
): readonly { readonly node: string; readonly addresses: readonly Ip[] }[] =>
  snapshot.nodes.map(({ metadata, status }) => ({
    node: metadata.name,
    addresses: (status?.addresses ?? []).flatMap(({ address }) => tryParseIp(address) ?? []),
  }));
