/**
 * What a router says that it has (`show bgp ipv4|ipv6 unicast [PREFIX] json`), held against what it should be sent:
 * a route or a community that an inbound policy takes away is seen nowhere else.
 */
import type { Announcement } from "../bgp/model.ts";
import { shownCommunity } from "../bgp/shown-community.ts";
import { addressOf } from "../net/ip.ts";
import { parsePrefix, prefixContains } from "../net/prefix.ts";
import type { Bgp } from "./bgp.ts";
import { no, note } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { Facts } from "./facts.ts";

/** One path of a prefix. */
export interface ReceivedPath {
  /** Addresses that name the sender: the neighbor, and the next hops. */
  readonly from: readonly string[];
  /** Both sizes; null where the router was not asked for details. */
  readonly communities: readonly string[] | null;
}

export interface Received {
  /** Name of the BGPPeer that the router is. */
  readonly peer: string;
  /** The one prefix that was asked for; null: the whole table, or an empty answer. */
  readonly only: string | null;
  readonly paths: ReadonlyMap<string, readonly ReceivedPath[]>;
}

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const json = (value: unknown): Json => (isJson(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): readonly string[] =>
  list(value).filter((v): v is string => typeof v === "string");

/** Null for what is no such answer; `{}` is FRR's word for a prefix that it does not have. */
export function receivedFrom(peer: string, said: unknown): Received | null {
  if (!isJson(said)) return null;
  const { prefix, paths, routes } = said;
  if (typeof prefix === "string")
    return { peer, only: prefix, paths: new Map([[prefix, list(paths).map(pathOf)]]) };
  if (isJson(routes))
    return {
      peer,
      only: null,
      paths: new Map(
        Object.entries(routes).map(([key, value]) => [
          key,
          list(isJson(value) ? value["paths"] : value).map(pathOf),
        ]),
      ),
    };
  return Object.keys(said).length === 0 ? { peer, only: null, paths: new Map() } : null;
}

function pathOf(value: unknown): ReceivedPath {
  const path = json(value);
  const hops = list(path["nexthops"]).map((hop) => json(hop)["ip"]);
  const from = texts([json(path["peer"])["peerId"], path["peerId"], ...hops]);
  // Only details have the AS path as an object, and communities where there are any.
  const communities = isJson(path["aspath"])
    ? ["community", "largeCommunity"].flatMap((key) => texts(json(path[key])["list"]))
    : null;
  return { from, communities };
}

const wordsOf = ({ communities, largeCommunities }: Announcement): readonly string[] => [
  ...communities,
  ...largeCommunities,
];

interface Sent {
  readonly nodes: readonly string[];
  readonly prefix: string;
  readonly communities: readonly string[];
}

/** What the nodes send one peer for the Service, equal lines as one. */
function sentTo(facts: Facts, bgp: Bgp, peer: string): readonly Sent[] {
  const found = new Map<string, Sent>();
  for (const [node, { peers }] of bgp.nodes) {
    if (!peers.includes(peer)) continue;
    for (const neighbor of facts.bgpOn(node).instances.flatMap((i) => i.neighbors))
      for (const a of neighbor.peer === peer ? neighbor.announcements : []) {
        if (!facts.ips.some((ip) => prefixContains(parsePrefix(a.prefix), addressOf(ip)))) continue;
        const communities = wordsOf(a);
        const key = `${a.prefix} ${communities.join(" ")}`;
        const nodes = [...(found.get(key)?.nodes ?? []), node];
        found.set(key, { nodes, prefix: a.prefix, communities });
      }
  }
  return [...found.values()];
}

const sentText = ({ prefix, communities }: Sent): string =>
  `${prefix} with ${communities.length === 0 ? "no community" : communities.join(" ")}`;

/** A note for each peer: what it is sent, communities included. */
export const sentNotes = (facts: Facts, bgp: Bgp): readonly Step[] =>
  [...new Set([...bgp.nodes.values()].flatMap(({ peers }) => peers))]
    .sort()
    .flatMap((peer) =>
      sentTo(facts, bgp, peer).map((sent) =>
        note("sentRoute", peerRef(facts, peer), "", `${sent.nodes.join(", ")}: ${sentText(sent)}`),
      ),
    );

const peerRef = ({ snapshot }: Facts, name: string) => ({
  kind: "BGPPeer",
  namespace: snapshot.namespace,
  name,
});

/** `no` where the router has a route from none of the nodes as it was sent; notes for what it has. */
export const receivedSteps = (facts: Facts, bgp: Bgp, received: Received): readonly Step[] =>
  sentTo(facts, bgp, received.peer).map((sent) => {
    const at = peerRef(facts, received.peer);
    const { only, paths } = received;
    if (only !== null && only !== sent.prefix)
      return note("sentRoute", at, "", `the router was asked for ${only}, not for ${sent.prefix}`);
    const senders = addressesOf(facts, sent.nodes, received.peer);
    const arrived = (paths.get(sent.prefix) ?? []).filter(({ from }) =>
      from.some((address) => senders.has(address)),
    );
    const filtered = (what: string): Step =>
      no(
        "filteredUpstream",
        at,
        "",
        `${sent.nodes.join(", ")}: is sent ${sentText(sent)}, and ${what}`,
        "look at the router's inbound policy for these nodes: route-map, prefix-list, community-list, maximum-prefix",
      );
    if (arrived.length === 0) return filtered("has it from none of them");
    const missing = arrived.map(({ communities }) =>
      communities === null
        ? null
        : sent.communities.map(shownCommunity).filter((word) => !communities.includes(word)),
    );
    if (missing.some((words) => words?.length === 0))
      return note("sentRoute", at, "", `the router has ${sentText(sent)}`);
    const [lost] = missing.filter((words) => words !== null);
    if (lost !== undefined) return filtered(`has it without ${lost.join(" ")}`);
    return note(
      "sentRoute",
      at,
      "",
      `the router has ${sent.prefix}; its answer shows no communities: ask it for the prefix`,
    );
  });

/** How the router may know the nodes. */
function addressesOf(facts: Facts, nodes: readonly string[], peer: string): ReadonlySet<string> {
  const own = facts.snapshot.nodes
    .filter((n) => nodes.includes(n.metadata.name))
    .flatMap((n) => (n.status?.addresses ?? []).map(({ address }) => address));
  const sources = nodes
    .flatMap((node) => facts.bgpOn(node).instances.flatMap((i) => i.neighbors))
    .flatMap((n) => (n.peer === peer && n.updateSource !== null ? [n.updateSource] : []));
  return new Set([...own, ...sources]);
}
