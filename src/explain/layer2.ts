/** ARP and NDP: which node answers, and what keeps the others, or all of them, from it. */
import type { AddressDecision, L2Decision } from "../l2/decision.ts";
import type { Unfit } from "../l2/candidates.ts";
import { EXCLUDE_LABEL } from "../api/resources.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { Facts } from "./facts.ts";
import { blockingTaints, speakerPods, taintText } from "./speakers.ts";

export interface Layer2 {
  /** Any L2Advertisement applies. */
  readonly concerned: boolean;
  readonly announced: boolean;
  readonly steps: readonly Step[];
  /** Node to reason; empty text for the one that announces. */
  readonly reasons: ReadonlyMap<string, string>;
}

export function layer2Of(facts: Facts): Layer2 {
  const { key, snapshot, pool } = facts;
  const nodes = snapshot.nodes.map((n) => n.metadata.name).sort();
  if (pool === null || pool.l2Advertisements.length === 0)
    return {
      concerned: false,
      announced: false,
      steps: [],
      reasons: reasonsFor(nodes, "noMatchingAdvertisement"),
    };
  const decision = facts.layer2().get(key);
  if (decision === undefined)
    return { concerned: false, announced: false, steps: [], reasons: new Map() };
  const [first] = decision.addresses;
  const winner = first?.winner ?? null;
  const reasons = new Map(
    nodes.map((node) => [node, winner === node ? "" : reasonOf(node, decision, first)]),
  );
  const concerned = first === undefined ? decision.cause === "noEndpoints" : listedAny(facts);
  const steps = winner === null ? [silent(facts, decision, first)] : owners(decision);
  return { concerned, announced: winner !== null, steps: concerned ? steps : [], reasons };
}

const listedAny = ({ pool }: Facts): boolean =>
  (pool?.l2Advertisements ?? []).some((a) => a.nodes.length > 0);

const reasonsFor = (nodes: readonly string[], reason: string): ReadonlyMap<string, string> =>
  new Map(nodes.map((node) => [node, reason]));

const reasonOf = (node: string, decision: L2Decision, first: AddressDecision | undefined): string =>
  decision.unfit.get(node) ??
  (first === undefined
    ? (decision.cause ?? "notOwner")
    : first.candidates.includes(node)
      ? "notOwner"
      : "noMatchingAdvertisement");

const owners = (decision: L2Decision): readonly Step[] =>
  decision.addresses.map(({ ip, winner, candidates }) => {
    const next = candidates.filter((n) => n !== winner);
    const object = { kind: "Node", namespace: "", name: winner ?? "" };
    return winner === null
      ? note("noCandidates", null, "", `${ip} has no candidate`)
      : yes(
          "layer2",
          object,
          `answers for ${ip} at L2` +
            (next.length > 0
              ? `; next in line: ${next.join(", ")}`
              : "; no other node could take over"),
        );
  });

/** Nobody answers: the reason that most nodes share, with its object. */
function silent(facts: Facts, decision: L2Decision, first: AddressDecision | undefined): Step {
  if (decision.cause === "noEndpoints" || !facts.endpoints.anywhere) return noEndpoints(facts);
  if (first?.candidates.length === 0 && decision.unfit.size === 0)
    return no(
      "noNodeFitsAllSharers",
      facts.ref,
      'metadata.annotations["metallb.io/allow-shared-ip"]',
      `shares its address with ${first.sharers.filter((k) => k !== facts.key).join(", ")}, and no node may announce for all of them`,
      "give them advertisements and endpoints on a common node, or separate addresses",
    );
  const unfit = [...decision.unfit];
  const worst = unfit.map(([, why]) => why).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))[0];
  const nodes = unfit.filter(([, why]) => why === worst).map(([node]) => node);
  return unfitStep(facts, worst ?? "notAlive", nodes);
}

/** What to name first when nodes differ: the reason that a person would want to change. */
const ORDER: readonly Unfit[] = [
  "nodeLabeledExcludeBalancers",
  "noInterface",
  "nodeNetworkUnavailable",
  "noLocalEndpoints",
  "notAlive",
];

export function unfitStep(facts: Facts, why: Unfit, nodes: readonly string[]): Step {
  const node = { kind: "Node", namespace: "", name: nodes[0] ?? "" };
  const all = nodes.join(", ");
  switch (why) {
    case "nodeLabeledExcludeBalancers":
      return no(
        why,
        node,
        `metadata.labels["${EXCLUDE_LABEL}"]`,
        `${all} carr${nodes.length === 1 ? "ies" : "y"} the label that takes nodes out of load balancing (kubeadm and Talos set it on control planes)`,
        `kubectl label node ${node.name} ${EXCLUDE_LABEL}- , or run the speakers with --ignore-exclude-lb`,
      );
    case "nodeNetworkUnavailable":
      return no(
        why,
        node,
        "status.conditions",
        `${all}: condition NetworkUnavailable is True`,
        "mend the node's network plugin",
      );
    case "noLocalEndpoints":
      return no(
        why,
        facts.ref,
        "spec.externalTrafficPolicy",
        `is Local, and no node that may announce runs a ready endpoint (${all} run none)`,
        "let a Pod of the Service run on a node that the advertisement selects, or use Cluster",
      );
    case "noInterface":
      return no(
        why,
        l2Ref(facts),
        "spec.interfaces",
        `none of the listed interfaces is up on ${all}`,
        "list an interface that exists there, or none to use all",
      );
    case "notAlive":
      return noSpeaker(facts, nodes);
    default:
      return why satisfies never;
  }
}

const l2Ref = ({ pool, snapshot }: Facts) => ({
  kind: "L2Advertisement",
  namespace: snapshot.namespace,
  name: pool?.l2Advertisements[0]?.names[0] ?? "",
});

export const noEndpoints = ({ ref, service }: Facts): Step =>
  no(
    "noEndpoints",
    ref,
    "spec.selector",
    `no endpoint of the Service is ready (selector ${JSON.stringify(service.spec?.selector ?? {})})`,
    "see that Pods match the selector and pass their readiness probe",
  );

/** S8, S9: the nodes that may announce have no speaker. A taint is the usual cause. */
export function noSpeaker({ snapshot }: Facts, nodes: readonly string[]): Step {
  const found = snapshot.nodes.filter((n) => nodes.includes(n.metadata.name));
  const pods = speakerPods(snapshot);
  for (const node of found) {
    const here = pods.filter((p) => p.spec?.nodeName === node.metadata.name);
    const [taint] = blockingTaints(node);
    if (here.length > 0 || taint === undefined) continue;
    return no(
      "noLiveSpeaker",
      { kind: "Node", namespace: "", name: node.metadata.name },
      "spec.taints",
      `no live speaker: the taint ${taintText(taint)} keeps the speaker off ${node.metadata.name}`,
      `add the toleration {key: ${taint.key}, operator: Exists, effect: ${taint.effect}} to the speaker`,
    );
  }
  return no(
    "noLiveSpeaker",
    { kind: "Node", namespace: "", name: nodes[0] ?? "" },
    "",
    `no live speaker on ${nodes.join(", ")}`,
    "see why the speaker does not run there: kubectl get pods -n metallb-system -l component=speaker -o wide",
  );
}
