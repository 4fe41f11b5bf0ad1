/**
 * A node with an FRR under test and a router (FRR 10.3) with a far end for every slot of `frr-model.ts`: what
 * the node runs, what it sends, how long its sessions are up, and what the router received.
 */
import { parseTree, type Block } from "../../src/frr-config/tree.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { PASSWORD, SLOTS, type Slot } from "./frr-model.ts";
import { startTestNet } from "./router.ts";

export interface Bench {
  readonly node: FrrInstance;
  readonly router: FrrInstance;
  observe(): Promise<Observation>;
  close(): Promise<void>;
}

export interface Session {
  readonly state: string;
  /** Second at which it came up. */
  readonly upSince: number | null;
  readonly established: number;
}

export interface Observation {
  readonly running: Block;
  /** By name of the neighbour. */
  readonly sessions: Readonly<Record<string, Session>>;
  /** Adj-RIB-Out: by neighbour and prefix, what FRR shows of the attributes. */
  readonly sent: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** By prefix and sending neighbour as the router names it. */
  readonly received: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const FAMILIES = ["ipv4", "ipv6"] as const;

export async function startBench(version: FrrVersion): Promise<Bench> {
  const lab = await startTestNet();
  try {
    const [a, b] = [await lab.net.namespace("node"), await lab.net.namespace("router")];
    const wires: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ["eth0", ["192.0.2.1/24", "2001:db8::1/64"], ["192.0.2.2/24", "2001:db8::2/64"]],
      ["eth1", [], []],
      ["eth2", ["198.51.100.1/24", "2001:db8:2::1/64"], ["198.51.100.2/24", "2001:db8:2::2/64"]],
      ["eth3", ["203.0.113.1/24", "2001:db8:3::1/64"], ["203.0.113.2/24", "2001:db8:3::2/64"]],
    ];
    for (const [dev, left, right] of wires)
      await lab.net.veth({ ns: a, dev, addresses: left }, { ns: b, dev, addresses: right });
    // The node listens here, unlike the sidecar: whoever dials first, sessions come up sooner.
    const node = await lab.frr({ name: "node", netns: a.name, version, config: "" });
    const router = await lab.frr({
      name: "router",
      netns: b.name,
      version: "10.3",
      config: ROUTER,
    });
    return { node, router, observe: () => observe(node, router), close: () => lab.close() };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

const FAR_ENDS = ["192.0.2.1", "2001:db8::1", "198.51.100.1", "eth1", "203.0.113.1"];
const ROUTER = `
route-map LEARN permit 1
exit
router bgp 64501
 bgp router-id 10.9.9.9
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp enforce-first-as
 coalesce-time 0
 neighbor 192.0.2.1 remote-as external
 neighbor 192.0.2.1 ebgp-multihop 255
 neighbor 2001:db8::1 remote-as external
 neighbor 2001:db8::1 ebgp-multihop 255
 neighbor 198.51.100.1 remote-as 64500
 neighbor 198.51.100.1 local-as 64500 no-prepend replace-as
 neighbor eth1 interface remote-as external
 neighbor 203.0.113.1 remote-as external
 neighbor 203.0.113.1 ebgp-multihop 255
 neighbor 203.0.113.1 password ${PASSWORD}
${FAR_ENDS.map((p) => ` neighbor ${p} timers connect 1\n`).join("")}
 address-family ipv4 unicast
${FAR_ENDS.map((p) => `  neighbor ${p} activate\n  neighbor ${p} soft-reconfiguration inbound\n`).join("")}
 exit-address-family
 address-family ipv6 unicast
${FAR_ENDS.map((p) => `  neighbor ${p} activate\n  neighbor ${p} soft-reconfiguration inbound\n`).join("")}
 exit-address-family
exit
bfd
 peer 192.0.2.1 interface eth0
 exit
 peer 192.0.2.1 multihop local-address 192.0.2.2
 exit
exit
`;

interface ShownNeighbor {
  readonly bgpState?: string;
  readonly bgpTimerUpEstablishedEpoch?: number;
  readonly connectionsEstablished?: number;
}

async function observe(node: FrrInstance, router: FrrInstance): Promise<Observation> {
  const [config, shown = "{}"] = await outputs(node, [
    "show running-config",
    "show bgp neighbors json",
  ]);
  const neighbors = JSON.parse(shown) as Record<string, ShownNeighbor>;
  const live = Object.entries(neighbors).filter(([, n]) => n.bgpState === "Established");
  const sessions = Object.fromEntries(
    Object.entries(neighbors)
      .filter(([, value]) => typeof value === "object" && "bgpState" in value)
      .map(([peer, n]) => [
        peer,
        {
          state: n.bgpState ?? "",
          upSince: n.bgpState === "Established" ? (n.bgpTimerUpEstablishedEpoch ?? null) : null,
          established: n.connectionsEstablished ?? 0,
        },
      ]),
  );
  const asks = live.flatMap(([peer]) => FAMILIES.map((family) => [peer, family] as const));
  const told = await outputs(
    node,
    asks.map(
      ([peer, family]) => `show bgp ${family} unicast neighbors ${peer} advertised-routes json`,
    ),
  );
  const sent: Record<string, Record<string, unknown>> = {};
  for (const [i, [peer]] of asks.entries()) {
    const text = told[i] ?? "";
    if (text === "" || text.includes('"warning"')) continue; // not in this family; no JSON on 10.3
    const said = JSON.parse(text) as { advertisedRoutes?: Record<string, unknown> };
    sent[peer] = { ...sent[peer], ...said.advertisedRoutes };
  }
  return { running: parseTree(config ?? ""), sessions, sent, received: await received(router) };
}

interface ShownPath {
  readonly peer?: { readonly peerId?: string };
  readonly [field: string]: unknown;
}

/** Fields of a path that do not depend on when it came. */
const LASTING = [
  "aspath",
  "community",
  "largeCommunity",
  "locPrf",
  "localpref",
  "origin",
  "nexthops",
];

async function received(router: FrrInstance): Promise<Observation["received"]> {
  const tables = await outputs(
    router,
    FAMILIES.map((family) => `show bgp ${family} unicast json detail`),
  );
  const found: Record<string, Record<string, unknown>> = {};
  for (const table of tables) {
    const { routes = {} } = JSON.parse(table) as {
      routes?: Record<string, ShownPath[] | { paths: ShownPath[] }>;
    };
    for (const [prefix, value] of Object.entries(routes))
      for (const path of Array.isArray(value) ? value : value.paths) {
        const from = path.peer?.peerId ?? "";
        const kept = Object.fromEntries(LASTING.map((name) => [name, path[name]]));
        const id = from.startsWith("fe80") ? "eth1" : from;
        const text = JSON.stringify(kept).replace(/fe80::[0-9a-f:]+/g, "fe80::x");
        (found[prefix] ??= {})[id] = JSON.parse(text) as unknown;
      }
  }
  return found;
}

const outputs = (frr: FrrInstance, commands: readonly string[]): Promise<readonly string[]> =>
  Promise.all(commands.map((command) => frr.vtysh(command)));

/** How the router calls the node on the wire of a slot. */
export const nodeSeenFrom = (slot: Slot): string => SLOTS[slot].source ?? SLOTS[slot].peer;
