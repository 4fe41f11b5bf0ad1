/** Objects into an API server, as `kubectl apply` and a kubelet would put them: spec first, then status. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../api/objects.ts";
import { AppError } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { NODES, addressOf } from "./plan.ts";

export const NAMESPACE = "metallb-system";
const FIELD_MANAGER = "fieldManager=lab&force=true";

type Loose = KubeObject & {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
};

const RBAC = "/apis/rbac.authorization.k8s.io/v1";

/** Where an object of one kind lives; null: the lab has no use for it. */
export function pathOf({ apiVersion, kind, metadata }: Loose): string | null {
  const { name, namespace = NAMESPACE } = metadata;
  const core = `/api/v1/namespaces/${namespace}`;
  switch (kind) {
    case "Node":
      return `/api/v1/nodes/${name}`;
    case "Namespace":
      return `/api/v1/namespaces/${name}`;
    case "Service":
      return `${core}/services/${name}`;
    case "Secret":
      return `${core}/secrets/${name}`;
    case "ConfigMap":
      return `${core}/configmaps/${name}`;
    case "Pod":
      return `${core}/pods/${name}`;
    case "ServiceAccount":
      return `${core}/serviceaccounts/${name}`;
    case "ClusterRole":
    case "ClusterRoleBinding":
      return `${RBAC}/${kind.toLowerCase()}s/${encodeURIComponent(name)}`;
    case "Role":
    case "RoleBinding":
      return `${RBAC}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
    case "EndpointSlice":
      return `/apis/${apiVersion}/namespaces/${namespace}/endpointslices/${name}`;
    case "IPAddressPool":
    case "L2Advertisement":
    case "BGPAdvertisement":
    case "BGPPeer":
    case "BFDProfile":
      return `/apis/${apiVersion}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
    case "Community":
      return `/apis/${apiVersion}/namespaces/${namespace}/communities/${name}`;
    default:
      return null;
  }
}

/** Cluster IPs are the API server's to give: those of a directory of manifests are another network's. */
function asWritten(object: Loose): Loose {
  const { status: _, ...rest } = object;
  if (object.kind !== "Service") return rest;
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = object.spec ?? {};
  const ports = (Array.isArray(spec["ports"]) ? spec["ports"] : []) as readonly object[];
  return { ...rest, spec: { ...spec, ports: ports.map((p) => ({ protocol: "TCP", ...p })) } };
}

/** Server-side apply of objects, with the status of Nodes and Pods. @throws AppError as the client */
export async function applyObjects(
  client: KubeClient,
  objects: readonly KubeObject[],
): Promise<void> {
  for (const object of objects as readonly Loose[]) {
    const path = pathOf(object);
    if (path === null) continue;
    await client.patch(`${path}?${FIELD_MANAGER}`, asWritten(object), "apply");
    if (object.kind === "Service" || object.status === undefined) continue;
    await client.patch(`${path}/status`, { status: object.status });
  }
}

/** The documents of a directory of manifests; Namespaces and Nodes first. */
export async function objectsIn(dir: string): Promise<readonly KubeObject[]> {
  const files = (await readdir(dir)).filter((f) => /\.ya?ml$/.test(f)).sort();
  const texts = await Promise.all(files.map((f) => readFile(join(dir, f), "utf8")));
  const objects = texts
    .flatMap((text) => parseAllDocuments(text).map((d) => d.toJS() as KubeObject | null))
    .filter((o) => o !== null);
  const rank = ({ kind }: KubeObject): number => (kind === "Namespace" || kind === "Node" ? 0 : 1);
  return objects.sort((a, b) => rank(a) - rank(b));
}

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
    conversion?: unknown;
  };
}

/** The project's CRDs, served; without the conversion webhook, which nobody runs here. @throws AppError */
export async function applyCrds(client: KubeClient, dir: string): Promise<void> {
  const served: string[] = [];
  for (const file of (await readdir(dir)).filter((f) => f.includes("io_")))
    for (const document of parseAllDocuments(await readFile(join(dir, file), "utf8"))) {
      const crd = document.toJS() as Crd;
      delete crd.spec.conversion;
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
      await client.patch(`${path}?${FIELD_MANAGER}`, crd, "apply");
      const { group, names, versions } = crd.spec;
      for (const { name } of versions) served.push(`/apis/${group}/${name}/${names.plural}`);
    }
  for (const path of served)
    for (let tries = 0; !(await answers(client, path)); tries++) {
      if (tries > 300) throw new AppError("ERR_ENVIRONMENT", `${path} is not served`);
      await sleep(100);
    }
}

const answers = (client: KubeClient, path: string): Promise<boolean> =>
  client.request("GET", path).then(
    () => true,
    () => false,
  );

/** Namespaces, and a ready speaker Pod per node: no kubelet runs here. */
export const placesOfSpeakers = (): readonly KubeObject[] => [
  ...[NAMESPACE, "default"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  })),
  ...NODES.map((node) => speakerPod(node, true)),
];

/** A Node that is ready, as a kubelet would report it. */
export const labNode = (
  name: (typeof NODES)[number],
  labels: Readonly<Record<string, string>> = {},
  conditions: readonly { readonly type: string; readonly status: string }[] = [],
) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
  status: {
    addresses: [{ type: "InternalIP", address: addressOf(name, "lan") }],
    conditions: [{ type: "Ready", status: "True" }, ...conditions],
  },
});

export const speakerPod = (node: (typeof NODES)[number], ready: boolean): KubeObject => {
  const ip = addressOf(node, "lan");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `speaker-${node}`,
      namespace: NAMESPACE,
      labels: { app: "metallb", component: "speaker" },
    },
    spec: { nodeName: node, containers: [{ name: "speaker", image: "ferrolb" }] },
    status: {
      phase: "Running",
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  } as KubeObject;
};
