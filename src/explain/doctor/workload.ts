/** DaemonSets and Deployments, cut to what the doctor reads. Anything may come in. */
import type { Taint } from "../../api/objects.ts";

export interface Toleration {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
  /** Empty: every effect. */
  readonly effect: string;
}

export interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** Requirements are ANDed. */
export interface NodeTerm {
  readonly expressions: readonly NodeRequirement[];
  /** `metadata.name` is the only field there is. */
  readonly fields: readonly NodeRequirement[];
}

export interface Workload {
  readonly kind: "DaemonSet" | "Deployment";
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the Pods it makes. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Terms of the required node affinity, ORed; null: none is required. */
  readonly affinity: readonly NodeTerm[] | null;
  readonly hostNetwork: boolean;
  readonly images: readonly string[];
  /** Command and arguments of all containers. */
  readonly args: readonly string[];
  /** Of a DaemonSet that its controller has seen; null before. */
  readonly counts: {
    readonly desired: number;
    readonly current: number;
    readonly ready: number;
  } | null;
}

type Fields = Readonly<Record<string, unknown>>;
const part = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((v, key) => part(v)[key], value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => (typeof value === "number" ? value : 0);
const texts = (value: unknown): readonly string[] => list(value).map(text).filter(Boolean);
const textMap = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(part(value)).flatMap(([k, v]) => (typeof v === "string" ? [[k, v]] : [])),
  );

const requirements = (value: unknown): readonly NodeRequirement[] =>
  list(value).map((r) => ({
    key: text(at(r, "key")),
    operator: text(at(r, "operator")),
    values: texts(at(r, "values")),
  }));

/** Null for anything but a named DaemonSet or Deployment of apps/v1. */
export function parseWorkload(value: unknown): Workload | null {
  const { apiVersion, kind, metadata, spec, status } = part(value);
  const name = text(at(metadata, "name"));
  if (apiVersion !== "apps/v1" || (kind !== "DaemonSet" && kind !== "Deployment") || name === "")
    return null;
  const template = at(spec, "template");
  const pod = at(template, "spec");
  const containers = [...list(at(pod, "initContainers")), ...list(at(pod, "containers"))];
  const terms = at(
    pod,
    "affinity",
    "nodeAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "nodeSelectorTerms",
  );
  const seen = count(at(status, "observedGeneration")) > 0 || at(status, "desiredNumberScheduled");
  return {
    kind,
    namespace: text(at(metadata, "namespace")) || "default",
    name,
    labels: textMap(at(metadata, "labels")),
    podLabels: textMap(at(template, "metadata", "labels")),
    tolerations: list(at(pod, "tolerations")).map((t) => ({
      key: text(at(t, "key")),
      operator: text(at(t, "operator")) || "Equal",
      value: text(at(t, "value")),
      effect: text(at(t, "effect")),
    })),
    nodeSelector: textMap(at(pod, "nodeSelector")),
    affinity: Array.isArray(terms)
      ? terms.map((t) => ({
          expressions: requirements(at(t, "matchExpressions")),
          fields: requirements(at(t, "matchFields")),
        }))
      : null,
    hostNetwork: at(pod, "hostNetwork") === true,
    images: containers.map((c) => text(at(c, "image"))).filter(Boolean),
    args: containers.flatMap((c) => [...texts(at(c, "command")), ...texts(at(c, "args"))]),
    counts:
      kind === "DaemonSet" && seen
        ? {
            desired: count(at(status, "desiredNumberScheduled")),
            current: count(at(status, "currentNumberScheduled")),
            ready: count(at(status, "numberReady")),
          }
        : null,
  };
}

export const tolerates = (t: Toleration, taint: Taint): boolean =>
  (t.effect === "" || t.effect === taint.effect) &&
  (t.key === "" ? t.operator === "Exists" : t.key === taint.key) &&
  (t.operator === "Exists" || t.value === (taint.value ?? ""));

const AUTOMATIC: readonly (readonly [key: string, effect: string])[] = [
  ["node.kubernetes.io/not-ready", "NoExecute"],
  ["node.kubernetes.io/unreachable", "NoExecute"],
  ["node.kubernetes.io/disk-pressure", "NoSchedule"],
  ["node.kubernetes.io/memory-pressure", "NoSchedule"],
  ["node.kubernetes.io/pid-pressure", "NoSchedule"],
  ["node.kubernetes.io/unschedulable", "NoSchedule"],
];

/** What the DaemonSet controller adds by itself (Kubernetes documentation, DaemonSet, taints). */
export const withAutomatic = ({
  tolerations,
  hostNetwork,
}: Pick<Workload, "tolerations" | "hostNetwork">): readonly Toleration[] => [
  ...tolerations,
  ...AUTOMATIC.map(([key, effect]) => ({ key, operator: "Exists", value: "", effect })),
  ...(hostNetwork
    ? [
        {
          key: "node.kubernetes.io/network-unavailable",
          operator: "Exists",
          value: "",
          effect: "NoSchedule",
        },
      ]
    : []),
];

function requirementHolds({ key, operator, values }: NodeRequirement, labels: Fields): boolean {
  const value = labels[key];
  const number = Number(values[0]);
  switch (operator) {
    case "In":
      return typeof value === "string" && values.includes(value);
    case "NotIn":
      return typeof value !== "string" || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return Number(value) > number;
    case "Lt":
      return Number(value) < number;
    default:
      return false;
  }
}

/** Whether nodeSelector and required affinity let its Pods on a node; taints aside. */
export const selectsNode = (
  { nodeSelector, affinity }: Pick<Workload, "nodeSelector" | "affinity">,
  name: string,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(nodeSelector).every(([k, v]) => labels[k] === v) &&
  (affinity === null ||
    affinity.some(
      ({ expressions, fields }) =>
        expressions.length + fields.length > 0 &&
        expressions.every((r) => requirementHolds(r, labels)) &&
        fields.every((r) => requirementHolds(r, { [r.key]: name })),
    ));
