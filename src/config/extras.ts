/** ConfigMap `bgpextras`: text that goes into frr.conf as it is (V87, crds reference 3.10). */
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { findingsOn } from "./findings.ts";
import { compareText, fieldsOf, textAt, valueAt } from "./read.ts";

const NAME = "bgpextras";

export interface Extras {
  /** Null when absent or blank. */
  readonly text: string | null;
  readonly problems: readonly Problem[];
}

export function extrasOf({ configMaps, namespace }: Snapshot): Extras {
  const texts = (configMaps as readonly unknown[])
    .map(fieldsOf)
    .filter((map) => {
      const metadata = fieldsOf(valueAt(map, "metadata"));
      const place = textAt(metadata, "namespace") ?? namespace;
      return textAt(metadata, "name") === NAME && place === namespace;
    })
    .map((map) => textAt(fieldsOf(valueAt(map, "data")), "extras") ?? "")
    .filter((text) => text.trim() !== "");
  const [text] = texts.sort(compareText);
  if (text === undefined) return { text: null, problems: [] };
  const notes = findingsOn({ kind: "ConfigMap", namespace, name: NAME });
  notes.warn(
    "V87",
    "extrasUnchecked",
    "data.extras",
    "these lines go to FRR as they are: nothing checks what they do to the rest",
  );
  return { text, problems: notes.problems };
}
