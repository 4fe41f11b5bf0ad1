/** What reaches the wire for the first time with a pass, and why: the inputs of the meter. Pure. */
import type { ObjectRef, ServiceKey } from "../api/objects.ts";
import type { Announcement, NodeBgp } from "../bgp/model.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Ip } from "../net/ip.ts";
import { onceFor } from "../runtime/steady.ts";
import type { Due } from "./change-times.ts";
import type { AddressWait, PrefixWait, Takeover, Wanted } from "./meter.ts";

/** Who answers for each address, as this node computes it; null: nobody. */
export type Owners = ReadonlyMap<Ip, string | null>;

export const ownersOf = onceFor((decisions: ReadonlyMap<ServiceKey, L2Decision>): Owners => {
  const owners = new Map<Ip, string | null>();
  for (const { addresses } of decisions.values())
    for (const { ip, winner, announce } of addresses)
      if (announce || !owners.has(ip)) owners.set(ip, winner);
  return owners;
});

/** Addresses that this node begins to answer for. */
export function layer2Waits(
  decisions: ReadonlyMap<ServiceKey, L2Decision>,
  before: Owners,
  node: string,
  due: Due,
): readonly AddressWait[] {
  const waits = new Map<Ip, AddressWait>();
  for (const [service, sinceMs] of due) {
    const addresses = decisions.get(service)?.addresses ?? [];
    for (const { ip, announce } of addresses)
      if (announce && before.get(ip) !== node && !waits.has(ip))
        waits.set(ip, { service, ip, sinceMs });
  }
  return [...waits.values()];
}

/** Addresses whose last owner is no longer alive. `lastHeardMs`: null where nobody knows. */
export function takeoversOf(
  decisions: ReadonlyMap<ServiceKey, L2Decision>,
  before: Owners,
  node: string,
  alive: ReadonlySet<string> | null,
  lastHeardMs: (node: string) => number | null,
): readonly Takeover[] {
  const found: Takeover[] = [];
  for (const [ip, winner] of ownersOf(decisions)) {
    if (winner !== node) continue;
    const from = before.get(ip) ?? null;
    if (from === null || from === node || alive?.has(from) !== false) continue;
    const sinceMs = lastHeardMs(from);
    if (sinceMs !== null) found.push({ ip, from, sinceMs });
  }
  return found;
}

type Carrying = Pick<NodeBgp, "instances">;

const prefixesIn = onceFor(
  (announcements: readonly Announcement[]): ReadonlySet<string> =>
    new Set(announcements.map(({ prefix }) => prefix)),
);

/** Whether some neighbour of the VRF is to be sent the prefix. */
const carries = (node: Carrying, vrf: string | null, prefix: string): boolean =>
  node.instances.some(
    (i) =>
      i.vrf === vrf &&
      i.neighbors.some(({ announcements }) => prefixesIn(announcements).has(prefix)),
  );

/**
 * Prefixes that no neighbour was sent before; of several Services in one prefix, the first that changed.
 * `before`: null where nothing was carried yet.
 */
export function bgpWaits(node: Carrying, before: Carrying | null, due: Due): readonly PrefixWait[] {
  if (due.size === 0) return [];
  const found: PrefixWait[] = [];
  for (const { vrf, networks4, networks6 } of node.instances)
    for (const networks of [networks4, networks6])
      for (const { prefix, origins } of networks) {
        let first: PrefixWait | null = null;
        for (const origin of origins) {
          const service = originKey(origin);
          const sinceMs = origin.kind === "Service" ? due.get(service) : undefined;
          if (sinceMs !== undefined && sinceMs < (first?.sinceMs ?? Infinity))
            first = { service, prefix, vrf, sinceMs };
        }
        if (first === null || (before !== null && carries(before, vrf, prefix))) continue;
        if (carries(node, vrf, prefix)) found.push(first);
      }
  return found;
}
const originKey = onceFor(({ namespace, name }: ObjectRef): ServiceKey => `${namespace}/${name}`);

export const wantedOf = ({ instances }: Pick<NodeBgp, "instances">): readonly Wanted[] =>
  instances.flatMap(({ vrf, neighbors }) =>
    neighbors.map(({ key, announcements }) => ({ key, vrf, prefixes: announcements.length })),
  );
