/** Nodes that announce nothing because no speaker is ready there, and what keeps it away. Pure. */
import type { Node } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { blockingTaints, isReady, speakerPods, taintText } from "./speakers.ts";

export interface WithoutSpeaker {
  readonly node: string;
  /** `taint`: it keeps the Pod off; `notReady`: a Pod is there; `noPod`: none, and nothing seen that keeps it off. */
  readonly reason: "taint" | "notReady" | "noPod";
  readonly message: string;
}

/** Sorted by node. Says nothing useful of a directory of manifests, where speakers are no Pods. */
export function nodesWithoutSpeaker(
  snapshot: Pick<Snapshot, "nodes" | "pods" | "namespace">,
): readonly WithoutSpeaker[] {
  const pods = speakerPods(snapshot);
  return snapshot.nodes
    .flatMap((node) => {
      const { name } = node.metadata;
      const here = pods.filter((pod) => pod.spec?.nodeName === name);
      if (here.some(isReady)) return [];
      return [{ node: name, ...reasonFor(node, here.length > 0) }];
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

function reasonFor(node: Node, hasPod: boolean): Pick<WithoutSpeaker, "reason" | "message"> {
  const { name } = node.metadata;
  if (hasPod) return { reason: "notReady", message: `the speaker of node "${name}" is not ready` };
  // A DaemonSet tolerates what the node controller puts on a node in trouble.
  const taint = blockingTaints(node).find((t) => !t.key.startsWith("node.kubernetes.io/"));
  return taint === undefined
    ? { reason: "noPod", message: `no speaker runs on node "${name}"` }
    : {
        reason: "taint",
        message: `no speaker runs on node "${name}": its taint ${taintText(taint)} is not tolerated`,
      };
}
