/**
 * MetalLB's own binaries beside ours, and the way from a namespace to an API server on the host. The binaries
 * come from `FERROLB_PEER_DIR`, or from the archive beside the project; tests skip by name without them.
 */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { expect } from "chai";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { NAMESPACE, post } from "./crds.ts";
import type { Kube } from "./kube.ts";

const ARCHIVE = resolve("../shared/peers/metallb-0.16.1-linux-amd64.tar.xz");
const PORT = 6443;

/** Directory with `metallb-speaker`, `metallb-controller` and the reloader; null where they are not given. */
export async function peerDir(into: string): Promise<string | null> {
  const given = process.env["FERROLB_PEER_DIR"];
  if (given !== undefined) return given;
  if (!existsSync(ARCHIVE)) return null;
  await execa("tar", ["-xJf", ARCHIVE, "-C", into]);
  return into;
}

/** In every namespace that `open` was called for, 127.0.0.1 leads to the API server. */
export interface Relay {
  /** Of use inside these namespaces. */
  readonly kubeconfig: string;
  open(space: Netns): void;
  close(): void;
}

export async function startRelay(kube: Kube, dir: string): Promise<Relay> {
  const socket = join(dir, "api.sock");
  const host = createServer((near) => {
    const far = connect(Number(new URL(kube.server).port), "127.0.0.1");
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  }).listen(socket);
  const kubeconfig = join(dir, "kubeconfig");
  const text = await readFile(kube.kubeconfig, "utf8");
  await writeFile(kubeconfig, text.replace(kube.server, `https://127.0.0.1:${PORT}`));
  const main = resolve(import.meta.dirname, "relay-main.ts");
  const relays: Running[] = [];
  return {
    kubeconfig,
    open(space) {
      relays.push(space.spawn(process.execPath, "--import", "tsx", main, String(PORT), socket));
    },
    close() {
      for (const relay of relays) relay.kill("SIGKILL");
      host.close();
    },
  };
}

export const METALLB = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}`;

export async function mergeStatus(kube: Kube, path: string, status: object): Promise<void> {
  const headers = { "content-type": "application/merge-patch+json" };
  const answer = await kube.request("PATCH", `${path}/status`, { status }, headers);
  expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
}

/** The Pod of a speaker, as the kubelet would report it. */
export async function postSpeakerPod(kube: Kube, node: string, address: string): Promise<void> {
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  await post(kube, pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `speaker-${node}`, labels: { app: "metallb", component: "speaker" } },
    spec: { nodeName: node, containers: [{ name: "speaker", image: "speaker" }] },
  });
  await mergeStatus(kube, `${pods}/speaker-${node}`, {
    phase: "Running",
    podIP: address,
    podIPs: [{ ip: address }],
  });
}

/** Nodes with a speaker's Pod each, by name with address, and MetalLB's Deployment with a Pod that nothing runs. */
export async function postInstallation(
  kube: Kube,
  nodes: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, address] of nodes) {
    await post(kube, "/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": name } },
    });
    await postSpeakerPod(kube, name, address);
  }
  const template = {
    metadata: { labels: { app: "metallb", component: "controller" } },
    spec: { containers: [{ name: "controller", image: "controller" }] },
  };
  await post(kube, `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "controller" },
    spec: { replicas: 0, selector: { matchLabels: template.metadata.labels }, template },
  });
  await post(kube, `/api/v1/namespaces/${NAMESPACE}/pods`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "controller-0", ...template.metadata },
    spec: template.spec,
  });
}

export interface SpeakerPlace {
  readonly kubeconfig: string;
  readonly node: string;
  readonly address: string;
  /** File with the membership's key. */
  readonly key: string;
  readonly bgp: "frr" | "native";
}

/** Words before a speaker's command: what either kind reads from its environment. */
export const speakerEnvironment = ({
  kubeconfig,
  node,
  address,
  key,
  bgp,
}: SpeakerPlace): readonly string[] => [
  "env",
  `KUBECONFIG=${kubeconfig}`,
  `METALLB_BGP_TYPE=${bgp}`,
  `METALLB_NODE_NAME=${node}`,
  `METALLB_POD_NAME=speaker-${node}`,
  `METALLB_NAMESPACE=${NAMESPACE}`,
  `METALLB_ML_BIND_ADDR=${address}`,
  "METALLB_ML_LABELS=app=metallb,component=speaker",
  `METALLB_ML_SECRET_KEY_PATH=${key}`,
];
