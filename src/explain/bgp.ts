/** BGP: node by node and peer by peer, what is sent and what is not. */
import { bgpDecision } from "../bgp/decision.ts";
import { nodeFactsFor } from "../bgp/node-facts.ts";
import { announcedPrefix } from "../bgp/routes.ts";
import { keyOf } from "../api/objects.ts";
import { prefixText } from "../net/prefix.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { errorsAbout } from "./facts.ts";
import type { Facts } from "./facts.ts";
import { noEndpoints, noSpeaker, unfitStep } from "./layer2.ts";

export interface Bgp {
  readonly concerned: boolean;
  readonly announced: boolean;
  readonly steps: readonly Step[];
  readonly nodes: ReadonlyMap<
    string,
    { readonly reason: string; readonly peers: readonly string[] }
  >;
}

export function bgpOf(facts: Facts): Bgp {
  const { config, settled, key, excludePolicy, alive, snapshot, pool } = facts;
  const names = snapshot.nodes.map((n) => n.metadata.name).sort();
  const nodes = new Map<string, { reason: string; peers: readonly string[] }>();
  const service = settled.services.find((s) => keyOf(s) === key) ?? facts.service;
  for (const name of names) {
    const node = nodeFactsFor(name, snapshot.nodes, excludePolicy);
    const decision = bgpDecision(service, facts.endpoints, config.pools, node);
    if (!decision.announce) {
      nodes.set(name, { reason: decision.reason, peers: [] });
      continue;
    }
    if (!alive.has(name)) {
      nodes.set(name, { reason: "notAlive", peers: [] });
      continue;
    }
    const prefixes = new Set<string>(
      decision.ips.flatMap((ip) =>
        decision.advertisements.map((a) => prefixText(announcedPrefix(ip, a))),
      ),
    );
    const sessions = facts.bgpOn(name);
    const neighbors = sessions.instances.flatMap((i) => i.neighbors);
    const peers = neighbors
      .filter((n) => n.announcements.some((a) => prefixes.has(a.prefix)))
      .map((n) => n.peer)
      .sort();
    const reason = peers.length > 0 ? "" : neighbors.length === 0 ? "noSession" : "noPeerForPrefix";
    nodes.set(name, { reason, peers });
  }
  const concerned = (pool?.bgpAdvertisements ?? []).some((a) => a.nodes.length > 0);
  const senders = [...nodes].filter(([, n]) => n.peers.length > 0);
  const steps =
    senders.length > 0
      ? senders.map(([name, { peers }]) =>
          yes("bgp", { kind: "Node", namespace: "", name }, `sends it to ${peers.join(", ")}`),
        )
      : concerned
        ? [silent(facts, nodes)]
        : [];
  return {
    concerned,
    announced: senders.length > 0,
    steps: [...steps, ...peerNotes(facts)],
    nodes,
  };
}

function silent(facts: Facts, nodes: Bgp["nodes"]): Step {
  const { pool, snapshot, config } = facts;
  const byReason = (reason: string): string[] =>
    [...nodes].filter(([, n]) => n.reason === reason).map(([name]) => name);
  const advertisement = {
    kind: "BGPAdvertisement",
    namespace: snapshot.namespace,
    name: pool?.bgpAdvertisements[0]?.name ?? "",
  };
  if (byReason("noEndpoints").length > 0) return noEndpoints(facts);
  if (byReason("conflictingAdvertisements").length > 0)
    return no(
      "conflictingAdvertisements",
      advertisement,
      "spec.localPref",
      "two advertisements give the same prefix different local preferences",
      "give them the same localPref, other peers, other nodes or another aggregation length",
    );
  // A node that got further is nearer to announcing: what stops it comes first.
  const withoutSession = byReason("noSession");
  if (withoutSession.length > 0) return noSession(facts, withoutSession);
  const unsent = byReason("noPeerForPrefix");
  if (unsent.length > 0) {
    const wanted = pool?.bgpAdvertisements.flatMap((a) => a.peers) ?? [];
    const missing = wanted.find((name) => !config.peers.some((p) => p.name === name));
    return no(
      "noPeerForPrefix",
      advertisement,
      "spec.peers",
      missing === undefined
        ? `${unsent.join(", ")} have sessions, but none that carries this prefix: other peers, or another address family`
        : `names the peer ${missing}, and there is no such BGPPeer`,
      missing === undefined
        ? "name a peer of those nodes, or set dualStackAddressFamily on the BGPPeer"
        : "create the BGPPeer, or correct the name",
    );
  }
  for (const why of [
    "nodeLabeledExcludeBalancers",
    "nodeNetworkUnavailable",
    "noLocalEndpoints",
  ] as const) {
    const found = byReason(why);
    if (found.length > 0) return unfitStep(facts, why, found);
  }
  const dead = byReason("notAlive");
  if (dead.length > 0) return noSpeaker(facts, dead);
  return no(
    "noMatchingAdvertisement",
    advertisement,
    "spec.nodeSelectors",
    "no node is selected by an advertisement that matches this Service",
    "widen nodeSelectors or serviceSelectors",
  );
}

function noSession(facts: Facts, nodes: readonly string[]): Step {
  const { config, snapshot } = facts;
  const [broken] = errorsAbout(facts, "BGPPeer", null);
  if (config.peers.length === 0 && broken !== undefined)
    return no(
      "peerInvalid",
      broken.object,
      broken.path,
      `is left out, because ${broken.message}`,
      "mend it",
    );
  if (config.peers.length === 0)
    return no("noPeer", null, "", "there is no BGPPeer", "create a BGPPeer for the router");
  const [peer] = config.peers;
  return no(
    "noSession",
    { kind: "BGPPeer", namespace: snapshot.namespace, name: peer?.name ?? "" },
    "spec.nodeSelectors",
    `no BGPPeer selects ${nodes.join(", ")}`,
    "widen nodeSelectors of a BGPPeer, or label the nodes",
  );
}

/** Peers in quarantine, and attributes without effect, beside what works. */
const peerNotes = (facts: Facts): readonly Step[] =>
  facts.pool !== null && facts.pool.bgpAdvertisements.length > 0
    ? facts.parsed.problems
        .filter((p) => p.object.kind === "BGPPeer" || p.rule === "S76")
        .map((p) => note("configurationProblem", p.object, p.path, p.message))
    : [];
