/** What the doctor looks at: a snapshot, the workloads beside it, and what one node sees of itself. */
import type { Snapshot } from "../../api/snapshot.ts";
import { parseConfig } from "../../config/parse.ts";
import type { Parsed } from "../../config/parse.ts";
import type { LocalFacts } from "./local-facts.ts";
import type { Workload } from "./workload.ts";

export interface DoctorInput {
  readonly snapshot: Snapshot;
  readonly workloads: readonly Workload[];
  /** Null: nobody looked at a node from inside. */
  readonly local: LocalFacts | null;
}

export interface DoctorFacts extends DoctorInput {
  readonly parsed: Parsed;
  /** The speaker that places Pods: ours, else MetalLB's; null before an install. */
  readonly speaker: Workload | null;
  /** Workloads of MetalLB, and ours. */
  readonly metallb: readonly Workload[];
  readonly ours: readonly Workload[];
  /** Sorted. */
  readonly nodes: readonly NodeView[];
}

export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly controlPlane: boolean;
  readonly taints: readonly { readonly key: string; value?: string; effect: string }[];
  readonly addresses: readonly string[];
  readonly cordoned: boolean;
}

const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/** `quay.io/metallb/speaker:v0.16.1`, `docker.io/bitnami/metallb-speaker`: MetalLB's own images. */
const METALLB_IMAGE = /(^|\/)(metallb\/|metallb-)(speaker|controller)([:@]|$)/;

const component = ({ name, labels, podLabels }: Workload): string =>
  podLabels["app.kubernetes.io/component"] ??
  podLabels["component"] ??
  labels["app.kubernetes.io/component"] ??
  labels["component"] ??
  name;

export const isSpeaker = (w: Workload): boolean =>
  w.kind === "DaemonSet" && (component(w) === "speaker" || /^(\w+-)?speaker$/.test(w.name));
const isController = (w: Workload): boolean =>
  w.kind === "Deployment" && (component(w) === "controller" || /^(\w+-)?controller$/.test(w.name));
const isMetallb = (w: Workload): boolean => w.images.some((image) => METALLB_IMAGE.test(image));

export function doctorFacts(input: DoctorInput): DoctorFacts {
  const { snapshot, workloads } = input;
  const metallb = workloads.filter((w) => isMetallb(w) && (isSpeaker(w) || isController(w)));
  const ours = workloads.filter(
    (w) => w.namespace === snapshot.namespace && !isMetallb(w) && (isSpeaker(w) || isController(w)),
  );
  return {
    ...input,
    parsed: parseConfig(snapshot),
    metallb,
    ours,
    speaker: ours.find(isSpeaker) ?? metallb.find(isSpeaker) ?? null,
    nodes: snapshot.nodes
      .map((node) => {
        const labels = node.metadata.labels ?? {};
        return {
          name: node.metadata.name,
          labels,
          annotations: node.metadata.annotations ?? {},
          controlPlane: labels[CONTROL_PLANE] !== undefined,
          taints: node.spec?.taints ?? [],
          addresses: (node.status?.addresses ?? [])
            .filter(({ type }) => type === "InternalIP" || type === "ExternalIP")
            .map(({ address }) => address),
          cordoned: node.spec?.unschedulable === true,
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
