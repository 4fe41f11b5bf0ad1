/** What an FRR is asked to have, and what came of it: between those who ask and the engine. */
import type { ObjectRef } from "./objects.ts";

/** frr.conf as a node should have it, and who asked for each line. */
export interface Desired {
  readonly text: string;
  /** The objects that a line (with the lines of its contexts before it) comes from; may be empty. */
  readonly originOf: (path: readonly string[]) => readonly ObjectRef[];
}

/** A line that FRR did not take, in FRR's own words; secrets are masked in both. */
export interface Refusal {
  readonly path: readonly string[];
  readonly words: string;
  readonly objects: readonly ObjectRef[];
}

export type Applied =
  | { readonly kind: "settled" }
  /** `commands`: lines given to FRR. `givenMs`: until it had them; the rest of the time went into reading back. */
  | {
      readonly kind: "applied";
      readonly commands: number;
      readonly durationMs: number;
      readonly givenMs?: number;
    }
  /** Nothing of the batch is in force: the prior state was restored. */
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };
