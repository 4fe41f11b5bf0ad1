/** The lab on an API server: etcd and kube-apiserver on the host's loopback, reached from the namespaces by a socket. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "../api/objects.ts";
import type { Store } from "../api/store.ts";
import { loadKubeConfig } from "../kube/access.ts";
import { kubeClient } from "../kube/client.ts";
import type { KubeClient } from "../kube/client.ts";
import { openClusterStore } from "../kube/cluster-store.ts";
import type { ListName } from "../kube/resources.ts";
import { systemClock } from "../runtime/clock.ts";
import { kubeconfigFor, startApiServer } from "./api-server.ts";
import type { ApiServer } from "./api-server.ts";
import { applyCrds, applyObjects, placesOfSpeakers } from "./cluster-objects.ts";
import { relayTo } from "./relay.ts";
import type { Relay } from "./relay.ts";

/** What the lab's daemons need to know of it. */
export interface LabCluster {
  /** Names the API server as the namespaces see it. */
  readonly kubeconfig: string;
  readonly port: number;
  /** Leads to the host. */
  readonly socket: string;
  /** The program kube-proxy; null: nobody forwards. */
  readonly kubeProxy: string | null;
  /** In place of `kubeconfig`, which is an administrator's. */
  readonly identities?: Readonly<Record<"controller" | "speaker", string>>;
}

export interface Cluster {
  readonly api: ApiServer;
  /** From the host. */
  readonly client: KubeClient;
  /** The only way of the namespaces to it. */
  readonly relay: Relay;
  readonly forLab: LabCluster;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Made when missing. */
  readonly dir: string;
  /** With `kube-apiserver` and `kube-proxy`. */
  readonly bin: string;
  /** Directory of the CRDs. */
  readonly crds: string;
  /** What is there from the start. */
  readonly objects: readonly KubeObject[];
}

/** Cluster IPs stay on the nodes: a range for tests of devices (RFC 2544), and a documentation prefix. */
const SERVICE_CIDRS = "198.18.0.0/20,2001:db8:0:e::/112";
const PORT = 6443;

/** @throws AppError `ERR_ENVIRONMENT` when it cannot be started; nothing is left then */
export async function startCluster(o: ClusterOptions): Promise<Cluster> {
  await mkdir(o.dir, { recursive: true });
  const api = await startApiServer({
    bin: o.bin,
    dir: join(o.dir, "api"),
    serviceCidrs: SERVICE_CIDRS,
  });
  const client = kubeClient(loadKubeConfig(api.kubeconfig));
  const socket = join(o.dir, "api.sock");
  const relay = relayTo(Number(new URL(api.server).port), socket);
  const stop = async (): Promise<void> => {
    relay.close();
    client.close();
    await api.stop();
  };
  try {
    await applyObjects(client, placesOfSpeakers().slice(0, 2));
    await applyCrds(client, o.crds);
    await applyObjects(client, [...placesOfSpeakers().slice(2), ...o.objects]);
    const kubeconfig = join(o.dir, "kubeconfig");
    const ca = join(api.dir, "certs/apiserver.crt");
    await writeFile(kubeconfig, kubeconfigFor(`https://127.0.0.1:${PORT}`, ca, api.token), {
      mode: 0o600,
    });
    const forLab = { kubeconfig, port: PORT, socket, kubeProxy: join(o.bin, "kube-proxy") };
    return { api, client, relay, forLab, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The cluster as a store that only looks, from the host. */
export const followCluster = (kubeconfig: string, namespace: string): Store => {
  const silent = { info: () => undefined, warn: () => undefined };
  return openClusterStore({
    client: kubeClient(loadKubeConfig(kubeconfig)),
    namespace,
    lists: LISTS,
    pod: null,
    instance: "lab",
    clock: systemClock,
    random: Math.random,
    log: silent,
  });
};

const LISTS: readonly ListName[] = [
  ...(["pools", "l2Advertisements", "bgpAdvertisements", "bgpPeers", "bfdProfiles"] as const),
  ...(["communities", "services", "endpointSlices", "nodes", "namespaces", "secrets"] as const),
  ...(["configMaps", "pods"] as const),
];
