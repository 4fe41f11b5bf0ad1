/** On which nodes a speaker lives, as far as the store shows, and what keeps it from the others. */
import type { Node, Pod, Taint } from "../api/objects.ts";
import { NOTHING_OBSERVED } from "../api/observed.ts";
import type { Observed } from "../api/observed.ts";
import type { SpeakerReport } from "../api/resources.ts";
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

/**
 * Nodes with a ready speaker Pod. Where there are no such Pods at all, every Node counts, but in a cluster only one
 * that has a report: a taint that keeps the only speaker away leaves no Pod. Those that most of the other speakers
 * miss are dead, whatever their Pods say.
 */
export function liveSpeakers(
  snapshot: Snapshot,
  {
    speakerReports,
    knowsSpeakers = false,
  }: Pick<Observed, "speakerReports" | "knowsSpeakers"> = NOTHING_OBSERVED,
): ReadonlySet<string> {
  const pods = speakerPods(snapshot);
  const hasReport = (node: string): boolean => speakerReports.some((r) => r.status?.node === node);
  const running =
    pods.length === 0
      ? snapshot.nodes.map((n) => n.metadata.name).filter((n) => !knowsSpeakers || hasReport(n))
      : pods.filter(isReady).flatMap((pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  return new Set(running.filter((node) => !isMissed(node, speakerReports)));
}

/**
 * Most of the others miss it, and it has not missed them: it is dead, and its last report stayed behind. One that
 * misses them too lives apart.
 */
export function isMissed(node: string, reports: readonly SpeakerReport[]): boolean {
  const others = reports.filter((r) => r.status?.node !== node && r.status?.members !== undefined);
  const missing = others.filter((r) => r.status?.members?.includes(node) !== true);
  return missing.length * 2 > others.length && splitFrom(node, reports).length === 0;
}

/** Speakers that do not hear this one, nor it them: the network between them is cut. Sorted. */
export function splitFrom(node: string, reports: readonly SpeakerReport[]): readonly string[] {
  const hears = (from: string, to: string): boolean =>
    reports.find((r) => r.status?.node === from)?.status?.members?.includes(to) !== false;
  return reports
    .flatMap((r) => r.status?.node ?? [])
    .filter((other) => other !== node && !hears(node, other) && !hears(other, node))
    .sort();
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
