/** What one node does for the Services of a snapshot, per protocol. Pure. */
import { settleServices } from "../allocator/settle.ts";
import type { ObjectRef, Service, ServiceKey } from "../api/objects.ts";
import { announcedIps, serviceKey } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Announcement, NodeBgp } from "../bgp/model.ts";
import type { Parsed } from "../config/parse.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Ip } from "../net/ip.ts";
import { tryParseIp } from "../net/ip.ts";
import { lastFor, onceFor, onceForList, sameItems } from "../runtime/steady.ts";

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

/** One Service's part, the same object again as long as it says the same. */
const shown = new WeakMap<Service, AnnouncedService>();

function shownBy(service: Service, where: readonly string[]): AnnouncedService | null {
  const assigned = announcedIps(service);
  if ("reason" in assigned) return null;
  const known = shown.get(service);
  if (known !== undefined && sameItems(known.where, where)) return known;
  const { ips } = assigned;
  const fresh: AnnouncedService = { key: serviceKey(service), protocol: "bgp", ips, where };
  shown.set(service, fresh);
  return fresh;
}

const originKey = onceFor(({ namespace, name }: ObjectRef): ServiceKey => `${namespace}/${name}`);

/** The two lists together, sorted. */
const united = onceForList(([a, b]: readonly (readonly string[])[]): readonly string[] =>
  [...new Set([...(a ?? []), ...(b ?? [])])].sort(),
);

/** By what it is made of, for peers by prefix or by Service: most have the same, so most share one list. */
function add<K>(to: Map<K, readonly string[]>, key: K, peers: readonly string[]): void {
  const before = to.get(key);
  if (before === undefined) to.set(key, peers);
  else if (before !== peers) to.set(key, united([before, peers]));
}

function peersByService(node: NodeBgp): ReadonlyMap<ServiceKey, readonly string[]> {
  const peers = new Map<ServiceKey, readonly string[]>();
  for (const { networks4, networks6, neighbors } of node.instances) {
    // Peers that are treated alike have one list of announcements.
    const alike = new Map<readonly Announcement[], string[]>();
    for (const { peer, announcements } of neighbors) {
      const found = alike.get(announcements);
      if (found === undefined) alike.set(announcements, [peer]);
      else found.push(peer);
    }
    const carriers = new Map<string, readonly string[]>();
    for (const [announcements, names] of alike) {
      names.sort();
      for (const { prefix } of announcements) add(carriers, prefix, names);
    }
    for (const networks of [networks4, networks6])
      for (const { prefix, origins } of networks) {
        const names = carriers.get(prefix);
        if (names === undefined) continue;
        for (const origin of origins)
          if (origin.kind === "Service") add(peers, originKey(origin), names);
      }
  }
  return peers;
}

interface Shown {
  readonly services: readonly Service[];
  readonly list: readonly AnnouncedService[];
}
const lists = new WeakMap<NodeBgp, Shown>();

/** By the prefixes that the peers of this node carry; a Service may be in an aggregate with others. */
export function announcedByBgp(
  node: NodeBgp,
  { services }: Pick<Snapshot, "services">,
): readonly AnnouncedService[] {
  const known = lists.get(node);
  if (known?.services === services) return known.list;
  const peers = peersByService(node);
  const list: AnnouncedService[] = [];
  for (const service of services) {
    const where = peers.get(serviceKey(service));
    const one = where === undefined ? null : shownBy(service, where);
    if (one !== null) list.push(one);
  }
  list.sort(compareKeys);
  lists.set(node, { services, list });
  return list;
}

/** The same list for the same decisions. */
export const announcedByL2 = onceFor(
  (decisions: ReadonlyMap<ServiceKey, L2Decision>): readonly AnnouncedService[] => {
    const list: AnnouncedService[] = [];
    for (const [key, decision] of decisions)
      if (decision.announce) list.push(shownByL2(decision, key));
    return list.sort(compareKeys);
  },
);

const shownByL2 = lastFor(
  ({ addresses, interfaces }: L2Decision, key: ServiceKey): AnnouncedService => ({
    key,
    protocol: "layer2",
    ips: addresses.filter((a) => a.announce).map((a) => a.ip),
    where: interfaces === "*" ? [] : interfaces,
  }),
);

/** The other nodes by address, to tell a member's MAC from a stranger's. */
export const nodeAddresses = (
  snapshot: Pick<Snapshot, "nodes">,
): readonly { readonly node: string; readonly addresses: readonly Ip[] }[] =>
  snapshot.nodes.map(({ metadata, status }) => ({
    node: metadata.name,
    addresses: (status?.addresses ?? []).flatMap(({ address }) => tryParseIp(address) ?? []),
  }));
