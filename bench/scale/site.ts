/**
 * One node, its router and a real API server: what a speaker needs to be measured with any number of objects.
 * Everything is in network namespaces that are connected to nothing else.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyCrds, applyObjects } from "../../src/lab/cluster-objects.ts";
import { startApiServer } from "../../src/lab/api-server.ts";
import type { ApiServer } from "../../src/lab/api-server.ts";
import { startFrr } from "../../src/lab/frr-instance.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns } from "../../src/lab/netns.ts";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { kubeBinaries } from "../../test/support/kube.ts";
import { startRelay } from "../../test/support/metallb.ts";
import { watchKernel } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import { NODE } from "./world.ts";

export interface Site {
  readonly dir: string;
  readonly api: ApiServer;
  readonly client: KubeClient;
  readonly node: Netns;
  readonly frr: FrrInstance;
  readonly router: FrrInstance;
  /** The router's. */
  readonly kernel: Kernel;
  /** Of use in the node's namespace. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const ROUTER_CONF = `router bgp 64501
 bgp router-id 192.0.2.1
 no bgp ebgp-requires-policy
 neighbor 192.0.2.11 remote-as 64500
 neighbor 192.0.2.11 passive
exit
`;

/** @throws Error where root, FRR or the API server cannot be had */
export async function startSite(version: FrrVersion): Promise<Site> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-scale-`));
    closers.push(() => rm(dir, { recursive: true, force: true }));
    const bin = await kubeBinaries("kube-apiserver");
    if (bin === null) throw new Error("no kube-apiserver here");
    const serviceCidrs = "198.19.0.0/16";
    const api = await startApiServer({ bin, dir: join(dir, "api"), serviceCidrs });
    closers.push(() => api.stop());
    const client = kubeClient(loadKubeConfig(api.kubeconfig));
    closers.push(() => client.close());
    await applyObjects(client, [namespace("metallb-system"), namespace("default")]);
    await applyCrds(client, join(import.meta.dirname, "../../deploy/kustomize/crds"));
    await applyObjects(client, [speakerPod()]);

    const net = createNet();
    closers.push(() => net.destroy());
    const [node, hub] = [await net.namespace("node"), await net.namespace("router")];
    await net.veth(
      { ns: node, dev: "eth0", addresses: ["192.0.2.11/24"] },
      { ns: hub, dev: "eth0", addresses: ["192.0.2.1/24"] },
    );
    const request = { ...api, request: () => Promise.reject(new Error("not used")) };
    const relay = await startRelay({ ...request, stop: () => Promise.resolve() }, dir);
    closers.push(() => relay.close());
    relay.open(node);
    const instance = async (netns: string, config: string, listen: boolean) => {
      const own = join(dir, netns, "frr");
      await mkdir(own, { recursive: true });
      const started = await startFrr({ netns, version, dir: own, config, listen });
      closers.push(() => started.stop());
      return started;
    };
    const router = await instance(hub.name, ROUTER_CONF, true);
    const frr = await instance(node.name, "", false);
    const kernel = watchKernel(hub);
    closers.push(() => kernel.stop());
    await mkdir(join(dir, "key"));
    await writeFile(join(dir, "key/secretkey"), "documentation-only");
    return { dir, api, client, node, frr, router, kernel, kubeconfig: relay.kubeconfig, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

const speakerPod = () => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `speaker-${NODE}`,
    namespace: "metallb-system",
    labels: { app: "metallb", component: "speaker" },
  },
  spec: { nodeName: NODE, containers: [{ name: "speaker", image: "speaker" }] },
  status: { phase: "Running", podIP: "192.0.2.11", podIPs: [{ ip: "192.0.2.11" }] },
});
