/** ConfigMap `bgpextras`: text that goes into frr.conf as it is (V87, crds reference 3.10). */
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { findingsOn } from "./findings.ts";
import { fieldsOf, textAt, valueAt } from "./read.ts";
import { sourceOf } from "./source.ts";

const NAME = "bgpextras";

export function extrasOf(snapshot: Snapshot): {
  readonly text: string | null;
  readonly problems: readonly Problem[];
} {
  const { namespace } = snapshot;
  const found = (snapshot.configMaps as readonly unknown[])
    .map((raw) => sourceOf(raw, "ConfigMap", namespace))
    .find((source) => source.name === NAME && source.ref.namespace === namespace);
  const text = textAt(fieldsOf(valueAt(fieldsOf(found?.raw), "data")), "extras") ?? "";
  if (found === undefined || text.trim() === "") return { text: null, problems: [] };
  const notes = findingsOn(found.ref);
  notes.warn(
    "V87",
    "extrasUnchecked",
    "data.extras",
    "these lines go to FRR as they are: nothing checks what they do to the rest",
  );
  return { text, problems: notes.problems };
}
