/** What the engine tells others: once per change, for the log, the metrics and the page. */
import type { Refusal } from "../api/frr-desired.ts";

export type DriftCause = "edited" | "restarted" | "returned";

export type FrrEvent =
  | { readonly kind: "applied"; readonly commands: number; readonly durationMs: number }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] }
  /** A refused batch could not be taken back wholly; the next apply starts from what is there. */
  | { readonly kind: "unrestored" }
  /** The running configuration is no longer what was applied. */
  | { readonly kind: "drift"; readonly cause: DriftCause }
  | { readonly kind: "healed"; readonly cause: DriftCause }
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Some daemons do not answer: their lines wait, the rest goes on. */
  | { readonly kind: "partly-away"; readonly daemons: readonly string[] }
  | { readonly kind: "whole-again" }
  | { readonly kind: "conf-unwritten"; readonly reason: string }
  | { readonly kind: "conf-written" }
  | { readonly kind: "version-mismatch"; readonly vtysh: string; readonly daemons: string };

export type FrrEventKind = FrrEvent["kind"];
export type FrrStats = Readonly<Record<FrrEventKind, number>>;

export const NO_STATS: FrrStats = {
  applied: 0,
  refused: 0,
  unrestored: 0,
  drift: 0,
  healed: 0,
  unreachable: 0,
  "partly-away": 0,
  "whole-again": 0,
  "conf-unwritten": 0,
  "conf-written": 0,
  "version-mismatch": 0,
};
