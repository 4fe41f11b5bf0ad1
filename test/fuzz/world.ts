/** Every kind that is read, with most of its fields: what the fuzzers begin with. */
import type { Json } from "./hostile.ts";

const own = (kind: string, name: string, spec: Json, version = "v1beta1"): Json => ({
  ...{ apiVersion: `metallb.io/${version}`, kind },
  ...{ metadata: { name, namespace: "metallb-system", labels: { tier: "a" } }, spec },
});
const core = (kind: string, name: string, rest: Record<string, Json>, namespace = "default"): Json => ({
  ...{ apiVersion: "v1", kind, metadata: { name, namespace } },
  ...rest,
}); // prettier-ignore

export const PASSWORD = "fuzz-Passw0rd";

export const WORLD: readonly Json[] = [
  ...["n1", "n2"].map((name): Json => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, role: "a" } },
    spec: { taints: [{ key: "k", effect: "NoSchedule" }] },
    status: {
      addresses: [{ type: "InternalIP", address: "198.51.100.11" }],
      conditions: [{ type: "NetworkUnavailable", status: "False" }],
    },
  })),
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels: { team: "a" } } },
  own("IPAddressPool", "public", {
    addresses: ["203.0.113.0/28", "203.0.113.32-203.0.113.40", "2001:db8:0:f::/124"],
    avoidBuggyIPs: true,
    serviceAllocation: {
      priority: 10,
      namespaces: ["default"],
      serviceSelectors: [{ matchLabels: { app: "web" } }],
    },
  }),
  own("IPAddressPool", "local", { addresses: ["198.51.100.200-198.51.100.239"], autoAssign: true }),
  own("BGPAdvertisement", "public", {
    ipAddressPools: ["public"],
    aggregationLength: 32,
    aggregationLengthV6: 128,
    localPref: 150,
    communities: ["64500:7", "large:64500:1:2", "gold"],
    peers: ["router-1"],
    nodeSelectors: [{ matchLabels: { role: "a" } }],
    serviceSelectors: [{ matchExpressions: [{ key: "app", operator: "Exists" }] }],
  }),
  own("BGPAdvertisement", "rest", {
    ipAddressPoolSelectors: [{ matchLabels: { tier: "a" } }],
    peers: ["router-2", "router-3"],
  }),
  own("L2Advertisement", "local", {
    ipAddressPools: ["local"],
    interfaces: ["eth0"],
    nodeSelectors: [{ matchLabels: { role: "a" } }],
  }),
  own("Community", "names", { communities: [{ name: "gold", value: "64500:1" }] }),
  own("BFDProfile", "quick", {
    ...{ receiveInterval: 300, transmitInterval: 300, detectMultiplier: 3 },
    ...{ echoInterval: 50, echoMode: false, passiveMode: false, minimumTtl: 254 },
  }),
  own(
    "BGPPeer",
    "router-1",
    {
      ...{ myASN: 64500, peerASN: 64501, peerAddress: "198.51.100.1", peerPort: 179 },
      ...{ sourceAddress: "198.51.100.11", ebgpMultiHop: true },
      ...{ holdTime: "90s", keepaliveTime: "30s", connectTime: "10s", bfdProfile: "quick" },
      ...{ password: PASSWORD, enableGracefulRestart: true, dualStackAddressFamily: true },
      nodeSelectors: [{ matchLabels: { role: "a" } }],
    },
    "v1beta2",
  ),
  own(
    "BGPPeer",
    "router-2",
    {
      ...{ myASN: 64500, dynamicASN: "internal", peerAddress: "2001:db8:0:1::2", vrf: "red" },
      passwordSecret: { name: "router-2", namespace: "metallb-system" },
    },
    "v1beta2",
  ),
  own(
    "BGPPeer",
    "router-3",
    { myASN: 64500, dynamicASN: "external", interface: "eth1" },
    "v1beta2",
  ),
  core(
    "Secret",
    "router-2",
    { type: "kubernetes.io/basic-auth", stringData: { password: PASSWORD } },
    "metallb-system",
  ),
  ...["web", "db", "dual"].flatMap((name): readonly Json[] => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        ...{ name, namespace: "default", labels: { app: name } },
        annotations: {
          "metallb.io/allow-shared-ip": "key",
          ...(name === "db" ? { "metallb.io/loadBalancerIPs": "198.51.100.201" } : {}),
          ...(name === "dual" ? { "metallb.io/address-pool": "public" } : {}),
        },
      },
      spec: {
        type: "LoadBalancer",
        ...(name === "dual"
          ? {
              ...{ ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] },
              clusterIPs: ["192.0.2.240", "2001:db8:0:e::1"],
            }
          : { clusterIP: "192.0.2.250" }),
        externalTrafficPolicy: name === "db" ? "Local" : "Cluster",
        ports: [{ name: "http", port: name === "web" ? 80 : 443, protocol: "TCP" }],
        selector: { app: name },
      },
      ...(name === "web" ? { status: { loadBalancer: { ingress: [{ ip: "203.0.113.3" }] } } } : {}),
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        ...{ name: `${name}-1`, namespace: "default" },
        labels: { "kubernetes.io/service-name": name },
      },
      addressType: "IPv4",
      ports: [{ port: 8080 }],
      endpoints: [
        {
          ...{ addresses: ["192.0.2.130"], nodeName: "n1" },
          conditions: { ready: true, serving: true, terminating: false },
        },
      ],
    },
  ]),
];
