/** Small parts to build a Config, a snapshot and their NodeBgp from, with everything at rest. */
import type { Service } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Snapshot } from "../../src/api/snapshot.ts";
import type { BfdProfile, BgpAdvertisement, Config, Peer, Pool } from "../../src/config/config.ts";
import { parseIp } from "../../src/net/ip.ts";
import { parsePrefix } from "../../src/net/prefix.ts";

export const peer = (name: string, address: string, over: Partial<Peer> = {}): Peer => ({
  name,
  myAsn: 64500,
  remoteAs: 64501,
  localAsn: null,
  endpoint: { kind: "address", address: parseIp(address) },
  sourceAddress: null,
  port: 179,
  timers: null,
  connectTimeS: null,
  routerId: null,
  nodeSelectors: [],
  password: null,
  bfdProfile: null,
  gracefulRestart: false,
  ebgpMultiHop: false,
  vrf: null,
  dualStackAddressFamily: false,
  ...over,
});

export const unnumbered = (name: string, ifname: string, over: Partial<Peer> = {}): Peer =>
  peer(name, "192.0.2.1", { endpoint: { kind: "interface", name: ifname }, ...over });

export const advertisement = (
  name: string,
  over: Partial<Omit<BgpAdvertisement, "communities">> & { communities?: readonly string[] } = {},
): BgpAdvertisement => ({
  name,
  aggregationLength: 32,
  aggregationLengthV6: 128,
  localPref: 0,
  nodes: ["n1", "n2"],
  peers: [],
  serviceSelectors: [],
  ...over,
  communities: (over.communities ?? []).map((text) => ({
    kind: text.split(":").length === 3 ? "large" : "standard",
    text,
  })),
});

export const pool = (
  name: string,
  cidrs: readonly string[],
  bgpAdvertisements: readonly BgpAdvertisement[] = [advertisement("all")],
): Pool => ({
  name,
  cidrs: cidrs.map(parsePrefix),
  autoAssign: true,
  avoidBuggyIPs: false,
  serviceAllocation: null,
  reserved: [],
  draining: false,
  bgpAdvertisements,
  l2Advertisements: [],
});

export const profile = (name: string, over: Partial<BfdProfile> = {}): BfdProfile => ({
  name,
  receiveIntervalMs: null,
  transmitIntervalMs: null,
  detectMultiplier: null,
  echoIntervalMs: null,
  echoMode: false,
  passiveMode: false,
  minimumTtl: null,
  ...over,
});

export const config = (over: Partial<Config> = {}): Config => ({
  pools: [],
  peers: [],
  bfdProfiles: [],
  extras: null,
  ...over,
});

export const service = (
  name: string,
  ips: readonly string[],
  over: { spec?: Service["spec"]; labels?: Record<string, string> } = {},
): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default", ...(over.labels && { labels: over.labels }) },
  spec: { type: "LoadBalancer", ...over.spec },
  status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
});

/** The Services with one able endpoint each on n1, and the nodes n1 and n2. */
export const snapshot = (services: readonly Service[], over: Partial<Snapshot> = {}): Snapshot => ({
  ...emptySnapshot(),
  services,
  endpointSlices: services.map((s) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${s.metadata.name}-1`,
      namespace: "default",
      labels: { "kubernetes.io/service-name": s.metadata.name },
    },
    endpoints: [{ addresses: ["198.51.100.77"], nodeName: "n1" }],
  })),
  nodes: ["n1", "n2"].map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
  })),
  ...over,
});
