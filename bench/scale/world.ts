/** A cluster on paper: nodes, Services and slices as full as an API server's are, at addresses for benchmarks. */
import type { KubeClient } from "../../src/kube/client.ts";

const NAMESPACE = "metallb-system";
/** Who is under test. */
export const NODE = "n1";
const ROUTER = "192.0.2.1";

/** Of 198.18.0.0/16 (RFC 2544: benchmarks of devices), inside namespaces alone. */
export const addressOf = (i: number): string => `198.18.${i >> 8}.${i & 255}`;
export const serviceName = (i: number): string => `web-${i.toString().padStart(5, "0")}`;
export const nodeName = (i: number): string =>
  i === 0 ? NODE : `worker-${i.toString().padStart(4, "0")}`;

const own = (plural: string, version = "v1beta1") =>
  `/apis/metallb.io/${version}/namespaces/${NAMESPACE}/${plural}`;

/** One after another would take minutes: so many requests are under way. */
const WORKERS = 16;

export async function each(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

/** A pool, advertised by BGP to one router (and at L2 where asked), and this node. */
export async function writeConfiguration(
  client: KubeClient,
  { layer2 }: { readonly layer2: boolean },
): Promise<void> {
  const metadata = { name: "scale", namespace: NAMESPACE };
  const v1beta1 = { apiVersion: "metallb.io/v1beta1", metadata };
  await client.request("POST", own("ipaddresspools"), {
    ...{ ...v1beta1, kind: "IPAddressPool" },
    spec: { addresses: ["198.18.0.0/16"] },
  });
  await client.request("POST", own("bgpadvertisements"), {
    ...{ ...v1beta1, kind: "BGPAdvertisement" },
    spec: { ipAddressPools: ["scale"] },
  });
  if (layer2)
    await client.request("POST", own("l2advertisements"), {
      ...{ ...v1beta1, kind: "L2Advertisement" },
      spec: { ipAddressPools: ["scale"] },
    });
  await client.request("POST", own("bgppeers", "v1beta2"), {
    ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", metadata },
    spec: { myASN: 64500, peerASN: 64501, peerAddress: ROUTER },
  });
}

/** Nodes as a kubelet fills them: labels, conditions, addresses and the images they hold. */
export async function writeNodes(client: KubeClient, from: number, to: number): Promise<void> {
  await each(to - from, async (n) => {
    const i = from + n;
    const name = nodeName(i);
    await client.request("POST", "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "beta.kubernetes.io/arch": "amd64",
          "beta.kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "node.kubernetes.io/instance-type": "bare-metal-large",
          "topology.kubernetes.io/region": "region-1",
          "topology.kubernetes.io/zone": `zone-${i % 3}`,
        },
        annotations: {
          "node.alpha.kubernetes.io/ttl": "0",
          "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        },
      },
      spec: { podCIDR: `10.${i >> 8}.${i & 255}.0/24` },
    });
    const atMs = "2026-01-01T00:00:00Z";
    const condition = (type: string, status: string) => ({
      ...{ type, status, reason: `Kubelet${type}`, message: `kubelet says ${type} ${status}` },
      ...{ lastHeartbeatTime: atMs, lastTransitionTime: atMs },
    });
    const address = i === 0 ? "192.0.2.11" : `203.0.113.${(i % 250) + 1}`;
    await client.patch(`/api/v1/nodes/${name}/status`, {
      status: {
        addresses: [
          { type: "InternalIP", address },
          { type: "Hostname", address: name },
        ],
        conditions: [
          condition("MemoryPressure", "False"),
          condition("DiskPressure", "False"),
          condition("PIDPressure", "False"),
          condition("Ready", "True"),
        ],
        capacity: { cpu: "64", memory: "263856Mi", pods: "110" },
        images: Array.from({ length: 20 }, (_, k) => ({
          names: [
            `registry.example/team-${k % 4}/image-${k}@sha256:${`${k}`.padStart(64, "0")}`,
            `registry.example/team-${k % 4}/image-${k}:v1.${k}`,
          ],
          sizeBytes: 12_345_678 + k,
        })),
      },
    });
  });
}

/** The address is written as a controller would: what is measured is the speaker. */
export async function giveAddress(client: KubeClient, i: number): Promise<void> {
  await client.patch(`/api/v1/namespaces/default/services/${serviceName(i)}/status`, {
    status: { loadBalancer: { ingress: [{ ip: addressOf(i) }] } },
  });
}

const manifest = (i: number) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: serviceName(i),
    namespace: "default",
    labels: {
      "app.kubernetes.io/name": serviceName(i),
      "app.kubernetes.io/part-of": `team-${i % 20}`,
      "app.kubernetes.io/managed-by": "Helm",
    },
  },
  spec: {
    type: "LoadBalancer",
    selector: { "app.kubernetes.io/name": serviceName(i) },
    ports: [
      { name: "http", protocol: "TCP", port: 80, targetPort: 8080 },
      { name: "https", protocol: "TCP", port: 443, targetPort: 8443 },
    ],
  },
});

/** The Service with its endpoints; without an address until `giveAddress`. */
export async function createService(client: KubeClient, i: number): Promise<void> {
  const object = manifest(i);
  const applied = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(object) };
  await client.request("POST", "/api/v1/namespaces/default/services", {
    ...object,
    metadata: { ...object.metadata, annotations: applied },
  });
  await client.request("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    addressType: "IPv4",
    metadata: {
      name: `${serviceName(i)}-x7k2p`,
      namespace: "default",
      labels: {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": serviceName(i),
        "app.kubernetes.io/name": serviceName(i),
      },
      annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
    },
    ports: [
      { name: "http", protocol: "TCP", port: 8080 },
      { name: "https", protocol: "TCP", port: 8443 },
    ],
    endpoints: [0, 1].map((pod) => ({
      addresses: [`10.${i >> 8}.${i & 255}.${pod + 1}`],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: nodeName(pod === 0 ? 0 : i % 1000),
      targetRef: {
        ...{ kind: "Pod", namespace: "default", name: `${serviceName(i)}-${pod}` },
        uid: `00000000-0000-4000-8000-${(i * 2 + pod).toString(16).padStart(12, "0")}`,
      },
      zone: `zone-${pod}`,
    })),
  });
}

export async function removeService(client: KubeClient, i: number): Promise<void> {
  const name = serviceName(i);
  await client.request("DELETE", `/api/v1/namespaces/default/services/${name}`);
  const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
  await client.request("DELETE", `${slices}/${name}-x7k2p`);
}

/** Services `from` up to `to`, with their addresses. */
export const writeServices = (client: KubeClient, from: number, to: number): Promise<void> =>
  each(to - from, async (n) => {
    await createService(client, from + n);
    await giveAddress(client, from + n);
  });
