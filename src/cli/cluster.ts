/** Wiring of the cluster store: what each component reads, and as whom it writes. */
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import { kubeClient, loadKubeConfig } from "../kube/client.ts";
import type { KubeClient } from "../kube/client.ts";
import { openClusterStore } from "../kube/cluster-store.ts";
import type { ListName } from "../kube/resources.ts";
import type { Logger } from "../observability/log.ts";
import { systemClock } from "../runtime/clock.ts";

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly podName?: string;
}

export interface Cluster {
  readonly store: Store;
  readonly client: KubeClient;
}

const CONTROLLER: readonly ListName[] = [
  "pools",
  "communities",
  "l2Advertisements",
  "bgpAdvertisements",
  "bgpPeers",
  "bfdProfiles",
  "services",
  "namespaces",
  "nodes",
];
const SPEAKER: readonly ListName[] = [
  ...CONTROLLER,
  "endpointSlices",
  "secrets",
  "configMaps",
  "pods",
];

/** Labels under which both MetalLB's manifest and its chart have the speakers' Pods. */
const SPEAKER_PODS = "component=speaker";

/**
 * @throws AppError `ERR_UNREADABLE_INPUT` without a cluster, `ERR_KUBE_API` when our own Pod can't be read.
 */
export async function openCluster(
  flags: ClusterFlags,
  o: {
    readonly component: "controller" | "speaker";
    readonly namespace: string;
    readonly instance: string;
    readonly podLabels: string;
    readonly log: Logger;
  },
): Promise<Cluster> {
  const client = kubeClient(loadKubeConfig(flags.kubeconfig));
  const store = openClusterStore({
    client,
    namespace: o.namespace,
    lists: o.component === "controller" ? CONTROLLER : SPEAKER,
    queries: { pods: { labelSelector: o.podLabels === "" ? SPEAKER_PODS : o.podLabels } },
    pod: await ownPod(client, o.namespace, flags.podName),
    instance: o.instance,
    clock: systemClock,
    random: Math.random,
    log: o.log.child({ room: "kube" }),
  });
  return { store, client };
}

/** Owner of the status objects we write; null when we are not told which Pod we are. */
async function ownPod(
  client: KubeClient,
  namespace: string,
  name: string | undefined,
): Promise<{ readonly name: string; readonly uid: string } | null> {
  if (name === undefined || name === "") return null;
  const pod = (await client.request("GET", `/api/v1/namespaces/${namespace}/pods/${name}`)) as {
    readonly metadata?: { readonly uid?: string };
  };
  const uid = pod.metadata?.uid;
  if (uid === undefined) throw new AppError("ERR_KUBE_API", `Pod ${name} has no uid`);
  return { name, uid };
}
