/** Which peers of this node should have a Service's prefixes, and which were really sent them. Pure. */
import type { ServiceKey } from "../api/objects.ts";
import { sessionKey } from "../api/sent-routes.ts";
import type { SentRoutes } from "../api/sent-routes.ts";
import type { Instance, NodeBgp, Neighbor } from "../bgp/model.ts";

export type NotSent =
  /** Nothing of the Service is meant for this peer. */
  | "noPeerForPrefix"
  | "sessionNotEstablished"
  /** The session is up and FRR does not send it: a policy that is not ours is in the way. */
  | "deniedOutbound"
  /** FRR was told a moment ago, and may just be at it. */
  | "pending"
  /** FRR was never told, or does not say what it sends. */
  | "frrUnreachable";

export interface PeerTruth {
  /** Name of the BGPPeer. */
  readonly peer: string;
  readonly intended: boolean;
  /** All that it should have, it was sent. */
  readonly sent: boolean;
  /** What it should have; where nothing is intended, the Service's prefixes. Sorted. */
  readonly prefixes: readonly string[];
  /** Of those, what it was not sent. */
  readonly missing: readonly string[];
  /** Null when sent. */
  readonly reason: NotSent | null;
}

/** What was seen of FRR. */
export interface Seen {
  /** Its answer; null: none yet, or none for some time. */
  readonly sent: SentRoutes | null;
  /** Whether it had had the time to send the prefix over the session. */
  readonly isSettled: (session: string, prefix: string) => boolean;
}

/** By Service; peers by name. A Service that no session carries is not in it. */
export function bgpTruth(node: NodeBgp, seen: Seen): ReadonlyMap<ServiceKey, readonly PeerTruth[]> {
  const found = new Map<ServiceKey, PeerTruth[]>();
  for (const instance of node.instances) {
    const prefixesOf = prefixesByService(instance);
    for (const neighbor of instance.neighbors) {
      const carries = new Set<string>(neighbor.announcements.map((a) => a.prefix));
      for (const [key, prefixes] of prefixesOf) {
        const truths = found.get(key) ?? [];
        found.set(key, truths);
        truths.push(truthOf(instance, neighbor, prefixes, carries, seen));
      }
    }
  }
  for (const truths of found.values()) truths.sort((a, b) => (a.peer < b.peer ? -1 : 1));
  return found;
}

function prefixesByService(instance: Instance): ReadonlyMap<ServiceKey, readonly string[]> {
  const found = new Map<ServiceKey, string[]>();
  for (const { prefix, origins } of [...instance.networks4, ...instance.networks6])
    for (const { kind, namespace, name } of origins) {
      if (kind !== "Service") continue;
      const key = `${namespace}/${name}`;
      const prefixes = found.get(key) ?? [];
      found.set(key, prefixes);
      prefixes.push(prefix);
    }
  for (const prefixes of found.values()) prefixes.sort();
  return found;
}

function truthOf(
  { vrf }: Instance,
  { peer, key }: Neighbor,
  all: readonly string[],
  carries: ReadonlySet<string>,
  { sent, isSettled }: Seen,
): PeerTruth {
  const wanted = all.filter((prefix) => carries.has(prefix));
  const intended = wanted.length > 0;
  const prefixes = intended ? wanted : all;
  const name = sessionKey(vrf, key);
  const session = sent?.get(name) ?? null;
  const missing = prefixes.filter((prefix) => session?.prefixes.has(prefix) !== true);
  const reason = ((): NotSent | null => {
    if (missing.length === 0) return null;
    if (!intended) return "noPeerForPrefix";
    if (session !== null && session.state !== "Established") return "sessionNotEstablished";
    if (!missing.every((prefix) => isSettled(name, prefix))) return "pending";
    if (sent === null) return "frrUnreachable";
    return session === null ? "sessionNotEstablished" : "deniedOutbound";
  })();
  return { peer, intended, sent: missing.length === 0, prefixes, missing, reason };
}
