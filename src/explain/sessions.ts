/** A BGP session as its speaker saw it, as a step: with the field that would turn it, where it is down. */
import type { ObjectRef } from "../api/objects.ts";
import { isReasonWord } from "../api/reason-words.ts";
import type { SpeakerReportStatus } from "../api/resources.ts";
import type { Neighbor } from "../bgp/model.ts";
import { no, yes } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { World } from "./world.ts";

export type SeenSession = NonNullable<SpeakerReportStatus["sessions"]>[number];

export const sessionOn = (
  { observed, alive }: Pick<World, "observed" | "alive">,
  node: string,
  peer: string,
): SeenSession | undefined =>
  alive.has(node)
    ? observed.speakerReports
        .find((r) => r.status?.node === node)
        ?.status?.sessions?.find((s) => s.peer === peer)
    : undefined;

/** Null where no speaker told. */
export function sessionStep(
  world: Pick<World, "observed" | "alive" | "snapshot">,
  node: string,
  neighbor: Pick<Neighbor, "peer" | "key" | "remoteAs">,
): Step | null {
  const seen = sessionOn(world, node, neighbor.peer);
  if (seen === undefined) return null;
  if (seen.state === "Established")
    return yes(
      "session",
      { kind: "Node", namespace: "", name: node },
      `speaks BGP with ${neighbor.key} (AS ${neighbor.remoteAs})` +
        (seen.since === undefined ? "" : ` since ${seen.since}`),
    );
  const object = { kind: "BGPPeer", namespace: world.snapshot.namespace, name: neighbor.peer };
  return downStep(object, node, seen);
}

/** Which field to look at for each word that a speaker has for a session that is down. */
const FIELDS: Readonly<Record<string, { readonly path: string; readonly fix: string }>> = {
  wrongAS: {
    path: "spec.peerASN",
    fix: "set spec.peerASN to the AS of the router",
  },
  refusedAS: {
    path: "spec.myASN",
    fix: "set spec.myASN to what the router has as remote-as for this node, or correct it there",
  },
  peerUnreachable: {
    path: "spec.peerAddress",
    fix: "correct spec.peerAddress, or the route and the link to it",
  },
  peerRefuses: {
    path: "spec.peerPort",
    fix: "start BGP on the router, name this node as its neighbor, or correct spec.peerPort",
  },
  portFiltered: {
    path: "spec.peerPort",
    fix: "let TCP port 179 through between the node and the router, in both directions",
  },
  wrongPassword: {
    path: "spec.passwordSecret",
    fix: "give the BGPPeer and the router the same password (TCP MD5), or neither of them one",
  },
  bfdDown: {
    path: "spec.bfdProfile",
    fix: "let UDP 3784 and 3785 through, and give the router BFD for this neighbor",
  },
};

export function downStep(object: ObjectRef, node: string, seen: SeenSession): Step {
  const told = seen.reason ?? "";
  const reason = isReasonWord(told) ? told : "sessionNotEstablished";
  const { path, fix } = FIELDS[reason] ?? {
    path: "",
    fix: "see what the router says of the session; ferrolb explain peer shows each node",
  };
  const words = seen.message ?? "the session does not come up";
  return no(
    reason,
    object,
    path,
    `session of ${node} with ${seen.neighbor} is ${seen.state}: ${words}`,
    fix,
  );
}
