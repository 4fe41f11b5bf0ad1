/** The Services of a run: each has an address that was chosen beforehand, so that everybody knows what to look for. */
import { labNode } from "../src/lab/cluster-objects.ts";
import { NODES, POD_NETWORKS, addressOf } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";

/** A Service with its place in the plan of addresses. */
export interface Spot {
  readonly name: string;
  readonly by: "bgp" | "l2";
  readonly address: string;
  /** externalTrafficPolicy Local: only nodes with a ready endpoint announce it. */
  readonly local: boolean;
  /** It comes and goes. */
  readonly restless: boolean;
}

/** Half by BGP and half by ARP and NDP; a quarter of each of IPv6; every third is Local; every other is restless. */
export function spotsFor(count: number): readonly Spot[] {
  return Array.from({ length: count }, (_, i) => {
    const by = i % 2 === 0 ? "bgp" : "l2";
    const n = Math.floor(i / 2);
    const six = n % 4 === 3;
    const address =
      by === "bgp"
        ? six
          ? `2001:db8:0:f::${(16 + n).toString(16)}`
          : `203.0.113.${10 + n}`
        : six
          ? `2001:db8:0:1::${(0x1000 + n).toString(16)}`
          : `198.51.100.${150 + n}`;
    return {
      name: `${by}-${n}`,
      by,
      address,
      local: n % 3 === 1,
      restless: Math.floor(n / 2) % 2 === 1,
    };
  });
}

export const MAX_SERVICES = 180;
export const prefixOf = (address: string): string =>
  `${address}/${address.includes(":") ? 128 : 32}`;

export type Manifest = Readonly<Record<string, unknown>>;
const NAMESPACE = "metallb-system";
const metallb = (kind: string, name: string, spec: object, version = "v1beta1"): Manifest => ({
  ...{ apiVersion: `metallb.io/${version}`, kind },
  ...{ metadata: { name, namespace: NAMESPACE }, spec },
});

const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";
export type Mark = "excluded" | "unavailable";

export const nodeManifest = (name: NodeName, marks: ReadonlySet<Mark>): Manifest =>
  labNode(name, marks.has("excluded") ? { [EXCLUDE]: "" } : {}, [
    { type: "NetworkUnavailable", status: marks.has("unavailable") ? "True" : "False" },
  ]);

export const serviceManifests = (spot: Spot, on: readonly NodeName[]): readonly Manifest[] => {
  const six = spot.address.includes(":");
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: spot.name, namespace: "default" },
      spec: {
        type: "LoadBalancer",
        loadBalancerIP: spot.address,
        clusterIP: six ? "2001:db8:0:e::1" : "192.0.2.250",
        ...(six && { ipFamilies: ["IPv6"], ipFamilyPolicy: "SingleStack" }),
        externalTrafficPolicy: spot.local ? "Local" : "Cluster",
        ports: [{ port: 80, targetPort: 8080 }],
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        ...{ name: `${spot.name}-1`, namespace: "default" },
        labels: { "kubernetes.io/service-name": spot.name },
      },
      addressType: six ? "IPv6" : "IPv4",
      ports: [{ port: 8080 }],
      endpoints: POD_NETWORKS.filter(({ node }) => on.includes(node)).map(({ node, v4, v6 }) => ({
        addresses: [six ? v6.pod : v4.pod],
        nodeName: node,
        conditions: { ready: true },
      })),
    },
  ];
};

const TIMERS = { myASN: 64500, holdTime: "9s", keepaliveTime: "3s", connectTime: "5s" };

/** Names that advertisements are written by. */
export const ADVERTISED = { bgp: "bgp-advertisement", l2: "l2-advertisement" } as const;

/** Everything but Services, by name. r1 has a password and BFD, r2 neither. */
export const configuration = (password: string): Readonly<Record<string, readonly Manifest[]>> => ({
  ...Object.fromEntries(NODES.map((n) => [`node-${n}`, [nodeManifest(n, new Set())]])),
  pools: [
    metallb("IPAddressPool", "routed", {
      addresses: ["203.0.113.0/24", "2001:db8:0:f::/64"],
    }),
    metallb("IPAddressPool", "local", {
      addresses: ["198.51.100.150-198.51.100.250", "2001:db8:0:1::1000-2001:db8:0:1::1fff"],
    }),
  ],
  peers: [
    metallb(
      "BGPPeer",
      "router-1",
      {
        ...TIMERS,
        ...{ peerASN: 64501, peerAddress: addressOf("r1", "lan"), bfdProfile: "fast" },
        ...{ passwordSecret: { name: "router-1" }, dualStackAddressFamily: true },
      },
      "v1beta2",
    ),
    metallb(
      "BGPPeer",
      "router-2",
      {
        ...TIMERS,
        ...{ peerASN: 64500, peerAddress: addressOf("r2", "lan"), dualStackAddressFamily: true },
      },
      "v1beta2",
    ),
    metallb("BFDProfile", "fast", {
      ...{ receiveInterval: 300, transmitInterval: 300, detectMultiplier: 3 },
    }),
  ],
  secrets: [
    {
      ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/basic-auth" },
      metadata: { name: "router-1", namespace: NAMESPACE },
      stringData: { password },
    },
  ],
  [ADVERTISED.bgp]: [metallb("BGPAdvertisement", "routed", { ipAddressPools: ["routed"] })],
  [ADVERTISED.l2]: [
    metallb("L2Advertisement", "local", { ipAddressPools: ["local"], interfaces: ["eth0"] }),
  ],
});

/** Files that faults may spoil: nothing else writes to them. */
export const spoilable = (spots: readonly Spot[]): readonly string[] => [
  ...["pools", "peers", "secrets", ADVERTISED.bgp, ADVERTISED.l2],
  ...spots.filter((s) => !s.restless).map((s) => s.name),
];

export const manifestText = (manifests: readonly Manifest[]): string =>
  `${manifests.map((m) => JSON.stringify(m, null, 2)).join("\n---\n")}\n`;
