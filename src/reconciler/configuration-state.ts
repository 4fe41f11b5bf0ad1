/** ConfigurationState of the controller: whether its configuration is accepted as written (crds reference 1.12). */
import type { Problem } from "../api/problem.ts";
import { refText } from "../api/objects.ts";
import type { ReportWrite } from "../api/store.ts";

/** Objects that the controller's part of the configuration is made of. */
const KINDS = new Set(["IPAddressPool", "Community"]);

/** The schema's limit on a condition's message. */
const MESSAGE_MAX = 32768;

export interface ConditionState {
  readonly status: "True" | "False";
  readonly message: string;
  /** RFC 3339. */
  readonly since: string;
}

/**
 * `counts` says which kinds a component answers for; default: the controller's.
 * `since` moves only when the status does, unlike MetalLB's, so an unchanged state is written once.
 */
export function conditionFor(
  problems: readonly Problem[],
  before: ConditionState | null,
  now: Date,
  counts: (kind: string) => boolean = (kind) => KINDS.has(kind),
): ConditionState {
  const errors = problems
    .filter((p) => p.severity === "error" && counts(p.object.kind))
    .map((p) => `${refText(p.object)}: ${p.path === "" ? "" : `${p.path}: `}${p.message}`);
  const text = errors.length === 0 ? "" : `configuration error: ${errors.join("\n")}`;
  const message = text.slice(0, MESSAGE_MAX);
  const status = errors.length === 0 ? "True" : "False";
  const isSame = before?.status === status;
  if (isSame && before.message === message) return before;
  return { status, message, since: isSame ? before.since : now.toISOString() };
}

export const configurationState = ({ status, message, since }: ConditionState): ReportWrite => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "ConfigurationState",
  namePrefix: "controller",
  labels: { "metallb.io/component-type": "controller" },
  status: {
    result: status === "True" ? "Valid" : "Invalid",
    errorSummary: message,
    conditions: [
      {
        type: "poolReconcilerValid",
        status,
        reason: status === "True" ? "Reconciled" : "ConfigurationError",
        message,
        lastTransitionTime: since,
      },
    ],
  },
});
