/** What the API server holds: nodes, Pods, pool, peer, advertisements, and Services by the thousand. */
import { applyCrds, post } from "../../test/support/crds.ts";
import type { Kube } from "../../test/support/kube.ts";
import { METALLB, postInstallation } from "../../test/support/metallb.ts";
import { addressOf, L2_POOL, NODE_ASN, NODES, POOL, ROUTER } from "./plan.ts";

const SERVICES = "/api/v1/namespaces/default/services";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const MERGE = { "content-type": "application/merge-patch+json" };
/** Requests at once: more only wait in the API server. */
const PARALLEL = 8;

export async function configure(kube: Kube): Promise<void> {
  await applyCrds(kube);
  await postInstallation(kube, new Map(NODES.map((name) => [name, addressOf(name)])));
  const resource = (kind: string, plural: string, name: string, spec: object): Promise<void> => {
    const version = kind === "BGPPeer" ? "v1beta2" : "v1beta1";
    return post(kube, `${METALLB.replace("v1beta1", version)}/${plural}`, {
      ...{ apiVersion: `metallb.io/${version}`, kind, metadata: { name }, spec },
    });
  };
  await resource("IPAddressPool", "ipaddresspools", "routed", { addresses: [POOL] });
  await resource("IPAddressPool", "ipaddresspools", "wire", {
    addresses: L2_POOL,
    autoAssign: false,
  });
  await resource("BGPPeer", "bgppeers", "r1", {
    ...{ myASN: NODE_ASN, peerASN: ROUTER.asn, peerAddress: ROUTER.address, connectTime: "1s" },
  });
  await resource("BGPAdvertisement", "bgpadvertisements", "routed", { ipAddressPools: ["routed"] });
  await resource("L2Advertisement", "l2advertisements", "wire", { ipAddressPools: ["wire"] });
}

export async function setCommunity(kube: Kube, community: string): Promise<void> {
  const path = `${METALLB}/bgpadvertisements/routed`;
  const { status } = await kube.request(
    "PATCH",
    path,
    { spec: { communities: [community] } },
    MERGE,
  );
  if (status !== 200) throw new Error(`the API server answered ${status}`);
}

export interface Wish {
  readonly pool?: "routed" | "wire";
  readonly spec?: object;
  /** Nodes with a ready endpoint. */
  readonly endpoints?: readonly string[];
}

const endpointsOf = (nodes: readonly string[]): object => ({
  endpoints: nodes.map((nodeName, at) => ({
    ...{ addresses: [`192.0.2.${100 + at}`], nodeName, conditions: { ready: true } },
  })),
});

/** The endpoints first: what is measured begins with the Service. */
export async function createEndpoints(
  kube: Kube,
  name: string,
  nodes: readonly string[] = ["n1"],
): Promise<void> {
  await post(kube, SLICES, {
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", ports: [] },
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    ...endpointsOf(nodes),
  });
}

export async function moveEndpoints(
  kube: Kube,
  name: string,
  nodes: readonly string[],
): Promise<void> {
  await kube.request("PATCH", `${SLICES}/${name}`, endpointsOf(nodes), MERGE);
}

export async function createService(kube: Kube, name: string, wish: Wish = {}): Promise<void> {
  await post(kube, SERVICES, {
    ...{ apiVersion: "v1", kind: "Service" },
    metadata: { name, annotations: { "metallb.io/address-pool": wish.pool ?? "routed" } },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...wish.spec },
  });
}

export const deleteService = async (kube: Kube, name: string): Promise<void> => {
  await kube.request("DELETE", `${SERVICES}/${name}`);
};

export const deleteEndpoints = async (kube: Kube, name: string): Promise<void> => {
  await kube.request("DELETE", `${SLICES}/${name}`);
};

/** Runs the work for each item, some at a time. */
export async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Addresses of every Service of the bench, by name; empty while it waits. */
export async function addresses(kube: Kube): Promise<ReadonlyMap<string, readonly string[]>> {
  const { body } = await kube.request("GET", `${SERVICES}?resourceVersion=0`);
  const { items } = body as {
    items: {
      metadata: { name: string };
      status: { loadBalancer?: { ingress?: { ip: string }[] } };
    }[];
  };
  return new Map(
    items
      .filter(({ metadata }) => metadata.name !== "kubernetes") // the API server itself
      .map(({ metadata, status }) => [
        metadata.name,
        (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
      ]),
  );
}
