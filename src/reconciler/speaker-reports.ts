/** The status objects of one speaker: how it stands to each Service, and whether its configuration stands. */
import type { ServiceKey } from "../api/objects.ts";
import type { ReportWrite } from "../api/store.ts";
import { reportsOf } from "./announcement-report.ts";
import type { Inputs, ServiceTruth } from "./announcement-report.ts";
import type { ConditionState } from "./configuration-state.ts";

const METALLB = "metallb.io/v1beta1";

/** Remembers what was reported: what did not change is the same object again, and is not written. */
export interface ReportBook {
  /** `inputsOf`: asked only where the decision about a Service changed. */
  write(
    truths: readonly ServiceTruth[],
    inputsOf: (key: ServiceKey) => Inputs,
  ): readonly ReportWrite[];
  /** What stays true when this process ends: FRR goes on by itself. */
  last(): readonly ReportWrite[];
}

interface Entry {
  readonly decision: string;
  readonly reports: readonly ReportWrite[];
}

export function reportBook(node: string): ReportBook {
  let book: ReadonlyMap<ServiceKey, Entry> = new Map();
  const all = (): readonly ReportWrite[] => [...book.values()].flatMap((e) => e.reports);
  return {
    write(truths, inputsOf) {
      const next = new Map<ServiceKey, Entry>();
      for (const truth of truths) {
        const before = book.get(truth.key);
        // What FRR has not had the time for is told once it has.
        const isPending = truth.bgp.peers.some((p) => p.reason === "pending");
        const decision = isPending ? (before?.decision ?? null) : decisionText(truth);
        if (decision === null) continue;
        const same = before?.decision === decision ? before : null;
        next.set(
          truth.key,
          same ?? { decision, reports: reportsOf(node, truth, inputsOf(truth.key)) },
        );
      }
      book = next;
      return all();
    },
    last: () => all().filter(({ kind }) => kind === "ServiceBGPStatus"),
  };
}

/** Gives the object it gave before, where the new one says the same: what is not new is not looked at further. */
export function rememberReport(): (report: ReportWrite) => ReportWrite {
  let last: ReportWrite | null = null;
  let text = "";
  return (report) => {
    const now = JSON.stringify(report);
    if (last === null || now !== text) last = report;
    text = now;
    return last;
  };
}

const decisionText = ({ bgp, l2 }: ServiceTruth): string => JSON.stringify([bgp, l2]);

/** ConfigurationState of this speaker (crds reference 1.12). */
export const speakerState = (node: string, condition: ConditionState): ReportWrite => ({
  apiVersion: METALLB,
  kind: "ConfigurationState",
  namePrefix: `speaker-${node}`,
  labels: { "metallb.io/component-type": "speaker", "metallb.io/node-name": node },
  status: {
    result: condition.status === "True" ? "Valid" : "Invalid",
    errorSummary: condition.message,
    conditions: [
      {
        type: "configReconcilerValid",
        status: condition.status,
        reason: condition.status === "True" ? "Reconciled" : "ConfigurationError",
        message: condition.message,
        lastTransitionTime: condition.since,
      },
    ],
  },
});
