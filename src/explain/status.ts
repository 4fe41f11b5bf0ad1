/** One screen of everything: pools and their use, sessions, Services with who announces them, members. Pure. */
import { isLoadBalancer, isOurs } from "../api/service-view.ts";
import { keyOf } from "../api/objects.ts";
import type { PoolCounters } from "../api/store.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { fieldsOf, listAt } from "../config/read.ts";
import { conflictsOf } from "./conflicts.ts";
import type { Conflict } from "./conflicts.ts";
import type { Explanation } from "./explanation.ts";
import { explainIn } from "./service.ts";
import { isMissed, speakerPods } from "./speakers.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions, World } from "./world.ts";

export interface PoolStatus extends PoolCounters {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Of the family that is fuller, 0 to 100; null for a pool without addresses. */
  readonly usedPercent: number | null;
  /** Why the pool gives nothing; null when it is fine. */
  readonly problem: string | null;
}

export interface SessionStatus {
  readonly peer: string;
  readonly node: string;
  /** Address or interface. */
  readonly neighbor: string;
  readonly remoteAS: string;
  /** As FRR says it; null where no speaker told. */
  readonly state: string | null;
  /** RFC 3339; null unless Established. */
  readonly since: string | null;
  readonly prefixesSent: number | null;
  readonly reason: string;
  readonly message: string;
}

export interface ServiceStatus {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly pool: string | null;
  readonly served: boolean;
  /** The reason of the first line of `explain`. */
  readonly reason: string;
  readonly message: string;
  /** Node that answers at L2. */
  readonly owner: string | null;
  /** Nodes that routers send traffic to, by BGP. */
  readonly nextHops: readonly string[];
  /** Names of BGPPeers that are sent it. */
  readonly peers: readonly string[];
  readonly createdAt: string | null;
}

export interface MemberStatus {
  readonly node: string;
  readonly alive: boolean;
  /** Empty for one that lives. */
  readonly reason: "" | "noLiveSpeaker" | "memberMissing";
}

/** Every list sorted by what names its entries. */
export interface Status {
  readonly pools: readonly PoolStatus[];
  readonly sessions: readonly SessionStatus[];
  readonly services: readonly ServiceStatus[];
  readonly members: readonly MemberStatus[];
  readonly conflicts: readonly Conflict[];
}

export function statusOf(snapshot: Snapshot, options: ExplainOptions = {}): Status {
  const world = worldFor(snapshot, options);
  return {
    pools: poolsOf(world),
    sessions: sessionsOf(world),
    services: servicesOf(world),
    members: membersOf(world),
    conflicts: conflictsOf(world),
  };
}

const NONE: PoolCounters = {
  assignedIPv4: 0n,
  assignedIPv6: 0n,
  availableIPv4: 0n,
  availableIPv6: 0n,
};

const poolsOf = ({ snapshot, parsed, outcome }: World): readonly PoolStatus[] =>
  snapshot.pools
    .filter((p) => (p.metadata.namespace ?? snapshot.namespace) === snapshot.namespace)
    .map(({ metadata: { name }, spec }) => {
      const counters = outcome.counters.get(name) ?? NONE;
      const broken = parsed.problems.find(
        (p) =>
          p.severity === "error" && p.object.kind === "IPAddressPool" && p.object.name === name,
      );
      const addresses = listAt(fieldsOf(spec), "addresses").filter((a) => typeof a === "string");
      const usedPercent = usedOf(counters);
      return { name, addresses, ...counters, usedPercent, problem: broken?.message ?? null };
    })
    .sort(byName);

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

function usedOf({ assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 }: PoolCounters) {
  const shares = [
    [assignedIPv4, assignedIPv4 + availableIPv4] as const,
    [assignedIPv6, assignedIPv6 + availableIPv6] as const,
  ].flatMap(([used, all]) => (all === 0n ? [] : [Number((used * 1000n) / all) / 10]));
  return shares.length === 0 ? null : Math.max(...shares);
}

/** What the configuration asks for, with what the speakers say of it. */
const sessionsOf = (world: World): readonly SessionStatus[] =>
  world.snapshot.nodes
    .map((n) => n.metadata.name)
    .flatMap((node) =>
      world.bgpOn(node).instances.flatMap(({ neighbors }) =>
        neighbors.map(({ peer, key, remoteAs }): SessionStatus => {
          const report = world.observed.speakerReports.find((r) => r.status?.node === node);
          const seen = world.alive.has(node)
            ? report?.status?.sessions?.find((s) => s.peer === peer)
            : undefined;
          return {
            peer,
            node,
            neighbor: key,
            remoteAS: seen?.remoteAS === undefined ? remoteAs : String(seen.remoteAS),
            state: seen?.state ?? null,
            since: seen?.since ?? null,
            prefixesSent: seen?.prefixesSent ?? null,
            reason: seen?.reason ?? (world.alive.has(node) ? "" : "noLiveSpeaker"),
            message: seen?.message ?? "",
          };
        }),
      ),
    )
    .sort((a, b) => (`${a.peer} ${a.node}` < `${b.peer} ${b.node}` ? -1 : 1));

const servicesOf = (world: World): readonly ServiceStatus[] =>
  world.snapshot.services
    .filter((service) => isLoadBalancer(service) && isOurs(service, world.lbClass))
    .map((service) => ({
      createdAt: service.metadata.creationTimestamp ?? null,
      ...serviceStatus(explainIn(world, keyOf(service))),
    }))
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));

function serviceStatus(e: Explanation): Omit<ServiceStatus, "createdAt"> {
  const senders = e.nodes.filter((n) => n.bgp.announces);
  return {
    ...e.service,
    addresses: e.addresses,
    pool: e.pool,
    served: e.served,
    reason: e.because.reason,
    message: e.because.message,
    owner: e.nodes.find((n) => n.l2.announces)?.node ?? null,
    nextHops: senders.map((n) => n.node),
    peers: [...new Set(senders.flatMap((n) => n.bgp.peers))].sort(),
  };
}

const membersOf = ({ snapshot, alive, observed }: World): readonly MemberStatus[] => {
  const pods = speakerPods(snapshot);
  return snapshot.nodes
    .map(({ metadata: { name } }): MemberStatus => {
      if (alive.has(name)) return { node: name, alive: true, reason: "" };
      const runs = pods.length === 0 || pods.some((pod) => pod.spec?.nodeName === name);
      const missed = runs && isMissed(name, observed.speakerReports);
      return { node: name, alive: false, reason: missed ? "memberMissing" : "noLiveSpeaker" };
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
};
