/** Where the speaker's Pods can run: taints against tolerations, selectors, and what the DaemonSet counts. */
import type { ObjectRef } from "../../api/objects.ts";
import { speakerPods, taintText } from "../speakers.ts";
import { checked, fix, some, unknown, word } from "./finding.ts";
import type { Check, Finding, Fix } from "./finding.ts";
import type { DoctorFacts, NodeView } from "./facts.ts";
import { selectsNode, tolerates, withAutomatic } from "./workload.ts";
import type { Toleration, Workload } from "./workload.ts";

/** What we ship tolerates: judged by before there is a DaemonSet. */
export const SHIPPED: Pick<Workload, "tolerations" | "nodeSelector" | "affinity" | "hostNetwork"> =
  {
    tolerations: ["control-plane", "master"].map((role) => ({
      key: `node-role.kubernetes.io/${role}`,
      operator: "Exists",
      value: "",
      effect: "NoSchedule",
    })),
    nodeSelector: { "kubernetes.io/os": "linux" },
    affinity: null,
    hostNetwork: true,
  };

export interface NodePlacement {
  readonly node: string;
  readonly controlPlane: boolean;
  readonly taints: readonly {
    readonly taint: string;
    readonly verdict: "tolerated" | "blocks speaker" | "only prefers";
  }[];
  /** nodeSelector and node affinity of the speaker let it on the node. */
  readonly selected: boolean;
  readonly cordoned: boolean;
  /** A speaker can be placed here. */
  readonly eligible: boolean;
}

const PLACING = ["NoSchedule", "NoExecute"];

export function placementOf({ nodes, speaker }: DoctorFacts): readonly NodePlacement[] {
  const rules = speaker ?? SHIPPED;
  const tolerations = withAutomatic(rules);
  return nodes.map((node) => {
    const taints = node.taints.map((taint) => ({
      taint: taintText(taint),
      verdict: tolerations.some((t) => tolerates(t, taint))
        ? ("tolerated" as const)
        : PLACING.includes(taint.effect)
          ? ("blocks speaker" as const)
          : ("only prefers" as const),
    }));
    const selected = selectsNode(rules, node.name, {
      ...(speaker === null && { "kubernetes.io/os": "linux" }),
      ...node.labels,
    });
    const eligible = selected && taints.every((t) => t.verdict !== "blocks speaker");
    return {
      node: node.name,
      controlPlane: node.controlPlane,
      taints,
      selected,
      cordoned: node.cordoned,
      eligible,
    };
  });
}

const refTo = ({ kind, namespace, name }: Workload): ObjectRef => ({ kind, namespace, name });

/** Taints without a toleration: one finding per taint. */
export function taintCheck(facts: DoctorFacts): Check {
  const { nodes, speaker } = facts;
  if (nodes.length === 0) return unknown("taints", "no Node is in sight");
  const placement = placementOf(facts);
  const groups = new Map<string, NodeView[]>();
  nodes.forEach((node, i) => {
    for (const { taint, verdict } of placement[i]?.taints ?? [])
      if (verdict === "blocks speaker") groups.set(taint, [...(groups.get(taint) ?? []), node]);
  });
  const findings = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([taint, blocked]) => taintFinding(facts, taint, blocked));
  const whose = speaker === null ? "what we ship" : `${speaker.kind} ${speaker.name}`;
  return checked("taints", findings, `${whose} tolerates every taint of ${nodes.length} nodes`);
}

function taintFinding(facts: DoctorFacts, text: string, blocked: readonly NodeView[]): Finding {
  const { nodes, speaker } = facts;
  const names = blocked.map((n) => n.name);
  const taint = blocked[0]?.taints.find((t) => taintText(t) === text) ?? { key: "", effect: "" };
  const toleration = { key: taint.key, operator: "Exists", effect: taint.effect };
  const only = names.length === nodes.length;
  const who = speaker === null ? "the speaker" : `DaemonSet ${speaker.namespace}/${speaker.name}`;
  return {
    severity: "error",
    code: "taintNotTolerated",
    object: { kind: "Node", namespace: "", name: names[0] ?? "" },
    path: "spec.taints",
    message:
      `taint ${text} keeps the speaker off ${some(names)}: ${who} does not tolerate it` +
      (only ? "; no node is left to announce from" : ""),
    evidence: [
      ...names.map((name) => `Node ${name} has taint ${text}: blocks speaker`),
      `missing toleration: ${JSON.stringify(toleration)}`,
    ],
    fixes: [tolerationFix(speaker, toleration), ...untaintFix(text, names)],
  };
}

/** X4: `tolerations/-` needs a list that is there. */
function tolerationFix(
  speaker: Workload | null,
  toleration: Pick<Toleration, "key" | "operator" | "effect">,
): Fix {
  if (speaker === null) {
    const all = [
      ...SHIPPED.tolerations.map(({ key, operator, effect }) => ({ key, operator, effect })),
      toleration,
    ];
    return fix(
      "helm upgrade --install ferrolb deploy/helm/ferrolb -n metallb-system --create-namespace " +
        `--set-json ${word(`speaker.tolerations=${JSON.stringify(all)}`)}`,
    );
  }
  const path = "/spec/template/spec/tolerations";
  const patch =
    speaker.tolerations.length === 0
      ? { op: "add", path, value: [toleration] }
      : { op: "add", path: `${path}/-`, value: toleration };
  return fix(
    `kubectl patch daemonset ${word(speaker.name)} -n ${word(speaker.namespace)} --type=json ` +
      `-p=${word(JSON.stringify([patch]))}`,
  );
}

const untaintFix = (taint: string, names: readonly string[]): readonly Fix[] => [
  fix(
    `kubectl taint nodes ${names.map(word).join(" ")} ${word(`${taint}-`)}`,
    "removing the taint admits all Pods to the node, not the speaker alone; in production prefer the toleration",
  ),
];

/** What the DaemonSet counts, against the nodes there are. */
export function daemonSetCheck(facts: DoctorFacts): Check {
  const { speaker, nodes, snapshot } = facts;
  if (speaker === null) return unknown("daemonset", "no speaker DaemonSet: not installed yet");
  if (nodes.length === 0) return unknown("daemonset", "no Node is in sight");
  const placement = placementOf(facts);
  const eligible = placement.filter((p) => p.eligible).length;
  const findings: Finding[] = [];
  const unselected = placement.filter((p) => !p.selected).map((p) => p.node);
  const counts = speaker.counts;
  const seen =
    counts === null
      ? []
      : [
          `${nodes.length} nodes, DESIRED ${counts.desired}, CURRENT ${counts.current}, READY ${counts.ready}`,
        ];
  const path = "spec.template.spec";
  const object = refTo(speaker);
  const name = `DaemonSet ${speaker.namespace}/${speaker.name}`;
  const at = `-n ${word(speaker.namespace)}`;
  if (unselected.length > 0) {
    const bySelector = Object.entries(speaker.nodeSelector);
    findings.push({
      severity: eligible === 0 ? "error" : "warning",
      code: "nodeNotSelected",
      object,
      path: bySelector.length > 0 ? `${path}.nodeSelector` : `${path}.affinity`,
      message: `${name} selects no Pod for ${some(unselected)}: no speaker there, and nothing is announced from there`,
      evidence: [
        ...bySelector.map(([k, v]) => `nodeSelector ${k}=${v}`),
        ...(speaker.affinity === null ? [] : ["a required node affinity"]),
        ...seen,
      ],
      fixes: bySelector
        .filter(([k, v]) => placement.some((p) => !p.selected && lacks(facts, p.node, k, v)))
        .map(([k, v]) =>
          fix(`kubectl label nodes ${unselected.map(word).join(" ")} ${word(`${k}=${v}`)}`),
        ),
    });
  }
  if (counts !== null && counts.current < counts.desired)
    findings.push({
      severity: "error",
      code: "podsNotCreated",
      object,
      path: "status.currentNumberScheduled",
      message: `${name} has ${counts.current} of ${counts.desired} Pods: its controller cannot create the others`,
      evidence: seen,
      fixes: [
        fix(`kubectl describe daemonset ${word(speaker.name)} ${at}`),
        fix(`kubectl get events ${at} --field-selector reason=FailedCreate`),
      ],
    });
  else if (counts !== null && counts.ready < counts.desired) {
    const pods = speakerPods(snapshot).filter(
      (p) => !(p.status?.conditions ?? []).some((c) => c.type === "Ready" && c.status === "True"),
    );
    findings.push({
      severity: "error",
      code: "podsNotReady",
      object,
      path: "status.numberReady",
      message: `${name} has ${counts.ready} of ${counts.desired} Pods ready`,
      evidence: [
        ...seen,
        ...pods.map(
          (p) =>
            `Pod ${p.metadata.name} on ${p.spec?.nodeName ?? "no node"}: ${p.status?.phase ?? "unknown"}`,
        ),
      ],
      fixes: [
        fix(`kubectl get pods ${at} -l component=speaker -o wide`),
        fix(`kubectl logs daemonset/${word(speaker.name)} ${at} --all-containers --tail=50`),
      ],
    });
  }
  return checked(
    "daemonset",
    findings,
    counts === null
      ? `${eligible} of ${nodes.length} nodes can have a speaker`
      : `${seen.join("")}${nodes.length === counts.desired ? "" : ": the others are named above"}`,
  );
}

const lacks = (facts: DoctorFacts, node: string, key: string, value: string): boolean =>
  facts.nodes.find((n) => n.name === node)?.labels[key] !== value;
