/** What can be seen from outside FerroLB: a router's routes, who answers ARP, what a client gets. */
import { familyOf, tryParseIp } from "../net/ip.ts";
import { parseAnswer } from "./backend.ts";
import type { Answer } from "./backend.ts";
import type { FrrInstance } from "./frr-instance.ts";
import type { Netns } from "./netns.ts";
import { NODES, ROUTERS } from "./plan.ts";
import type { Places } from "./topology.ts";

/** Name of the place that has an address or a MAC; the text itself when nobody has. */
export type WhoIs = (addressOrMac: string) => string;

/** Reads every address of nodes, routers and client once: they do not change while a lab lives. */
export async function whoIsWho(places: Places): Promise<WhoIs> {
  const names = new Map<string, string>();
  for (const place of [...NODES, ...ROUTERS, "c1"] as const) {
    const links = JSON.parse(await places[place].exec("ip", "-j", "addr")) as readonly {
      readonly address?: string;
      readonly ifname: string;
      readonly addr_info?: readonly { readonly local: string }[];
    }[];
    for (const { address, ifname, addr_info = [] } of links) {
      if (ifname === "lo") continue;
      if (address !== undefined) names.set(address, place);
      for (const { local } of addr_info) names.set(local, place);
    }
  }
  return (id) => names.get(id) ?? id;
}

/** Prefix to its next hops, sorted, as the kernel of a router has them from BGP. */
export type Routes = ReadonlyMap<string, readonly string[]>;

export async function routesAt(router: Netns): Promise<Routes> {
  const routes = new Map<string, readonly string[]>();
  for (const family of ["-4", "-6"]) {
    const text = await router.exec("ip", "-j", family, "route", "show", "proto", "bgp");
    for (const [prefix, hops] of parseRoutes(text)) routes.set(prefix, hops);
  }
  return routes;
}

/** `ip -j route`: one next hop stands in the route itself, several in a list. */
export function parseRoutes(text: string): Routes {
  const list = JSON.parse(text === "" ? "[]" : text) as readonly {
    readonly dst: string;
    readonly gateway?: string;
    readonly nexthops?: readonly { readonly gateway?: string }[];
  }[];
  return new Map(
    list.map(({ dst, gateway, nexthops }) => [
      withLength(dst),
      (nexthops?.map((hop) => hop.gateway) ?? [gateway]).filter((hop) => hop !== undefined).sort(),
    ]),
  );
}

/** iproute2 leaves the length of host routes out. */
function withLength(dst: string): string {
  const ip = tryParseIp(dst);
  return ip === null ? dst : hostPrefix(ip);
}
const hostPrefix = (ip: ReturnType<typeof tryParseIp> & string): string =>
  `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;

/** One path of a prefix, as a router's bgpd has it. */
export interface Path {
  readonly nextHop: string;
  readonly localPref: number | null;
  readonly asPath: string;
  /** Sorted. */
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
}

/** Sorted by next hop; empty when the prefix is not there. */
export async function pathsAt(router: FrrInstance, prefix: string): Promise<readonly Path[]> {
  const family = prefix.includes(":") ? "ipv6" : "ipv4";
  const text = await router.vtysh(`show bgp ${family} unicast ${prefix} json`);
  const { paths = [] } = JSON.parse(text === "" ? "{}" : text) as {
    readonly paths?: readonly {
      readonly locPrf?: number;
      readonly aspath?: { readonly string: string };
      readonly community?: { readonly list: readonly string[] };
      readonly largeCommunity?: { readonly list: readonly string[] };
      readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
    }[];
  };
  return paths
    .map((path) => ({
      nextHop: path.nexthops?.find((hop) => hop.scope !== "link-local")?.ip ?? "",
      localPref: path.locPrf ?? null,
      asPath: path.aspath?.string ?? "",
      communities: [...(path.community?.list ?? [])].sort(),
      largeCommunities: [...(path.largeCommunity?.list ?? [])].sort(),
    }))
    .sort((a, b) => (a.nextHop < b.nextHop ? -1 : 1));
}

export interface Session {
  readonly state: string;
  /** How often it came up since bgpd started. */
  readonly established: number;
  /** How often it went down. */
  readonly dropped: number;
}

/** A router's sessions, by the neighbor's address. */
export async function sessionsAt(router: FrrInstance): Promise<ReadonlyMap<string, Session>> {
  const all = JSON.parse(await router.vtysh("show bgp neighbors json")) as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;
  const number = (value: unknown): number => (typeof value === "number" ? value : 0);
  return new Map(
    Object.entries(all).flatMap(([address, neighbor]) => {
      if (typeof neighbor["bgpState"] !== "string") return []; // vrf and table numbers stand beside
      const state = neighbor["bgpState"];
      const established = number(neighbor["connectionsEstablished"]);
      const dropped = number(neighbor["connectionsDropped"]);
      return [[address, { state, established, dropped }] as const];
    }),
  );
}

/** Every distinct MAC that answers for an IPv4 address on an interface of a place, sorted. */
export async function arpOwners(
  from: Netns,
  dev: string,
  address: string,
): Promise<readonly string[]> {
  const flags = ["-r", "-c", "2", "-W", "0.2", "-w", "0.5", "-i", dev];
  const text = await from.exec("arping", ...flags, address).catch(() => ""); // silence is exit 1
  return [...new Set(text.split("\n").filter((line) => line !== ""))].sort();
}

/** What a backend says to a client at an address, or null when nobody does within `seconds`. */
export async function askBackend(
  from: Netns,
  address: string,
  port = 80,
  seconds = 2,
): Promise<Answer | null> {
  const host = address.includes(":") ? `[${address}]` : address;
  const flags = ["-gsS", "--noproxy", "*", "--max-time", `${seconds}`];
  return parseAnswer(await from.exec("curl", ...flags, `http://${host}:${port}/`).catch(() => ""));
}
