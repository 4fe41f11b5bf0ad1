/**
 * What must hold once everything is served, as sentences that can be checked one by one: what each node
 * says it announces (`ferrolb announce`) is compared with what routers, ARP and clients really see.
 */
import { shownCommunity } from "../bgp/shown-community.ts";
import { keyOf } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { familyOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { Answer } from "./backend.ts";
import type { Path, Routes, Session } from "./look.ts";
import { NODES, ROUTERS, ROUTER_ASN, NODE_ASN } from "./plan.ts";
import type { NodeName, RouterName } from "./plan.ts";
import { ipsOf } from "./rows.ts";

/** The answer of `ferrolb announce --node N -o json`. */
export interface Announcements {
  readonly l2: Readonly<Record<string, { readonly announce: boolean }>>;
  readonly bgp: {
    readonly sessions: Readonly<Record<string, readonly AnnouncedPrefix[]>>;
  };
}
export interface AnnouncedPrefix {
  readonly prefix: string;
  readonly localPref: number;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
}

/** Eyes of the lab, so that claims say only what to look for. */
export interface Eyes {
  routes(router: RouterName): Promise<Routes>;
  paths(router: RouterName, prefix: string): Promise<readonly Path[]>;
  /** By the neighbor's address. */
  sessions(router: RouterName): Promise<ReadonlyMap<string, Session>>;
  arp(dev: "eth0" | "eth1", address: string): Promise<readonly string[]>;
  ask(address: string, port: number): Promise<Answer | null>;
  readonly nameOf: (id: string) => string;
}

export interface Claim {
  readonly text: string;
  /** Null when it holds, else what is seen instead. */
  check(): Promise<string | null>;
}

export function claimsFor(
  snapshot: Snapshot,
  announced: Readonly<Record<NodeName, Announcements>>,
  eyes: Eyes,
): readonly Claim[] {
  const services = snapshot.services.filter((s) => s.spec?.type === "LoadBalancer");
  const routed = new Set(
    NODES.flatMap((n) => Object.values(announced[n].bgp.sessions).flat()).map((p) => p.prefix),
  );
  const spread = services
    .filter(({ spec }) => spec?.externalTrafficPolicy !== "Local")
    .flatMap((service) => ipsOf(service).map((ip) => [ip, service.spec?.ports?.[0]?.port] as const))
    .find(([ip]) => routed.has(`${ip}/32`));
  return [
    ...ROUTERS.flatMap((router) => routeClaims(router, snapshot, announced, eyes)),
    ...services.flatMap((service) => {
      const by = NODES.filter((node) => announced[node].l2[keyOf(service)]?.announce === true);
      const v4 = ipsOf(service).filter((ip) => familyOf(ip) === 4);
      return by.length === 0 ? [] : v4.map((ip) => arpClaim(ip, by, eyes));
    }),
    ...services.flatMap((service) =>
      ipsOf(service).flatMap((ip) =>
        (service.spec?.ports ?? []).map(({ port }) =>
          askClaim(ip, port, service.spec?.externalTrafficPolicy === "Local", eyes),
        ),
      ),
    ),
    ...(spread?.[1] === undefined ? [] : [spreadClaim(spread[0], spread[1], NODES, eyes)]),
  ];
}

/** Per router and prefix: which nodes are next hops, with which attributes. */
function routeClaims(
  router: RouterName,
  snapshot: Snapshot,
  announced: Readonly<Record<NodeName, Announcements>>,
  eyes: Eyes,
): readonly Claim[] {
  const peers = snapshot.bgpPeers
    .filter(({ spec }) => eyes.nameOf(spec?.peerAddress ?? "") === router)
    .map(({ metadata }) => metadata.name);
  const wanted = new Map<string, { nodes: NodeName[]; attributes: AnnouncedPrefix }>();
  for (const node of NODES)
    for (const attributes of peers.flatMap((peer) => announced[node].bgp.sessions[peer] ?? [])) {
      const entry = wanted.get(attributes.prefix) ?? { nodes: [], attributes };
      entry.nodes.push(node);
      wanted.set(attributes.prefix, entry);
    }
  return [...wanted.entries()].map(([prefix, { nodes, attributes }]) => {
    const internal = ROUTER_ASN[router] === NODE_ASN;
    const localPref = internal ? attributes.localPref || 100 : null;
    const communities = [...attributes.communities, ...attributes.largeCommunities];
    const said = [
      ...(communities.length === 0 ? [] : [`communities ${communities.join(" ")}`]),
      ...(localPref === null ? [] : [`local preference ${localPref}`]),
    ].join(", ");
    return {
      text: `${router}: ${prefix} via ${nodes.join(" ")}${said === "" ? "" : `, ${said}`}`,
      check: async () => {
        const hops = (await eyes.routes(router)).get(prefix)?.map((hop) => eyes.nameOf(hop)) ?? [];
        if (hops.sort().join(" ") !== nodes.join(" ")) return `via ${hops.join(" ") || "nobody"}`;
        const wrong = (await eyes.paths(router, prefix)).filter(
          (path) =>
            path.localPref !== localPref ||
            !sameWords(path.communities, attributes.communities.map(shownCommunity)) ||
            !sameWords(path.largeCommunities, attributes.largeCommunities),
        );
        return wrong.length === 0 ? null : `attributes ${JSON.stringify(wrong[0])}`;
      },
    };
  });
}

/** Connections of one client spread over every node that announces the address (ECMP). */
export const spreadClaim = (ip: Ip, port: number, nodes: readonly string[], eyes: Eyes): Claim => ({
  text: `c1: connections to ${ip} port ${port} spread over ${nodes.join(" ")}`,
  check: async () => {
    const through = new Set<string>();
    for (let i = 0; i < 60 && through.size < nodes.length; i++) {
      const answer = await eyes.ask(ip, port);
      if (answer !== null) through.add(eyes.nameOf(answer.client)); // masqueraded: the node's own
    }
    const seen = [...through].sort().join(" ");
    return seen === nodes.join(" ") ? null : `through ${seen || "nobody"}`;
  },
});

const sameWords = (a: readonly string[], b: readonly string[]): boolean =>
  a.toSorted().join() === b.toSorted().join();

const arpClaim = (ip: Ip, by: readonly NodeName[], eyes: Eyes): Claim => ({
  text: `ARP: ${ip} is answered by ${by.join(" ")} alone on the nodes' network, by nobody elsewhere`,
  check: async () => {
    const macs = await eyes.arp("eth0", ip);
    const owners = macs.map((mac) => eyes.nameOf(mac));
    if (owners.join(" ") !== by.join(" ")) return `answered by ${owners.join(" ") || "nobody"}`;
    const elsewhere = await eyes.arp("eth1", ip);
    return elsewhere.length === 0 ? null : `answered by ${elsewhere.join(" ")} on eth1 too`;
  },
});

const askClaim = (ip: Ip, port: number, local: boolean, eyes: Eyes): Claim => ({
  text: `c1: ${ip} port ${port} reaches a backend${local ? ", which sees the client's address" : ""}`,
  check: async () => {
    const answer = await eyes.ask(ip, port);
    if (answer === null) return "no answer";
    return local && eyes.nameOf(answer.client) !== "c1" ? `it sees ${answer.client}` : null;
  },
});
