/**
 * Which addresses a node announces at L2, and for each Service why or why not: behaviour reference 2.2,
 * 2.4, 3.1, 3.2. Every speaker computes this alone, from the same inputs to the same result.
 */
import type { EndpointSlice, Node, Service, ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import { announcedIps, endpointsByService, isOurs } from "../api/service-view.ts";
import type { NotServed } from "../api/service-view.ts";
import type { Config, L2Advertisement } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import { compareIps } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { Interfaces } from "./interfaces.ts";
import { advertisementsFor, fitnessOf, interfacesOn } from "./candidates.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { Cluster, Fitness, Unfit } from "./candidates.ts";
import { electionOrder } from "./election.ts";
import { boundedSpread } from "./spread.ts";

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

/** A Service that can be announced somewhere. */
interface Announceable {
  readonly key: ServiceKey;
  readonly ips: readonly Ip[];
  readonly advertisements: readonly L2Advertisement[];
  readonly fitness: Fitness;
  readonly hasEndpoints: boolean;
}

interface Election {
  readonly electionKey: Ip;
  readonly candidates: readonly string[];
  readonly winner: string | null;
  readonly sharers: readonly ServiceKey[];
  /** More than one candidate set went into it, each with nodes. */
  readonly disagreed: boolean;
}

const refused = (reason: L2Reason, cause: L2Cause = reason): L2Decision => ({
  announce: false,
  interfaces: [],
  reason,
  cause,
  addresses: [],
  unfit: new Map(),
});

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
  const cluster: Cluster = {
    nodes: new Map(snapshot.nodes.map((n) => [n.metadata.name, n])),
    alive,
    excludePolicy,
    interfacesByNode: mixed ? null : (options.interfacesByNode ?? null),
  };
  const endpointsOf = endpointsByService(snapshot.endpointSlices);
  const decisions = new Map<ServiceKey, L2Decision | Announceable>();
  const services = snapshot.services
    .filter((service) => isOurs(service, lbClass))
    .map((service) => ({ service, key: keyOf(service) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { service, key } of services) {
    const assigned = announcedIps(service);
    const pool = "reason" in assigned ? null : poolFor(config.pools, assigned.ips);
    if ("reason" in assigned) decisions.set(key, refused(assigned.reason));
    else if (pool === null) decisions.set(key, refused("ipNotAllowed"));
    else {
      const endpoints = endpointsOf(key);
      const advertisements = advertisementsFor(pool, service);
      const fitness = fitnessOf(service, endpoints, advertisements, cluster);
      const hasEndpoints = endpoints.anywhere;
      decisions.set(key, { key, ips: assigned.ips, advertisements, fitness, hasEndpoints });
    }
  }
  const announceable = [...decisions.values()].filter((d) => "fitness" in d);
  const elections = mixed ? null : electPerAddress(announceable);
  return new Map(
    [...decisions].map(([key, decision]) => [
      key,
      "fitness" in decision ? decide(decision, elections, node) : decision,
    ]),
  );
}

const holdsElection = (s: Announceable): boolean => s.hasEndpoints && s.fitness.listed.length > 0;

/** One election per address, over the nodes that fit all Services that hold it. */
function electPerAddress(services: readonly Announceable[]): ReadonlyMap<Ip, Election> {
  const holders = new Map<Ip, Announceable[]>();
  for (const service of services)
    for (const ip of new Set(service.ips)) holders.set(ip, [...(holders.get(ip) ?? []), service]);
  const elections = new Map<Ip, Election>();
  const spreads = new Map<
    string,
    { ips: Ip[]; known: readonly string[]; alive: readonly string[] }
  >();
  for (const [ip, all] of [...holders].sort(([a], [b]) => compareIps(a, b))) {
    const electing = all.filter(holdsElection);
    const alive = common(electing.map((s) => s.fitness.fit));
    // A Service that shares with nobody has one owner for all its addresses, as in MetalLB.
    const electionKey = all.length === 1 ? (all[0]?.ips[0] ?? ip) : ip;
    const candidates = electionOrder(alive, electionKey);
    const sharers = all.map((s) => s.key);
    const disagreed = electing.length > 1 && electing.every((s) => s.fitness.fit.length > 0);
    const winner = candidates[0] ?? null;
    elections.set(ip, { electionKey, candidates, winner, sharers, disagreed });
    if (!electing.some((s) => s.advertisements.some((a) => a.spread === "bounded"))) continue;
    const known = common(electing.map((s) => s.fitness.listed));
    const group = JSON.stringify([known, alive]);
    const spread = spreads.get(group) ?? { ips: [], known, alive };
    spread.ips.push(ip);
    spreads.set(group, spread);
  }
  for (const { ips, known, alive } of spreads.values())
    for (const [ip, winner] of boundedSpread(ips, known, new Set(alive))) {
      const election = elections.get(ip);
      if (election === undefined) continue;
      const others = election.candidates.filter((n) => n !== winner);
      elections.set(ip, { ...election, winner, candidates: [winner, ...others] });
    }
  return elections;
}

const common = ([first = [], ...rest]: readonly (readonly string[])[]): readonly string[] =>
  rest.every((list) => list === first)
    ? first
    : first.filter((node) => rest.every((list) => list.includes(node)));

/** MetalLB's rule: one owner per Service, by its first address, whoever shares it. */
function electPerService({ key, ips, fitness }: Announceable, ip: Ip): Election {
  const electionKey = ips[0] ?? ip;
  const candidates = electionOrder(fitness.fit, electionKey);
  const winner = candidates[0] ?? null;
  return { electionKey, candidates, winner, sharers: [key], disagreed: false };
}

function decide(
  service: Announceable,
  elections: ReadonlyMap<Ip, Election> | null,
  node: string,
): L2Decision {
  const { ips, advertisements, fitness, hasEndpoints } = service;
  const { unfit } = fitness;
  if (!hasEndpoints) return { ...refused("notOwner", "noEndpoints"), unfit };
  const addresses = ips.map((ip): AddressDecision => {
    const election = elections?.get(ip) ?? electPerService(service, ip);
    const { electionKey, candidates, winner, sharers } = election;
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
    unfit,
  };
}

function causeOf({ fitness }: Announceable, election: Election, node: string): L2Cause {
  const own = fitness.unfit.get(node);
  if (own !== undefined) return own;
  if (election.winner !== null) return "notOwner";
  return election.disagreed ? "noNodeFitsAllSharers" : "noCandidates";
}

/** What the announcer of this node is to do: sharers of an address add up their interfaces. */
export function announcementsOf(
  decisions: ReadonlyMap<ServiceKey, L2Decision>,
): ReadonlyMap<Ip, Interfaces> {
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

/** What the announcer should know beside: addresses that move between nodes, and how they are elected. */
export function electionFactsOf(decisions: ReadonlyMap<ServiceKey, L2Decision>): {
  readonly watched: readonly Ip[];
  readonly electionKeys: ReadonlyMap<Ip, Ip>;
} {
  const keys = new Map<Ip, Ip>();
  for (const { addresses } of decisions.values())
    for (const { ip, electionKey } of addresses) if (!keys.has(ip)) keys.set(ip, electionKey);
  return { watched: [...keys.keys()], electionKeys: keys };
}
