/** Manifests as objects, for tests that write a directory and watch what happens. */
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labNode } from "../../src/lab/cluster-objects.ts";
import { NODES, POD_NETWORKS, addressOf } from "../../src/lab/plan.ts";
import type { NodeName } from "../../src/lab/plan.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** JSON is YAML; the file appears whole or not at all, as a careful person would write it. */
export async function writeManifests(
  dir: string,
  file: string,
  ...manifests: readonly Manifest[]
): Promise<void> {
  const text = manifests.map((m) => JSON.stringify(m, null, 2)).join("\n---\n");
  const draft = join(dir, `.${file}.new`);
  await writeFile(draft, `${text}\n`);
  await rename(draft, join(dir, `${file}.yaml`));
}
export const removeManifests = (dir: string, file: string): Promise<void> =>
  rm(join(dir, `${file}.yaml`));

const metallb = (kind: string, name: string, spec: object, version = "v1beta1"): Manifest => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: { name, namespace: "metallb-system" },
  spec,
});
export const pool = (name: string, addresses: readonly string[], spec: object = {}): Manifest =>
  metallb("IPAddressPool", name, { addresses, ...spec });
export const peer = (name: string, spec: object): Manifest =>
  metallb("BGPPeer", name, { myASN: 64500, ...spec }, "v1beta2");
export const bgpAdvertisement = (name: string, spec: object = {}): Manifest =>
  metallb("BGPAdvertisement", name, spec);
export const l2Advertisement = (name: string, spec: object = {}): Manifest =>
  metallb("L2Advertisement", name, spec);
export const bfdProfile = (name: string, spec: object): Manifest =>
  metallb("BFDProfile", name, spec);

export const secret = (name: string, password: string): Manifest => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "metallb-system" },
  type: "kubernetes.io/basic-auth",
  stringData: { password },
});

/** The lab's routers as peers: r1 external, r2 internal. */
export const router1 = (spec: object = {}): Manifest =>
  peer("router-1", { peerASN: 64501, peerAddress: addressOf("r1", "lan"), ...TIMERS, ...spec });
export const router2 = (spec: object = {}): Manifest =>
  peer("router-2", { peerASN: 64500, peerAddress: addressOf("r2", "lan"), ...TIMERS, ...spec });
const TIMERS = { holdTime: "90s", keepaliveTime: "30s" };

/** n1 is no worker. */
export const nodes = (): readonly Manifest[] =>
  NODES.map((name) =>
    labNode(name, {
      "kubernetes.io/os": "linux",
      ...(name === "n1" ? {} : { "node-role.kubernetes.io/worker": "" }),
    }),
  );

export interface ServiceOptions {
  /** Requested address; its family is the Service's. Default: any IPv4 one. */
  readonly ip?: string;
  readonly local?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where its backends run; default: everywhere. */
  readonly on?: readonly NodeName[];
}

/** A Service on port 80 and its EndpointSlice: the pods of the lab. */
export function service(name: string, options: ServiceOptions = {}): readonly Manifest[] {
  const { ip, local = false, annotations = {}, labels = {}, on = NODES } = options;
  const six = ip?.includes(":") === true;
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "default", annotations, labels },
      spec: {
        type: "LoadBalancer",
        clusterIP: six ? "2001:db8:0:e::1" : "192.0.2.250",
        externalTrafficPolicy: local ? "Local" : "Cluster",
        ports: [{ port: 80, targetPort: 8080 }],
        ...(ip === undefined ? {} : { loadBalancerIP: ip }),
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${name}-1`,
        namespace: "default",
        labels: { "kubernetes.io/service-name": name },
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
}
