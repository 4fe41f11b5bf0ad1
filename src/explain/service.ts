/** The chain of one Service: each room is asked what it does, in the order in which an address reaches the wire. */
import type { ServiceKey } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { addressSteps, poolNotes, verdictsOf } from "./address.ts";
import { bgpOf } from "./bgp.ts";
import { coverageOf } from "./coverage.ts";
import { sessionNotes, withEvidence } from "./evidence.ts";
import { assumedNotes, expectedNotes } from "./expected.ts";
import { no } from "./explanation.ts";
import type { Explanation, NodeLine, Step } from "./explanation.ts";
import { factsFor } from "./facts.ts";
import type { Facts } from "./facts.ts";
import { layer2Of } from "./layer2.ts";
import { receivedSteps, sentNotes } from "./received.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions, World } from "./world.ts";

/**
 * @param key `namespace/name`
 * Pure: the same snapshot gives the same answer, from manifests and from a cluster.
 */
export function explainService(
  snapshot: Snapshot,
  key: ServiceKey,
  options: ExplainOptions = {},
): Explanation {
  return explainIn(worldFor(snapshot, options), key);
}

/** As `explainService`, for many Services of one world. */
export function explainIn(world: World, key: ServiceKey): Explanation {
  const { snapshot } = world;
  const facts = factsFor(world, key);
  if (facts === null) return unknown(key);
  const steps: Step[] = [...addressSteps(facts)];
  const stopped = steps.find((s) => s.verdict === "no");
  if (stopped !== undefined)
    return explanation(
      facts,
      false,
      stopped,
      [...steps, ...poolNotes(facts, verdictsOf(facts))],
      [],
    );

  const coverage = coverageOf(facts);
  steps.push(...coverage.steps);
  const { layer2: l2, bgp, disputes: seen } = withEvidence(facts, layer2Of(facts), bgpOf(facts));
  const compared = facts.received.flatMap((one) => receivedSteps(facts, bgp, one));
  const disputes = [...seen, ...compared.filter((s) => s.verdict === "no")];
  if (coverage.applies) steps.push(...disputes, ...l2.steps, ...bgp.steps);
  steps.push(...sessionNotes(facts, bgp), ...sentNotes(facts, bgp));
  steps.push(...compared.filter((s) => s.verdict === "note"));
  const served = disputes.length === 0 && (l2.announced || bgp.announced);
  if (served) steps.push(...expectedNotes(facts, { l2: l2.announced, bgp: bgp.announced }));

  const nodes = snapshot.nodes
    .map(({ metadata }): NodeLine => {
      const l2Reason = l2.reasons.get(metadata.name) ?? "";
      const { reason = "", peers = [] } = bgp.nodes.get(metadata.name) ?? {};
      return {
        node: metadata.name,
        l2: { announces: l2.announced && l2Reason === "", reason: l2Reason },
        bgp: { announces: peers.length > 0, reason, peers },
      };
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  if (coverage.applies) steps.push(...assumedNotes(facts));
  // What keeps one protocol silent while the other serves is worth knowing, no more.
  const told = served
    ? steps.map((s): Step => (s.verdict === "no" ? { ...s, verdict: "note" } : s))
    : steps;
  const because = served
    ? (told.find((s) => s.reason === "layer2" || s.reason === "bgp") ?? told[0])
    : told.find((s) => s.verdict === "no");
  return explanation(facts, served, because ?? nothingKnown(facts), told, nodes);
}

const nothingKnown = (facts: Facts): Step =>
  no("notAnnounced", facts.ref, "", "no node announces it", "see the steps below");

function unknown(key: ServiceKey): Explanation {
  const [namespace = "", name = ""] = key.split("/");
  const because = no(
    "serviceNotFound",
    { kind: "Service", namespace, name },
    "",
    "there is no such Service",
    "look at the namespace and the name",
  );
  const service = { namespace, name };
  return {
    service,
    served: false,
    because,
    addresses: [],
    pool: null,
    steps: [because],
    nodes: [],
  };
}

const explanation = (
  facts: Facts,
  served: boolean,
  because: Step,
  steps: readonly Step[],
  nodes: readonly NodeLine[],
): Explanation => ({
  service: { namespace: facts.ref.namespace, name: facts.ref.name },
  served,
  because,
  addresses: facts.ips,
  pool: facts.pool?.name ?? null,
  steps,
  nodes,
});
