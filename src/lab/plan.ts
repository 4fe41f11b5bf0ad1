/**
 * The lab on paper: who is there, on which wire, with which address. Documentation ranges only
 * (RFC 5737, RFC 3849); `hack/kind-frr-lab/manifests` is written for these addresses.
 *
 *        c1 ── wan ──┬── r1 ──┬── lan ──┬── n1 ── p1
 *                    └── r2 ──┘         ├── n2 ── p2      c1 is on lan and storage too: that is where
 *                                       └── n3 ── p3      it asks for addresses with ARP
 *                          storage: n1 n2 n3 c1
 */
export const ROUTERS = ["r1", "r2"] as const;
export const NODES = ["n1", "n2", "n3"] as const;
export type RouterName = (typeof ROUTERS)[number];
export type NodeName = (typeof NODES)[number];
/** `wire` holds the bridges and the controller; `p1` is the pod network of `n1`, with its backend. */
export type Place = RouterName | NodeName | "c1" | "p1" | "p2" | "p3" | "wire";
export const PLACES: readonly Place[] = ["wire", ...ROUTERS, ...NODES, "c1", "p1", "p2", "p3"];

export type Segment = "lan" | "wan" | "storage";
export const SEGMENTS: readonly Segment[] = ["lan", "wan", "storage"];

/** An interface on a segment; its other end is a bridge port `<segment>-<place>` in `wire`. */
export interface Port {
  readonly place: Place;
  readonly dev: string;
  readonly segment: Segment;
  readonly v4: string;
  readonly v6: string;
}

const port = (place: Place, dev: string, segment: Segment, v4: string, v6: string): Port => ({
  place,
  dev,
  segment,
  v4,
  v6,
});

export const PORTS: readonly Port[] = [
  port("r1", "eth0", "lan", "198.51.100.1/24", "2001:db8:0:1::1/64"),
  port("r2", "eth0", "lan", "198.51.100.2/24", "2001:db8:0:1::2/64"),
  port("n1", "eth0", "lan", "198.51.100.11/24", "2001:db8:0:1::11/64"),
  port("n2", "eth0", "lan", "198.51.100.12/24", "2001:db8:0:1::12/64"),
  port("n3", "eth0", "lan", "198.51.100.13/24", "2001:db8:0:1::13/64"),
  port("c1", "eth0", "lan", "198.51.100.100/24", "2001:db8:0:1::100/64"),
  port("n1", "eth1", "storage", "192.0.2.75/26", "2001:db8:0:3::11/64"),
  port("n2", "eth1", "storage", "192.0.2.76/26", "2001:db8:0:3::12/64"),
  port("n3", "eth1", "storage", "192.0.2.77/26", "2001:db8:0:3::13/64"),
  port("c1", "eth1", "storage", "192.0.2.100/26", "2001:db8:0:3::100/64"),
  port("r1", "eth1", "wan", "192.0.2.1/26", "2001:db8:0:2::1/64"),
  port("r2", "eth1", "wan", "192.0.2.2/26", "2001:db8:0:2::2/64"),
  port("c1", "eth2", "wan", "192.0.2.10/26", "2001:db8:0:2::10/64"),
];

export const portName = ({ segment, place }: Port): string => `${segment}-${place}`;

/** Address of a place on a segment, without its length. */
export function addressOf(place: Place, segment: Segment, family: "v4" | "v6" = "v4"): string {
  const found = PORTS.find((p) => p.place === place && p.segment === segment);
  return found?.[family].split("/")[0] ?? "";
}

/** The pod network behind a node: the node is the gateway, its pod serves HTTP on port 8080. */
export interface PodNetwork {
  readonly node: NodeName;
  readonly pod: "p1" | "p2" | "p3";
  readonly v4: { readonly subnet: string; readonly gateway: string; readonly pod: string };
  readonly v6: { readonly subnet: string; readonly gateway: string; readonly pod: string };
}

const podNetwork = (node: NodeName, pod: PodNetwork["pod"], base: number): PodNetwork => ({
  node,
  pod,
  v4: {
    subnet: `192.0.2.${base}/28`,
    gateway: `192.0.2.${base + 1}`,
    pod: `192.0.2.${base + 2}`,
  },
  v6: {
    subnet: `2001:db8:0:1${node.slice(1)}::/64`,
    gateway: `2001:db8:0:1${node.slice(1)}::1`,
    pod: `2001:db8:0:1${node.slice(1)}::2`,
  },
});

export const POD_NETWORKS: readonly PodNetwork[] = [
  podNetwork("n1", "p1", 128),
  podNetwork("n2", "p2", 144),
  podNetwork("n3", "p3", 160),
];
export const BACKEND_PORT = 8080;

/** The nodes' own network: addresses of it are announced with ARP. */
export const LAN = "198.51.100.0/24";

/** Where the client finds addresses that are announced by BGP: behind both routers. */
export const ROUTED = ["203.0.113.0/24", "2001:db8:0:f::/64"] as const;

/** AS of the nodes, and of each router: r1 is an external peer, r2 an internal one. */
export const NODE_ASN = 64500;
export const ROUTER_ASN: Readonly<Record<RouterName, number>> = { r1: 64501, r2: 64500 };
