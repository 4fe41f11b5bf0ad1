/** The status objects of one speaker: what it announces where, and whether its configuration stands. Pure. */
import type { ReportWrite } from "../api/store.ts";
import type { ConditionState } from "./configuration-state.ts";
import type { AnnouncedService } from "./speaker-view.ts";

const METALLB = "metallb.io/v1beta1";

/** ServiceL2Status and ServiceBGPStatus (crds reference 1.10, 1.11). */
export const serviceReports = (
  node: string,
  announced: readonly AnnouncedService[],
): ReportWrite[] =>
  announced.map(({ key, protocol, where }) => {
    const slash = key.indexOf("/");
    const [serviceNamespace, serviceName] = [key.slice(0, slash), key.slice(slash + 1)];
    const labels = {
      "metallb.io/node": node,
      "metallb.io/service-name": serviceName,
      "metallb.io/service-namespace": serviceNamespace,
    };
    const common = { node, serviceName, serviceNamespace };
    return protocol === "bgp"
      ? {
          apiVersion: METALLB,
          kind: "ServiceBGPStatus",
          namePrefix: "bgp-",
          labels,
          status: { ...common, peers: where },
        }
      : {
          apiVersion: METALLB,
          kind: "ServiceL2Status",
          namePrefix: "l2-",
          labels,
          status: { ...common, interfaces: where.map((name) => ({ name })) },
        };
  });

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
