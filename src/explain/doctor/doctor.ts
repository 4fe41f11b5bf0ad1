/** All checks, in the order in which a person would make them. */
import type { Check, Finding } from "./finding.ts";
import { doctorFacts } from "./facts.ts";
import type { DoctorInput } from "./facts.ts";
import { strictArpCheck } from "./kube-proxy.ts";
import { excludeCheck, selectorCheck } from "./labels.ts";
import { arpIgnoreCheck, interfaceCheck, mtuCheck } from "./local-links.ts";
import { memberPortCheck, peerPortCheck } from "./local-ports.ts";
import { clockCheck, frrCheck, rightsCheck } from "./local-process.ts";
import { otherMetallbCheck, podSecurityCheck, serviceLbCheck } from "./neighbours.ts";
import { daemonSetCheck, placementOf, taintCheck } from "./placement.ts";
import type { NodePlacement } from "./placement.ts";
import { poolCheck } from "./pools.ts";

export interface Diagnosis {
  /** No finding is an error. */
  readonly healthy: boolean;
  readonly checks: readonly Omit<Check, "findings">[];
  /** The worst first. */
  readonly findings: readonly (Finding & { readonly check: string })[];
  /** Null before an install. */
  readonly speaker: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly desired: number | null;
    readonly current: number | null;
    readonly ready: number | null;
  } | null;
  readonly nodes: readonly NodePlacement[];
  /** Nodes that no speaker can be placed on. */
  readonly nodesWithoutSpeaker: readonly string[];
}

const CLUSTER = [
  taintCheck,
  daemonSetCheck,
  excludeCheck,
  selectorCheck,
  strictArpCheck,
  serviceLbCheck,
  otherMetallbCheck,
  podSecurityCheck,
  poolCheck,
] as const;

const LOCAL = [
  rightsCheck,
  interfaceCheck,
  mtuCheck,
  arpIgnoreCheck,
  memberPortCheck,
  peerPortCheck,
  frrCheck,
  clockCheck,
] as const;

const RANK = { error: 0, warning: 1, note: 2 } as const;

export function diagnose(input: DoctorInput): Diagnosis {
  const facts = doctorFacts(input);
  const { local, speaker } = facts;
  const checks = [
    ...CLUSTER.map((check) => check(facts)),
    ...(local === null ? [] : LOCAL.map((check) => check(facts, local))),
  ];
  const findings = checks
    .flatMap(({ name, findings }) => findings.map((f) => ({ check: name, ...f })))
    .toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const nodes = placementOf(facts);
  return {
    healthy: findings.every((f) => f.severity !== "error"),
    checks: checks.map(({ name, state, summary }) => ({ name, state, summary })),
    findings,
    speaker:
      speaker === null
        ? null
        : {
            kind: speaker.kind,
            namespace: speaker.namespace,
            name: speaker.name,
            desired: speaker.counts?.desired ?? null,
            current: speaker.counts?.current ?? null,
            ready: speaker.counts?.ready ?? null,
          },
    nodes,
    nodesWithoutSpeaker: nodes.filter((n) => !n.eligible).map((n) => n.node),
  };
}
