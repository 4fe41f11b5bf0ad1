/** One BGPPeer: its session on each node, and what it is sent there. */
import type { Snapshot } from "../api/snapshot.ts";
import type { Announcement } from "../bgp/model.ts";
import { no, note, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import { errorsAbout } from "./facts.ts";
import { sessionStep } from "./sessions.ts";
import { subjectAnswer } from "./subject.ts";
import type { SubjectAnswer } from "./subject.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions } from "./world.ts";

export function explainPeer(
  snapshot: Snapshot,
  name: string,
  options: ExplainOptions = {},
): SubjectAnswer {
  const world = worldFor(snapshot, options);
  const ref = { kind: "BGPPeer", namespace: snapshot.namespace, name };
  const [broken] = errorsAbout(world, "BGPPeer", name);
  if (broken !== undefined)
    return subjectAnswer(
      ref,
      no("peerInvalid", ref, broken.path, `is left out, because ${broken.message}`, "mend it"),
    );
  if (!world.config.peers.some((p) => p.name === name))
    return subjectAnswer(
      ref,
      no("noPeer", ref, "", "there is no such BGPPeer", "look at the namespace and the name"),
    );
  const sessions = snapshot.nodes
    .map((n) => n.metadata.name)
    .sort()
    .flatMap((node) =>
      world
        .bgpOn(node)
        .instances.flatMap((i) => i.neighbors)
        .filter((n) => n.peer === name)
        .map((neighbor) => ({ node, neighbor })),
    );
  const steps = sessions.flatMap(({ node, neighbor }): readonly Step[] => [
    sessionStep(world, node, neighbor) ??
      yes(
        "session",
        { kind: "Node", namespace: "", name: node },
        `speaks BGP with ${neighbor.key} (AS ${neighbor.remoteAs})`,
      ),
    ...neighbor.announcements.map((a) =>
      note("bgp", { kind: "Node", namespace: "", name: node }, "", `sends ${sentText(a)}`),
    ),
  ]);
  const [first, ...rest] = steps;
  if (first === undefined)
    return subjectAnswer(
      ref,
      no(
        "noSession",
        ref,
        "spec.nodeSelectors",
        "selects no node",
        "widen nodeSelectors, or label the nodes",
      ),
    );
  return subjectAnswer(ref, first, ...rest);
}

export const sentText = ({ prefix, localPref, communities, largeCommunities }: Announcement) =>
  [
    prefix,
    ...(localPref === 0 ? [] : [`local preference ${localPref}`]),
    ...(communities.length === 0 ? [] : [`communities ${communities.join(" ")}`]),
    ...(largeCommunities.length === 0 ? [] : [`large communities ${largeCommunities.join(" ")}`]),
  ].join(", ");
