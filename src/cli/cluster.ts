/** Wiring of the cluster store: what each component reads, and as whom it writes. */
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import { loadKubeConfig } from "../kube/access.ts";
import { KubeError, kubeClient } from "../kube/client.ts";
import type { KubeClient } from "../kube/client.ts";
import { openClusterStore } from "../kube/cluster-store.ts";
import type { ListName } from "../kube/resources.ts";
import type { Logger } from "../observability/log.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { sleep, systemClock } from "../runtime/clock.ts";

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

/** @throws AppError `ERR_UNREADABLE_INPUT` without a cluster to read */
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
    // With each address that is given or taken the counters of its pool change, for the controller alone.
    blind: o.component === "controller" ? [] : ["pools"],
    queries: { pods: { labelSelector: o.podLabels === "" ? SPEAKER_PODS : o.podLabels } },
    pod: await ownPod(client, o.namespace, flags.podName, o.log),
    instance: o.instance,
    clock: systemClock,
    random: Math.random,
    log: o.log.child({ room: "kube" }),
  });
  return { store, client };
}

const POD_RETRY = { minMs: 200, maxMs: 2000 };
const POD_TRIES = 5;

/**
 * Owner of the status objects we write; null when we are not told which Pod we are. One that cannot be read
 * costs the ownership, not the start: announcing matters more than tidying up.
 */
async function ownPod(
  client: KubeClient,
  namespace: string,
  name: string | undefined,
  log: Logger,
): Promise<{ readonly name: string; readonly uid: string } | null> {
  if (name === undefined || name === "") return null;
  for (let tries = 1; ; tries++) {
    try {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      const pod = (await client.request("GET", path)) as {
        readonly metadata: { readonly uid: string };
      };
      return { name, uid: pod.metadata.uid };
    } catch (err) {
      if (!(err instanceof AppError)) throw err;
      const isRefused = err instanceof KubeError && [403, 404].includes(err.status);
      if (isRefused || tries === POD_TRIES) {
        log.warn({ err }, "own Pod not read: nobody owns the status objects written here");
        return null;
      }
      await sleep(systemClock, backoffMs(POD_RETRY, tries), new AbortController().signal);
    }
  }
}
