/**
 * The wires of the plan, laid: namespaces, bridges, veths, addresses, routes. Nothing announces yet.
 */
import type { Net, Netns } from "./netns.ts";
import {
  NODES,
  PLACES,
  POD_NETWORKS,
  PORTS,
  ROUTED,
  ROUTERS,
  SEGMENTS,
  addressOf,
  portName,
} from "./plan.ts";
import type { Place, Segment } from "./plan.ts";

export type Places = Readonly<Record<Place, Netns>>;

export async function layWires(net: Net): Promise<Places> {
  const entries = await Promise.all(
    PLACES.map(async (place) => [place, await net.namespace(place)] as const),
  );
  const places = Object.fromEntries(entries) as Places; // every place of PLACES is in it
  await Promise.all(PLACES.map((place) => settings(places[place])));
  await Promise.all(SEGMENTS.map((segment) => net.bridge(places.wire, segment)));
  await Promise.all([
    ...PORTS.map((port) =>
      net.veth(
        { ns: places[port.place], dev: port.dev, addresses: [port.v4, port.v6] },
        { ns: places.wire, dev: portName(port), bridge: port.segment },
      ),
    ),
    ...POD_NETWORKS.map(({ node, pod, v4, v6 }) =>
      net.veth(
        { ns: places[node], dev: pod, addresses: [`${v4.gateway}/28`, `${v6.gateway}/64`] },
        { ns: places[pod], dev: "eth0", addresses: [`${v4.pod}/28`, `${v6.pod}/64`] },
      ),
    ),
  ]);
  await Promise.all([
    ...POD_NETWORKS.map(({ pod, v4, v6 }) =>
      routes(places[pod], [`default via ${v4.gateway}`, `default via ${v6.gateway}`]),
    ),
    ...NODES.map((node) =>
      routes(places[node], [...podRoutes(node), ...uplinks("lan", "default")]),
    ),
    routes(
      places.c1,
      ROUTED.flatMap((prefix) => uplinks("wan", prefix)),
    ),
  ]);
  return places;
}

/** A place drops off a segment while its own interface still looks up: only probes notice. */
export async function cutLink(places: Places, place: Place, segment: Segment): Promise<void> {
  await places.wire.exec("ip", "link", "set", `${segment}-${place}`, "nomaster");
}
export async function mendLink(places: Places, place: Place, segment: Segment): Promise<void> {
  await places.wire.exec("ip", "link", "set", `${segment}-${place}`, "master", segment);
}

/** Through both routers at once; a prefix of one family, or `default` of both. */
function uplinks(segment: Segment, prefix: string): readonly string[] {
  const families = prefix === "default" ? (["v4", "v6"] as const) : [familyOf(prefix)];
  return families.map((family) => {
    const hops = ROUTERS.map((router) => `nexthop via ${addressOf(router, segment, family)}`);
    return `${prefix} ${hops.join(" ")}`;
  });
}

const podRoutes = (self: string): readonly string[] =>
  POD_NETWORKS.filter(({ node }) => node !== self).flatMap(({ node, v4, v6 }) => [
    `${v4.subnet} via ${addressOf(node, "lan")}`,
    `${v6.subnet} via ${addressOf(node, "lan", "v6")}`,
  ]);

const familyOf = (text: string): "v4" | "v6" => (text.includes(":") ? "v6" : "v4");

async function routes(ns: Netns, list: readonly string[]): Promise<void> {
  for (const route of list) {
    const family = familyOf(route) === "v6" ? "-6" : "-4";
    await ns.exec("ip", family, "route", "add", ...route.split(" "));
  }
}

const SETTINGS = {
  "net.ipv4.ip_forward": 1,
  "net.ipv6.conf.all.forwarding": 1,
  // Flows spread over next hops by port, not by address pair: one client sees ECMP.
  "net.ipv4.fib_multipath_hash_policy": 1,
  "net.ipv6.fib_multipath_hash_policy": 1,
  // Replies may leave through the other router.
  "net.ipv4.conf.all.rp_filter": 0,
  "net.ipv4.conf.default.rp_filter": 0,
  // An ARP request is answered on the wire that owns the address, or not at all.
  "net.ipv4.conf.all.arp_ignore": 1,
  "net.ipv4.conf.all.send_redirects": 0,
  "net.ipv4.conf.default.send_redirects": 0,
  "net.ipv6.conf.all.keep_addr_on_down": 1,
  "net.ipv6.conf.default.keep_addr_on_down": 1,
} as const;

async function settings(ns: Netns): Promise<void> {
  const pairs = Object.entries(SETTINGS).map(([key, value]) => `${key}=${value}`);
  await ns.exec("sysctl", "-qw", ...pairs);
}
