/** ConfigMap `bgpextras`: text that goes into frr.conf as it is (V87, crds reference 3.10). */
import { createHash } from "node:crypto";
import { refText } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { findingsOn } from "./findings.ts";
import { compareText, fieldsOf, textAt, valueAt } from "./read.ts";
import type { Vetoes } from "./settle.ts";

const NAME = "bgpextras";

/** Of the text, for whoever refuses it. */
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Extras {
  /** Null when absent or blank. */
  readonly text: string | null;
  readonly problems: readonly Problem[];
  readonly versions: readonly (readonly [string, string])[];
}

/** Text that FRR refused is left out until it is edited: there is no telling which line of it was good. */
export function extrasOf({ configMaps, namespace }: Snapshot, vetoes: Vetoes): Extras {
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
  if (text === undefined) return { text: null, problems: [], versions: [] };
  const ref = { kind: "ConfigMap", namespace, name: NAME };
  const refused = vetoes.get(refText(ref))?.get(digestOf(text));
  if (refused !== undefined) return { text: null, problems: refused, versions: [] };
  const notes = findingsOn(ref);
  notes.warn(
    "V87",
    "extrasUnchecked",
    "data.extras",
    "these lines go to FRR as they are: nothing checks what they do to the rest",
  );
  return { text, problems: notes.problems, versions: [[refText(ref), digestOf(text)]] };
}
