/**
 * Which addresses a node announces at L2, and for each Service why or why not: behaviour reference 2.2,
 * 2.4, 3.1, 3.2. Every speaker computes this alone, from the same inputs to the same result.
 */
import type { EndpointSlice, Node, Service, ServiceKey } from "../api/objects.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import {
  announcedIps,
  endpointsByService,
  isOurs,
  serviceKey,
  servicesInOrder,
} from "../api/service-view.ts";
import type { EndpointView, NotServed } from "../api/service-view.ts";
import type { Config, Pool } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import type { Ip } from "../net/ip.ts";
import { lastFor, onceFor, sameItems } from "../runtime/steady.ts";
import { electPerAddress, electPerService } from "./address-elections.ts";
import type { Announceable, Election, Elections } from "./address-elections.ts";
import { advertisementsFor, clusterOf, fitnessOf, interfacesOn } from "./candidates.ts";
import type { Cluster, Fitness, Unfit } from "./candidates.ts";
import type { Interfaces } from "./interfaces.ts";

/** MetalLB's words. */
export type L2Reason = NotServed | "ipNotAllowed" | "noMatchingAdvertisement" | "notOwner";

/** What is behind `notOwner`, for people. */
export type L2Cause =
  | L2Reason
  | Unfit
  /** No endpoint anywhere can serve. */
  | "noEndpoints"
  /** Other nodes are no candidates either. */
  | "noCandidates"
  /** Each Service that shares the address has candidates, but no node is one for all of them. */
  | "noNodeFitsAllSharers";

export interface AddressDecision {
  readonly ip: Ip;
  readonly announce: boolean;
  /** Where this node answers; empty when it does not. */
  readonly interfaces: Interfaces;
  /** Null when it announces. */
  readonly reason: L2Reason | null;
  readonly cause: L2Cause | null;
  readonly winner: string | null;
  /** Where the winner answers. */
  readonly winnerInterfaces: Interfaces;
  /** Live nodes that fit all sharers, the best one first. */
  readonly candidates: readonly string[];
  /** The address by which the election is held. */
  readonly electionKey: Ip;
  /** Services that hold the address, this one included, sorted. */
  readonly sharers: readonly ServiceKey[];
}

export interface L2Decision {
  /** Any of its addresses is announced here. */
  readonly announce: boolean;
  /** Of the first address announced here; empty when none is. */
  readonly interfaces: Interfaces;
  /** Of the first address that is not announced here; null when all are. */
  readonly reason: L2Reason | null;
  readonly cause: L2Cause | null;
  /** In status order; empty when the Service cannot be announced anywhere. */
  readonly addresses: readonly AddressDecision[];
  /** Nodes that advertisements list, but that are no candidates. */
  readonly unfit: ReadonlyMap<string, Unfit>;
}

export interface L2Options {
  /** `--lb-class`; "" handles Services without a class. */
  readonly lbClass?: string;
  readonly excludePolicy?: ExcludePolicy;
  /** A member that is not FerroLB is alive: elect exactly as MetalLB does. */
  readonly mixed?: boolean;
  /** Interfaces that can answer now, by node, as the nodes tell each other; unknown nodes are left out. */
  readonly interfacesByNode?: ReadonlyMap<string, readonly string[]>;
}

const refused = (reason: L2Reason, cause: L2Cause = reason): L2Decision => ({
  announce: false,
  interfaces: [],
  reason,
  cause,
  addresses: [],
  unfit: new Map(),
});

/** The same map again as long as nothing in it changes. */
export function l2Decisions(
  config: Config,
  snapshot: {
    readonly services: readonly Service[];
    readonly endpointSlices: readonly EndpointSlice[];
    readonly nodes: readonly Node[];
  },
  node: string,
  alive: ReadonlySet<string> | null,
  options: L2Options = {},
): ReadonlyMap<ServiceKey, L2Decision> {
  const { lbClass = "", excludePolicy = "honour", mixed = false } = options;
  const interfacesByNode = mixed ? null : (options.interfacesByNode ?? null);
  const cluster = clusterOf(snapshot.nodes, alive, excludePolicy, interfacesByNode);
  const endpointsOf = endpointsByService(snapshot.endpointSlices);
  const found = new Map<ServiceKey, L2Decision | Announceable>();
  for (const service of servicesInOrder(snapshot.services))
    if (isOurs(service, lbClass)) {
      const key = serviceKey(service);
      found.set(key, considered(service, endpointsOf(key), config.pools, cluster));
    }
  const elections = mixed
    ? electPerService
    : electPerAddress([...found.values()].filter((d) => "fitness" in d));
  const decisions: L2Decision[] = [];
  for (const one of found.values())
    decisions.push("fitness" in one ? decide(one, elections, node) : one);
  const keys = [...found.keys()];
  if (sameItems(last.keys, keys) && sameItems(last.decisions, decisions)) return last.all;
  const all = new Map<ServiceKey, L2Decision>();
  for (const [i, decision] of decisions.entries()) all.set(keys[i] ?? "", decision);
  last = { keys, decisions, all };
  return all;
}

interface Result {
  readonly keys: readonly ServiceKey[];
  readonly decisions: readonly L2Decision[];
  readonly all: ReadonlyMap<ServiceKey, L2Decision>;
}
let last: Result = { keys: [], decisions: [], all: new Map() };

/** What was made of a Service last. */
const considered = lastFor(consider);

function consider(
  service: Service,
  endpoints: EndpointView,
  pools: readonly Pool[],
  cluster: Cluster,
): L2Decision | Announceable {
  const assigned = announcedIps(service);
  if ("reason" in assigned) return refused(assigned.reason);
  const pool = poolFor(pools, assigned.ips);
  if (pool === null) return refused("ipNotAllowed");
  const advertisements = advertisementsFor(pool, service);
  return {
    ...{ key: serviceKey(service), ips: assigned.ips, advertisements },
    fitness: fitnessOf(service, endpoints, advertisements, cluster),
    hasEndpoints: endpoints.anywhere,
  };
}

interface Decided {
  readonly elections: readonly Election[];
  readonly node: string;
  readonly decision: L2Decision;
}
const decided = new WeakMap<Announceable, Decided>();

function decide(service: Announceable, electionOf: Elections, node: string): L2Decision {
  const { ips, fitness, hasEndpoints } = service;
  if (!hasEndpoints) return withoutEndpoints(fitness);
  const elections = ips.map((ip) => electionOf(service, ip));
  const known = decided.get(service);
  if (known?.node === node && sameItems(known.elections, elections)) return known.decision;
  const decision = decisionFrom(service, elections, node);
  decided.set(service, { elections, node, decision });
  return decision;
}

const withoutEndpoints = onceFor(({ unfit }: Fitness): L2Decision => ({
  ...refused("notOwner", "noEndpoints"),
  unfit,
}));

function decisionFrom(
  service: Announceable,
  elections: readonly Election[],
  node: string,
): L2Decision {
  const { ips, advertisements, fitness } = service;
  const addresses = elections.map((election, i): AddressDecision => {
    const { electionKey, candidates, winner, sharers } = election;
    const ip = ips[i] ?? electionKey;
    const interfaces = winner === null ? [] : interfacesOn(advertisements, winner);
    const common = { ip, electionKey, candidates, winner, winnerInterfaces: interfaces, sharers };
    if (winner === node)
      return { ...common, announce: true, interfaces, reason: null, cause: null };
    const isListed = fitness.listed.includes(node);
    const reason = isListed ? "notOwner" : "noMatchingAdvertisement";
    const cause = isListed ? causeOf(service, election, node) : reason;
    return { ...common, announce: false, interfaces: [], reason, cause };
  });
  const here = addresses.find((a) => a.announce);
  const notHere = addresses.find((a) => !a.announce);
  return {
    announce: here !== undefined,
    interfaces: here?.interfaces ?? [],
    reason: notHere?.reason ?? null,
    cause: notHere?.cause ?? null,
    addresses,
    unfit: fitness.unfit,
  };
}

function causeOf({ fitness }: Announceable, election: Election, node: string): L2Cause {
  const own = fitness.unfit.get(node);
  if (own !== undefined) return own;
  if (election.winner !== null) return "notOwner";
  return election.disagreed ? "noNodeFitsAllSharers" : "noCandidates";
}

/** What the announcer of this node is to do: sharers of an address add up their interfaces. */
export const announcementsOf = onceFor(addUp);

function addUp(decisions: ReadonlyMap<ServiceKey, L2Decision>): ReadonlyMap<Ip, Interfaces> {
  const result = new Map<Ip, Interfaces>();
  for (const { addresses } of decisions.values())
    for (const { ip, announce, interfaces } of addresses) {
      if (!announce) continue;
      const before = result.get(ip) ?? [];
      const all = before === "*" || interfaces === "*";
      result.set(ip, all ? "*" : [...new Set([...before, ...interfaces])].sort());
    }
  return result;
}

/** What the announcer should know beside: addresses that may move between nodes, and how they are elected. */
export const electionFactsOf = onceFor(factsOf);

function factsOf(decisions: ReadonlyMap<ServiceKey, L2Decision>): {
  readonly watched: readonly Ip[];
  readonly electionKeys: ReadonlyMap<Ip, Ip>;
} {
  const keys = new Map<Ip, Ip>();
  for (const { addresses, unfit } of decisions.values())
    for (const { ip, electionKey, winner } of addresses) {
      // One that no advertisement lists a node for is never answered: nobody has to listen for it.
      const isElected = winner !== null || unfit.size > 0;
      if (isElected && !keys.has(ip)) keys.set(ip, electionKey);
    }
  return { watched: [...keys.keys()], electionKeys: keys };
}
