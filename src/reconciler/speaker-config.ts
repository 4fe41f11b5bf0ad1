/**
 * The configuration as the speaker uses it: parsed again only when something it is made of changed or FRR
 * refused a part, and accepted only once it is in force.
 */
import type { Snapshot } from "../api/snapshot.ts";
import { acceptedText } from "../config/accepted.ts";
import type { Accepted } from "../config/accepted.ts";
import { parseConfig, withRefusals } from "../config/parse.ts";
import type { ParseOptions, Parsed, Refused } from "../config/parse.ts";
import { sameInputs } from "./controller-config.ts";

export interface SpeakerConfig {
  /** The same object until something changed. */
  of(snapshot: Snapshot): Parsed;
  /** FRR did not take lines of this configuration. False when no object of it can be blamed. */
  refuse(parsed: Parsed, refused: readonly Refused[]): boolean;
  /** It is in force: what was accepted in it is what a bad edit falls back to. */
  keep(parsed: Parsed): void;
  /** For the state directory; no passwords. */
  acceptedText(): string;
}

type Vetoes = NonNullable<ParseOptions["refused"]>;

const countOf = (vetoes: Vetoes): number =>
  [...vetoes.values()].reduce((sum, digests) => sum + digests.size, 0);

/** `accepted`: what acted before the last restart. */
export function speakerConfigFrom(before: Accepted): SpeakerConfig {
  let accepted = before;
  let vetoes: Vetoes = new Map();
  let from: Snapshot | null = null;
  let parsed: Parsed | null = null;
  return {
    of(snapshot) {
      if (parsed !== null && from !== null && sameInputs(from, snapshot)) return parsed;
      from = snapshot;
      parsed = parseConfig(snapshot, { accepted, refused: vetoes });
      return parsed;
    },
    refuse(of, refused) {
      const next = withRefusals(vetoes, of, refused);
      if (countOf(next) === countOf(vetoes)) return false;
      vetoes = next;
      parsed = null;
      return true;
    },
    keep({ accepted: now }) {
      accepted = now;
    },
    acceptedText: () => acceptedText(accepted),
  };
}
