/** On which nodes a speaker lives, as far as the store shows, and what keeps it from the others. */
import type { Node, Pod, Taint } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";

const isSpeaker = (pod: Pod): boolean => {
  const labels = pod.metadata.labels ?? {};
  return labels["component"] === "speaker" || labels["app.kubernetes.io/component"] === "speaker";
};

export const isReady = (pod: Pod): boolean => {
  const ready = (pod.status?.conditions ?? []).find((c) => c.type === "Ready");
  return ready === undefined ? pod.status?.phase === "Running" : ready.status === "True";
};

/** The speaker Pods of our namespace; a directory of manifests has none. */
export const speakerPods = ({
  pods,
  namespace,
}: Pick<Snapshot, "pods" | "namespace">): readonly Pod[] =>
  pods.filter((pod) => (pod.metadata.namespace ?? "") === namespace && isSpeaker(pod));

/** Nodes with a ready speaker Pod; where there are no such Pods at all, every Node counts. */
export function liveSpeakers(snapshot: Snapshot): ReadonlySet<string> {
  const pods = speakerPods(snapshot);
  if (pods.length === 0) return new Set(snapshot.nodes.map((n) => n.metadata.name));
  return new Set(
    pods.filter(isReady).flatMap((pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : [])),
  );
}

const CONTROL_PLANE = [
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
] as const;

/** Taints that keep Pods off, control-plane ones first. */
export const blockingTaints = (node: Node): readonly Taint[] =>
  (node.spec?.taints ?? [])
    .filter((t) => t.effect === "NoSchedule" || t.effect === "NoExecute")
    .toSorted((a, b) => rank(a) - rank(b));

const rank = (taint: Taint): number =>
  (CONTROL_PLANE as readonly string[]).includes(taint.key) ? 0 : 1;

export const taintText = ({ key, value, effect }: Taint): string =>
  `${key}${value === undefined || value === "" ? "" : `=${value}`}:${effect}`;
