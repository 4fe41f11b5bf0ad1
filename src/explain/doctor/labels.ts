/** Labels that decide: the exclude label, and selectors that match no node. */
import type { LabelSelector, ObjectRef } from "../../api/objects.ts";
import { EXCLUDE_LABEL } from "../../api/resources.ts";
import { anySelectorMatches } from "../../api/selector.ts";
import { checked, fix, some, unknown, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import { placementOf } from "./placement.ts";

const IGNORES = /^--(ignore-exclude-lb(=(true|t|1))?|exclude-lb-policy[= ]?(ignore|auto)?)$/i;

/** Every node that could announce is labelled: nothing is announced at all. Some: as it should be. */
export function excludeCheck(facts: DoctorFacts): Check {
  const { nodes, speaker } = facts;
  if (nodes.length === 0) return unknown("exclude-label", "no Node is in sight");
  const excluded = nodes.filter((n) => n.labels[EXCLUDE_LABEL] !== undefined).map((n) => n.name);
  if (excluded.length === 0)
    return checked("exclude-label", [], "no node is excluded from load balancers");
  if (speaker?.args.some((arg) => IGNORES.test(arg)) === true)
    return checked("exclude-label", [], "the label is set, and the speaker is told to ignore it");
  const placement = placementOf(facts);
  const candidates = placement.filter((p) => p.eligible).map((p) => p.node);
  const all = candidates.length > 0 && candidates.every((name) => excluded.includes(name));
  const finding: Finding = {
    severity: all ? "error" : "note",
    code: "nodeLabeledExcludeBalancers",
    object: { kind: "Node", namespace: "", name: excluded[0] ?? "" },
    path: `metadata.labels["${EXCLUDE_LABEL}"]`,
    message: all
      ? `every node that can have a speaker is labelled ${EXCLUDE_LABEL}: nothing is announced anywhere`
      : `${some(excluded)} ${excluded.length === 1 ? "is" : "are"} labelled ${EXCLUDE_LABEL} and announce${excluded.length === 1 ? "s" : ""} nothing; kubeadm and Talos label control-plane nodes so`,
    evidence: excluded.map((name) => `Node ${name} has label ${EXCLUDE_LABEL}`),
    fixes: [
      fix(`kubectl label nodes ${excluded.map(word).join(" ")} ${EXCLUDE_LABEL}-`),
      ...(all
        ? [
            fix(
              `helm upgrade ferrolb deploy/helm/ferrolb -n ${word(facts.snapshot.namespace)} --reuse-values --set speaker.ignoreExcludeLB=true`,
              "the label is then ignored on every node",
            ),
          ]
        : []),
    ],
  };
  return checked("exclude-label", [finding], "");
}

interface Selecting {
  readonly ref: ObjectRef;
  readonly resource: string;
  readonly selectors: readonly LabelSelector[];
}

function selecting({ snapshot }: DoctorFacts): readonly Selecting[] {
  const { l2Advertisements, bgpAdvertisements, bgpPeers, namespace } = snapshot;
  return [...l2Advertisements, ...bgpAdvertisements, ...bgpPeers]
    .filter((a) => (a.metadata.namespace ?? namespace) === namespace)
    .flatMap(({ kind, metadata, spec }) => {
      const selectors: unknown = spec?.nodeSelectors;
      return Array.isArray(selectors) && selectors.length > 0
        ? [
            {
              ref: { kind, namespace, name: metadata.name },
              resource: kind.toLowerCase(),
              selectors: selectors as readonly LabelSelector[],
            },
          ]
        : [];
    });
}

const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";
const WORKER = "node-role.kubernetes.io/worker";

const textOf = (selectors: readonly LabelSelector[]): string =>
  selectors
    .map((s) =>
      [
        ...Object.entries(s.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`),
        ...(s.matchExpressions ?? []).map((e) =>
          `${e.key} ${e.operator} ${(e.values ?? []).join("|")}`.trim(),
        ),
      ].join(","),
    )
    .join(" or ");

/** X5: nobody labels workers; an advertisement for them reaches nothing. */
export function selectorCheck(facts: DoctorFacts): Check {
  const { nodes } = facts;
  const all = selecting(facts);
  if (nodes.length === 0) return unknown("node-selectors", "no Node is in sight");
  const findings = all
    .filter(({ selectors }) => !nodes.some((n) => anySelectorMatches(selectors, n.labels)))
    .map(({ ref, resource, selectors }): Finding => {
      const workers = nodes.filter((n) => !n.controlPlane).map((n) => n.name);
      const asksForWorkers = selectors.some((s) => s.matchLabels?.[WORKER] !== undefined);
      const instead = [{ matchExpressions: [{ key: CONTROL_PLANE, operator: "DoesNotExist" }] }];
      const patch = JSON.stringify({ spec: { nodeSelectors: instead } });
      return {
        severity: "error",
        code: "noNodeSelected",
        object: ref,
        path: "spec.nodeSelectors",
        message:
          `no node matches ${textOf(selectors)}` +
          (asksForWorkers ? ": kubeadm, k3s and MicroK8s do not label workers" : ""),
        evidence: nodes.map(
          (n) => `Node ${n.name} has labels ${Object.keys(n.labels).sort().join(", ") || "none"}`,
        ),
        fixes: [
          fix(
            `kubectl patch ${resource} ${word(ref.name)} -n ${word(ref.namespace)} --type=merge -p=${word(patch)}`,
            workers.length === 0 ? "every node here is a control-plane node" : null,
          ),
          ...(asksForWorkers && workers.length > 0
            ? [fix(`kubectl label nodes ${workers.map(word).join(" ")} ${WORKER}=`)]
            : []),
        ],
      };
    });
  return checked("node-selectors", findings, `${all.length} selectors, each matches a node`);
}
