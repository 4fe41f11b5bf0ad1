/** Which nodes could announce a Service at L2, and what keeps the others from it: behaviour reference 2.4, 3.1. */
import { labelCounts } from "../api/exclude-policy.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { Node, Service } from "../api/objects.ts";
import { EXCLUDE_LABEL } from "../api/resources.ts";
import { anySelectorMatches } from "../api/selector.ts";
import type { EndpointView } from "../api/service-view.ts";
import { sameItems } from "../runtime/steady.ts";
import type { L2Advertisement, Pool } from "../config/config.ts";
import type { Interfaces } from "./interfaces.ts";

/** Why a node that an advertisement lists is no candidate. */
export type Unfit =
  | "nodeNetworkUnavailable"
  | "nodeLabeledExcludeBalancers"
  | "noLocalEndpoints"
  /** None of the interfaces that the advertisements ask for is up there. */
  | "noInterface"
  /** No live member of the membership. */
  | "notAlive";

/** The nodes of the cluster at one moment. */
export interface Cluster {
  readonly nodes: ReadonlyMap<string, Node>;
  /** Null: membership is switched off, every node counts. */
  readonly alive: ReadonlySet<string> | null;
  readonly excludePolicy: ExcludePolicy;
  /** Interfaces that can answer, by node; a node that is not in it may have any. Null: not asked. */
  readonly interfacesByNode: ReadonlyMap<string, readonly string[]> | null;
}

let last: { readonly nodes: readonly Node[]; readonly cluster: Cluster } | null = null;

/** The same object again as long as it says the same: decisions are remembered by it. */
export function clusterOf(
  nodes: readonly Node[],
  alive: Cluster["alive"],
  excludePolicy: ExcludePolicy,
  interfacesByNode: Cluster["interfacesByNode"],
): Cluster {
  const known = last?.cluster;
  if (
    last?.nodes === nodes &&
    known?.excludePolicy === excludePolicy &&
    sameSet(known.alive, alive) &&
    sameInterfaces(known.interfacesByNode, interfacesByNode)
  )
    return known;
  const byName = new Map(nodes.map((n) => [n.metadata.name, n]));
  const cluster: Cluster = {
    ...{ nodes: byName, excludePolicy },
    // Copies: who handed them in may go on writing to them.
    alive: alive === null ? null : new Set(alive),
    interfacesByNode: interfacesByNode === null ? null : new Map(interfacesByNode),
  };
  last = { nodes, cluster };
  return cluster;
}

function sameSet(a: Cluster["alive"], b: Cluster["alive"]): boolean {
  if (a === null || b === null) return a === b;
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}

function sameInterfaces(a: Cluster["interfacesByNode"], b: Cluster["interfacesByNode"]): boolean {
  if (a === null || b === null) return a === b;
  if (a.size !== b.size) return false;
  for (const [name, up] of a) {
    const other = b.get(name);
    if (other === undefined || !sameItems(up, other)) return false;
  }
  return true;
}

/** The pool's advertisements that match the Service's labels. */
export function advertisementsFor(pool: Pool, service: Service): readonly L2Advertisement[] {
  const all = pool.l2Advertisements;
  const found = all.filter((a) => anySelectorMatches(a.serviceSelectors, service.metadata.labels));
  return found.length === all.length ? all : found; // one list for most Services
}

/** The interfaces that a node uses: all, or the union of the lists of those that list the node. */
export function interfacesOn(advertisements: readonly L2Advertisement[], node: string): Interfaces {
  const here = advertisements.filter((a) => a.nodes.includes(node));
  if (here.some((a) => a.allInterfaces)) return "*";
  return [...new Set(here.flatMap((a) => a.interfaces))].sort();
}

export interface Fitness {
  /** Every node that an advertisement lists, sorted. */
  readonly listed: readonly string[];
  readonly unfit: ReadonlyMap<string, Unfit>;
  /** Candidates, sorted. */
  readonly fit: readonly string[];
}

/** Of one cluster, the same for all Services that the same advertisements select, wherever their endpoints are. */
const shared = new WeakMap<Cluster, WeakMap<readonly L2Advertisement[], Fitness>>();

/** Answers from before are good for a `cluster` that is the same object. */
export function fitnessOf(
  service: Service,
  endpoints: EndpointView,
  advertisements: readonly L2Advertisement[],
  cluster: Cluster,
): Fitness {
  if (service.spec?.externalTrafficPolicy === "Local")
    return fitnessAmong(advertisements, cluster, endpoints);
  let known = shared.get(cluster);
  if (known === undefined) shared.set(cluster, (known = new WeakMap()));
  let fitness = known.get(advertisements);
  if (fitness === undefined)
    known.set(advertisements, (fitness = fitnessAmong(advertisements, cluster, null)));
  return fitness;
}

/** `endpoints`: where they have to be; null for anywhere. */
function fitnessAmong(
  advertisements: readonly L2Advertisement[],
  cluster: Cluster,
  endpoints: EndpointView | null,
): Fitness {
  const { nodes, alive, excludePolicy, interfacesByNode } = cluster;
  const listed = [...new Set(advertisements.flatMap((a) => a.nodes))].sort();
  const labelled = (name: string): boolean =>
    nodes.get(name)?.metadata.labels?.[EXCLUDE_LABEL] !== undefined;
  const isExcluding = labelCounts(excludePolicy, listed, labelled);
  const unfitness = (name: string): Unfit | null => {
    if (isNetworkUnavailable(nodes.get(name))) return "nodeNetworkUnavailable";
    if (isExcluding && labelled(name)) return "nodeLabeledExcludeBalancers";
    if (endpoints?.nodes.has(name) === false) return "noLocalEndpoints";
    const up = interfacesByNode?.get(name);
    if (up !== undefined && !canUse(interfacesOn(advertisements, name), up)) return "noInterface";
    return alive === null || alive.has(name) ? null : "notAlive";
  };
  const unfit = new Map<string, Unfit>();
  for (const name of listed) {
    const why = unfitness(name);
    if (why !== null) unfit.set(name, why);
  }
  return { listed, unfit, fit: sameAgain(listed.filter((name) => !unfit.has(name))) };
}

/** Lists of nodes by content: elections are remembered by the list, from pass to pass. */
const lists = new Map<string, readonly string[]>();
const LISTS_AT_MOST = 1000;

function sameAgain(list: readonly string[]): readonly string[] {
  const text = list.join(" ");
  const known = lists.get(text);
  if (known !== undefined) return known;
  if (lists.size >= LISTS_AT_MOST) lists.clear();
  lists.set(text, list);
  return list;
}

const canUse = (wanted: Interfaces, up: readonly string[]): boolean =>
  wanted === "*" ? up.length > 0 : wanted.some((name) => up.includes(name));

/** A Node that was not seen yet counts as available. */
const isNetworkUnavailable = (node: Node | undefined): boolean =>
  (node?.status?.conditions ?? []).some(
    (c) => c.type === "NetworkUnavailable" && c.status === "True",
  );
