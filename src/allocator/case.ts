/** A Service on its way through a pass: what it holds, what is said about that, and whose turn it is. */
import type { ServiceKey } from "../api/objects.ts";
import type { Family, Ip } from "../net/ip.ts";
import { familiesWanted, missing } from "./choose.ts";
import { additionalFailed } from "./events.ts";
import type { AllocationEvent } from "./events.ts";
import type { Place } from "./ledger.ts";
import type { PoolView } from "./pool-index.ts";
import type { PendingReason } from "./reasons.ts";
import type { Verdict } from "./verdict.ts";
import type { Wish } from "./wish.ts";

export type Hold = Extract<Verdict, { kind: "hold" }>;

/** A Service on its way through the pass. */
export interface Case<V extends Verdict = Verdict> {
  readonly wish: Wish;
  readonly held: readonly (Ip | null)[];
  readonly verdict: V;
}

/** A Service that got nothing when its turn came. */
export interface Waiting {
  readonly found: Case;
  readonly told: readonly AllocationEvent[];
  readonly reason: PendingReason;
  readonly given: number;
}

export const badRequestOf = ({ request }: Wish): PendingReason | null =>
  request.kind === "bad" ? { kind: "badRequest", field: request.field, why: request.why } : null;

export const otherFamily = (wish: Wish, places: readonly Place[]): Family =>
  familiesWanted(wish).find((f) => f !== places[0]?.block.family) ?? 6;

export function secondMissing(
  wish: Wish,
  places: readonly Place[],
  pool: PoolView,
): AllocationEvent {
  return additionalFailed(
    pool.pool.draining
      ? { kind: "notAllowed", verdict: { pool: pool.name, refusal: { kind: "draining" } } }
      : { kind: "poolExhausted", verdict: missing(pool, otherFamily(wish, places)) },
  );
}

/** MetalLB also tops up a Service with one cluster IP, and then takes the second address away, forever. */
export const wantsSecond = (wish: Wish, places: readonly Place[]): boolean =>
  wish.policy === "PreferDualStack" &&
  wish.family === "dual" &&
  places.length === 1 &&
  wish.request.kind === "none";

export function byAge(a: Case, b: Case): number {
  if (a.wish.createdMs !== b.wish.createdMs) return a.wish.createdMs < b.wish.createdMs ? -1 : 1;
  return a.wish.key < b.wish.key ? -1 : a.wish.key > b.wish.key ? 1 : 0;
}

export const byKey = (a: { key: ServiceKey }, b: { key: ServiceKey }): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

export const holdersFirst = (a: Case, b: Case): number =>
  Number(b.held.length > 0) - Number(a.held.length > 0) || byAge(a, b);
