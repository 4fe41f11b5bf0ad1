/** What the engine is given and gives back: it fits the reconciler's `FrrEngine` by shape. */
import type { ObjectRef } from "../api/objects.ts";

/** frr.conf as this node should have it, and who asked for each line. */
export interface Desired {
  readonly text: string;
  /** The objects that a line (with the lines of its contexts before it) comes from; may be empty. */
  originOf(path: readonly string[]): readonly ObjectRef[];
}

/** A line that FRR did not take, in FRR's own words; secrets are masked in both. */
export interface Refusal {
  readonly path: readonly string[];
  readonly words: string;
  readonly objects: readonly ObjectRef[];
}

export type Applied =
  | { readonly kind: "settled" }
  | { readonly kind: "applied"; readonly commands: number; readonly durationMs: number }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };
