/** What people take for a fault and is none (rows S47, S101, S102). */
import { note } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { Facts } from "./facts.ts";

/** A cluster knows where speakers live; manifests and some dumps do not, and may get another answer than it would. */
export const assumedNotes = ({ speakersAssumed, ref, snapshot }: Facts): readonly Step[] =>
  speakersAssumed && snapshot.nodes.length > 0
    ? [
        note(
          "speakersAssumed",
          ref,
          "",
          `neither speaker Pods nor SpeakerReports are in what was read: each of the ${snapshot.nodes.length} Nodes counts as having a speaker`,
          "add pods and speakerreports to the dump, or name the nodes with --speakers",
        ),
      ]
    : [];

/** The profile `fast` stays below, in any ring that a segment holds. */
const SLOW_MS = 2500;

export function expectedNotes(facts: Facts, by: { l2: boolean; bgp: boolean }): readonly Step[] {
  const { service, ref } = facts;
  const notes: Step[] = [];
  if (by.l2 && !by.bgp)
    notes.push(
      note(
        "oneNodeByDesign",
        ref,
        "",
        "expected at L2: one node receives all traffic of an address and passes it on",
        "use BGP to spread it over nodes",
      ),
    );
  const noticeMs = Math.max(
    0,
    ...facts.observed.speakerReports
      .filter(({ status }) => facts.alive.has(status?.node ?? ""))
      .map(({ status }) => status?.noticeMs ?? 0),
  );
  if (by.l2 && noticeMs > SLOW_MS)
    notes.push(
      note(
        "slowFailover",
        ref,
        "",
        `expected with these membership settings: when its node dies or is cut off, nobody answers for about ${(noticeMs / 1000).toFixed(1)} s`,
        "run the speakers with --ml-profile fast (the default) and without a config.json that slows them; or use BGP with a BFDProfile",
      ),
    );
  if ((service.spec?.externalTrafficPolicy ?? "Cluster") === "Cluster")
    notes.push(
      note(
        "sourceIsNode",
        ref,
        "spec.externalTrafficPolicy",
        "expected under Cluster: Pods see the node's address as the source",
        "set externalTrafficPolicy: Local to keep the client's address",
      ),
    );
  return notes;
}
