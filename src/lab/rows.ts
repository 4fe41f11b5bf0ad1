/** The lab's table: one row per address of a Service, from what the store says and what is seen outside. */
import { keyOf } from "../api/objects.ts";
import type { Service } from "../api/objects.ts";
import { addressOf, tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { parsePrefix, prefixContains } from "../net/prefix.ts";
import type { Answer } from "./backend.ts";
import type { Routes } from "./look.ts";

/** Written with the address by the controller. */
const FROM_POOL = "metallb.io/ip-allocated-from-pool";

export interface Seen {
  /** By router. */
  readonly routes: Readonly<Record<"r1" | "r2", Routes>>;
  /** IPv4 address to the names (or MACs) that answer ARP for it. */
  readonly arp: ReadonlyMap<string, readonly string[]>;
  /** Address to what a backend said there, null for no answer; absent: not asked. */
  readonly answers: ReadonlyMap<string, Answer | null>;
}

export const HEADER = [
  "Service",
  "Address",
  "Pool",
  "Announced by",
  "Route at r1",
  "Route at r2",
  "ARP owner",
  "Reachable",
] as const;

/** Sorted by Service; a Service without an address has one row that says so. */
export function rowsFor(
  services: readonly Service[],
  seen: Seen,
  nameOf: (id: string) => string,
): readonly (readonly string[])[] {
  return services
    .filter((service) => service.spec?.type === "LoadBalancer")
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .flatMap((service) => {
      const ips = ipsOf(service);
      const pool = service.metadata.annotations?.[FROM_POOL] ?? "-";
      if (ips.length === 0) return [[keyOf(service), "pending", ...HEADER.slice(2).map(() => "-")]];
      return ips.map((ip) => [keyOf(service), ip, pool, ...cellsFor(ip, seen, nameOf)]);
    });
}

function cellsFor(ip: Ip, { routes, arp, answers }: Seen, nameOf: (id: string) => string) {
  const named = (ids: readonly string[] | undefined): string =>
    ids === undefined || ids.length === 0 ? "-" : ids.map(nameOf).sort().join(" ");
  const hops = [nextHopsFor(routes.r1, ip), nextHopsFor(routes.r2, ip)] as const;
  const owner = named(arp.get(ip));
  const viaBgp = named([...new Set(hops.flatMap((list) => list ?? []))]);
  const by = [
    ...(viaBgp === "-" ? [] : [`BGP ${viaBgp}`]),
    ...(owner === "-" ? [] : [`L2 ${owner}`]),
  ];
  const answer = answers.get(ip);
  const reachable = answer === undefined ? "-" : answer === null ? "no" : `yes, ${answer.backend}`;
  return [by.join(", ") || "nobody", named(hops[0]), named(hops[1]), owner, reachable];
}

/** The addresses of a Service's status, in its order. */
export const ipsOf = (service: Service): readonly Ip[] =>
  (service.status?.loadBalancer?.ingress ?? [])
    .map(({ ip }) => tryParseIp(ip ?? ""))
    .filter((ip) => ip !== null);

/** Next hops of the longest prefix that holds the address. */
export function nextHopsFor(routes: Routes, ip: Ip): readonly string[] | undefined {
  const holding = [...routes.entries()]
    .map(([prefix, hops]) => ({ prefix: parsePrefix(prefix), hops }))
    .filter(({ prefix }) => prefixContains(prefix, addressOf(ip)))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return holding[0]?.hops;
}
