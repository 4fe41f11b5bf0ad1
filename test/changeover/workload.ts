/** What runs in the cluster that changes over: pools, peers, advertisements of every kind, and Services of many. */
import { applyCrds, NAMESPACE, post } from "../support/crds.ts";
import type { Kube } from "../support/kube.ts";
import { METALLB, postInstallation } from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";
import { addressOf, COMMUNITY, LARGE, NODES, PASSWORD, ROUTERS } from "./plan.ts";

const V1 = "/api/v1/namespaces";

/** CRDs, nodes, Pods, MetalLB's Deployment and all configuration. */
export async function configure(kube: Kube): Promise<void> {
  await applyCrds(kube);
  await postInstallation(kube, new Map(NODES.map((name) => [name, addressOf(name)])));
  await post(kube, `${V1}/${NAMESPACE}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "r1-password" },
    type: "kubernetes.io/basic-auth",
    stringData: { username: "", password: PASSWORD },
  });
  for (const [kind, plural, name, spec] of RESOURCES) {
    const version = kind === "BGPPeer" ? "v1beta2" : "v1beta1";
    await post(kube, `${METALLB.replace("v1beta1", version)}/${plural}`, {
      apiVersion: `metallb.io/${version}`,
      kind,
      metadata: { name },
      spec,
    });
  }
}

const RESOURCES: readonly (readonly [string, string, string, object])[] = [
  [
    "IPAddressPool",
    "ipaddresspools",
    "web",
    { addresses: ["203.0.113.0/24"], avoidBuggyIPs: true },
  ],
  [
    "IPAddressPool",
    "ipaddresspools",
    "manual",
    { addresses: ["198.51.100.224-198.51.100.254"], autoAssign: false },
  ],
  [
    "IPAddressPool",
    "ipaddresspools",
    "dual",
    { addresses: ["198.51.100.192/27", "2001:db8:10::/120"], autoAssign: false },
  ],
  ["Community", "communities", "names", { communities: [{ name: "web", value: COMMUNITY }] }],
  [
    "BFDProfile",
    "bfdprofiles",
    "quick",
    // Seconds, not a fraction of one: three nodes, two routers and an API server may share two cores.
    { receiveInterval: 500, transmitInterval: 500, detectMultiplier: 6 },
  ],
  [
    "BGPPeer",
    "bgppeers",
    "r1",
    {
      ...{ myASN: 64500, peerASN: ROUTERS.r1.asn, peerAddress: ROUTERS.r1.address },
      ...{ holdTime: "90s", keepaliveTime: "30s", connectTime: "2s" },
      ...{ enableGracefulRestart: true, bfdProfile: "quick" },
      passwordSecret: { name: "r1-password" },
    },
  ],
  [
    "BGPPeer",
    "bgppeers",
    "r2",
    {
      ...{ myASN: 64500, peerASN: ROUTERS.r2.asn, peerAddress: ROUTERS.r2.address },
      ...{ connectTime: "2s", enableGracefulRestart: true, dualStackAddressFamily: true },
    },
  ],
  [
    "BGPAdvertisement",
    "bgpadvertisements",
    "web",
    { ipAddressPools: ["web", "dual"], communities: ["web"], localPref: 150 },
  ],
  [
    "BGPAdvertisement",
    "bgpadvertisements",
    "web-aggregate",
    { ipAddressPools: ["web"], aggregationLength: 24, peers: ["r2"], communities: ["65535:65281"] },
  ],
  [
    "BGPAdvertisement",
    "bgpadvertisements",
    "manual",
    { ipAddressPools: ["manual"], communities: [LARGE] },
  ],
  ["L2Advertisement", "l2advertisements", "all", { ipAddressPools: ["web", "dual"] }],
  [
    "L2Advertisement",
    "l2advertisements",
    "manual",
    { ipAddressPools: ["manual"], interfaces: ["eth0"] },
  ],
];

interface Wish {
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly string[];
}

/** Every tenth Service of each kind: pool by name in both spellings, two families, address by spec, shared, Local. */
function wishOf(i: number): Wish {
  switch (i % 10) {
    case 3:
      return { annotations: { "metallb.universe.tf/address-pool": "manual" } };
    case 5:
      return {
        annotations: { "metallb.io/address-pool": "dual" },
        spec: { ipFamilyPolicy: "PreferDualStack" },
      };
    case 6:
      return { spec: { loadBalancerIP: `203.0.113.${200 + Math.floor(i / 10)}` } };
    case 7:
    case 8:
      return {
        annotations: {
          "metallb.io/allow-shared-ip": `pair-${Math.floor(i / 10)}`,
          "metallb.io/loadBalancerIPs": `203.0.113.${230 + Math.floor(i / 10)}`,
        },
        spec: { ports: [{ port: 1000 + i }] },
      };
    case 9:
      return { spec: { externalTrafficPolicy: "Local" }, endpoints: ["n1", "n3"] };
    default:
      return {};
  }
}

const nameOf = (i: number): string => `web-${String(i).padStart(3, "0")}`;

export async function createServices(kube: Kube, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await createService(kube, nameOf(i), wishOf(i));
}

/** With the endpoints behind it. */
export async function createService(kube: Kube, name: string, wish: Wish = {}): Promise<void> {
  const { annotations = {}, spec = {}, endpoints = NODES } = wish;
  await post(kube, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: endpoints.map((nodeName, at) => ({
      ...{ addresses: [`192.0.2.${100 + at}`], nodeName },
      conditions: { ready: true },
    })),
    ports: [],
  });
  await post(kube, `${V1}/default/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, annotations },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
  });
}

/** Its first address; false while there is none. */
export async function addressOfService(kube: Kube, name: string): Promise<string | false> {
  const { body } = await kube.request("GET", `${V1}/default/services/${name}`);
  const { status } = body as Listed["items"][number];
  return status.loadBalancer?.ingress?.[0]?.ip ?? false;
}

interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { ip: string }[] } };
  }[];
}

/** What each Service holds: addresses in their order and the pool, as text. */
export async function holdings(kube: Kube): Promise<ReadonlyMap<string, string>> {
  const { body } = await kube.request("GET", `${V1}/default/services`);
  return new Map(
    (body as Listed).items
      .filter(({ metadata }) => metadata.name.startsWith("web-")) // not the API server itself
      .map(({ metadata, status }) => {
        const ips = (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
        const pool = metadata.annotations?.["metallb.io/ip-allocated-from-pool"] ?? "";
        return [metadata.name, ips.length === 0 ? "" : `${ips.join(" ")} ${pool}`];
      }),
  );
}

export async function allocated(kube: Kube, count: number): Promise<ReadonlyMap<string, string>> {
  let without: readonly string[] = [];
  return await eventually(
    "every Service has its address",
    async () => {
      const held = await holdings(kube);
      without = [...held].filter(([, text]) => text === "").map(([name]) => name);
      return held.size === count && without.length === 0 && held;
    },
    120_000,
    500,
  ).catch((cause: unknown) => {
    throw new Error(`without an address: ${without.join(" ")}`, { cause });
  });
}
