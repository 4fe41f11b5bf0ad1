/**
 * Who wins each address: one election over the nodes that fit all Services that hold it. Remembered by the holders, which
 * stay the same objects while nothing about them changes.
 */
import type { ServiceKey } from "../api/objects.ts";
import type { L2Advertisement } from "../config/config.ts";
import type { Ip } from "../net/ip.ts";
import { lastFor, onceFor, sameItems } from "../runtime/steady.ts";
import type { Fitness } from "./candidates.ts";
import { electionOrder } from "./election.ts";
import { boundedSpread } from "./spread.ts";

/** A Service that can be announced somewhere. */
export interface Announceable {
  readonly key: ServiceKey;
  readonly ips: readonly Ip[];
  readonly advertisements: readonly L2Advertisement[];
  readonly fitness: Fitness;
  readonly hasEndpoints: boolean;
}

export interface Election {
  readonly electionKey: Ip;
  readonly candidates: readonly string[];
  readonly winner: string | null;
  readonly sharers: readonly ServiceKey[];
  /** More than one candidate set went into it, each with nodes. */
  readonly disagreed: boolean;
}

const holdsElection = (s: Announceable): boolean => s.hasEndpoints && s.fitness.listed.length > 0;

export type Elections = (service: Announceable, ip: Ip) => Election;

/** One election per address, over the nodes that fit all Services that hold it. */
export function electPerAddress(services: Iterable<Announceable>): Elections {
  const holders = new Map<Ip, Announceable | Announceable[]>();
  for (const service of services)
    for (const ip of service.ips) {
      const others = holders.get(ip);
      if (others === undefined) holders.set(ip, service);
      else if (Array.isArray(others)) {
        if (!others.includes(service)) others.push(service);
      } else if (others !== service) holders.set(ip, [others, service]);
    }
  const spread = new Map<Ip, Election>();
  const groups = new Map<
    string,
    { ips: Ip[]; known: readonly string[]; alive: readonly string[] }
  >();
  const electionOn = (ip: Ip): Election | null => {
    const all = holders.get(ip);
    if (all === undefined) return null;
    return Array.isArray(all) ? electTogether(all, ip) : (electAlone(all)[0] ?? null);
  };
  for (const [ip, holder] of holders) {
    const all = Array.isArray(holder) ? holder : [holder];
    if (!all.some(wantsSpread)) continue;
    const electing = all.filter(holdsElection);
    const alive = common(electing.map((s) => s.fitness.fit));
    const known = common(electing.map((s) => s.fitness.listed));
    const group = JSON.stringify([known, alive]);
    const found = groups.get(group) ?? { ips: [], known, alive };
    found.ips.push(ip);
    groups.set(group, found);
  }
  for (const { ips, known, alive } of groups.values())
    for (const [ip, winner] of boundedSpread(ips, known, new Set(alive))) {
      const election = electionOn(ip);
      if (election !== null) spread.set(ip, wonBy(election, winner));
    }
  return (service, ip) => spread.get(ip) ?? electionOn(ip) ?? electPerService(service, ip);
}

const wantsSpread = (s: Announceable): boolean =>
  holdsElection(s) && s.advertisements.some((a) => a.spread === "bounded");

/** A Service that shares with nobody has one owner for all its addresses, as in MetalLB. */
const electAlone = onceFor((service: Announceable): readonly Election[] =>
  service.ips.slice(0, 1).map((ip) => electAmong([service], ip)),
);

const together = new WeakMap<
  Announceable,
  Map<Ip, { readonly all: readonly Announceable[]; readonly election: Election }>
>();

function electTogether(all: readonly Announceable[], ip: Ip): Election {
  const [first] = all;
  const byIp = (first === undefined ? undefined : together.get(first)) ?? new Map<never, never>();
  const known = byIp.get(ip);
  if (known !== undefined && sameItems(known.all, all)) return known.election;
  const election = electAmong(all, ip);
  byIp.set(ip, { all: [...all], election });
  if (first !== undefined) together.set(first, byIp);
  return election;
}

function electAmong(all: readonly Announceable[], electionKey: Ip): Election {
  const electing = all.filter(holdsElection);
  const alive = common(electing.map((s) => s.fitness.fit));
  const candidates = electionOrder(alive, electionKey);
  return {
    ...{ electionKey, candidates, winner: candidates[0] ?? null },
    sharers: all.map((s) => s.key),
    disagreed: electing.length > 1 && electing.every((s) => s.fitness.fit.length > 0),
  };
}

/** The election with the winner that the spread gives it. */
const wonBy = lastFor((election: Election, winner: string): Election => {
  const others = election.candidates.filter((n) => n !== winner);
  return { ...election, winner, candidates: [winner, ...others] };
});

const common = ([first = [], ...rest]: readonly (readonly string[])[]): readonly string[] =>
  rest.every((list) => list === first)
    ? first
    : first.filter((node) => rest.every((list) => list.includes(node)));

/** MetalLB's rule: one owner per Service, by its first address, whoever shares it. */
export function electPerService({ key, ips, fitness }: Announceable, ip: Ip): Election {
  const electionKey = ips[0] ?? ip;
  const candidates = electionOrder(fitness.fit, electionKey);
  const winner = candidates[0] ?? null;
  return { electionKey, candidates, winner, sharers: [key], disagreed: false };
}
