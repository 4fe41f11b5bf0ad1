/** What people take for a fault and is none (rows S47, S101, S102). */
import { note } from "./explanation.ts";
import type { Step } from "./explanation.ts";
import type { Facts } from "./facts.ts";

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
