/** What a pass says about one Service. */
import type { ServiceKey } from "../api/objects.ts";
import type { Ip } from "../net/ip.ts";
import type { AllocationEvent } from "./events.ts";
import type { PendingReason } from "./reasons.ts";
import type { Wish } from "./wish.ts";

export interface Outcome {
  readonly key: ServiceKey;
  /** In status order; empty: none. */
  readonly ips: readonly Ip[];
  readonly pool: string | null;
  /** Why it has no address, or not the ones it asks for; null: all well, or it wants none. */
  readonly pending: PendingReason | null;
  readonly events: readonly AllocationEvent[];
  /** Status or annotation of the snapshot are not what they should be. */
  readonly write: boolean;
  /** The Service as this pass read it. */
  readonly wish: Wish;
}

export type Outcomes = ReadonlyMap<ServiceKey, Outcome>;

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((text, i) => text === b[i]));

/**
 * What the Service holds: its status, or the last decision as long as the status is still the one that
 * decision was made on, because its write is under way (or has failed and will be tried again).
 */
export const heldBy = (wish: Wish, previous: Outcome | undefined): readonly (Ip | null)[] =>
  previous?.write === true && sameTexts(previous.wish.currentText, wish.currentText)
    ? previous.ips
    : wish.current;

/** It held the same addresses in the last pass and nothing that sharing looks at has changed. */
export const isSettled = (
  wish: Wish,
  held: readonly (Ip | null)[],
  previous: Outcome | undefined,
): boolean =>
  previous !== undefined &&
  (previous.ips === held || sameTexts(previous.ips, held.map(String))) &&
  (previous.wish === wish ||
    (previous.wish.sharingKey === wish.sharingKey &&
      previous.wish.backendKey === wish.backendKey &&
      sameTexts(previous.wish.ports, wish.ports)));

export const needsWrite = (wish: Wish, ips: readonly Ip[], pool: string | null): boolean =>
  !wish.statusIsTidy || !sameTexts(wish.currentText, ips) || wish.poolWritten !== pool;

/** The events that the last pass has not told already: a state is told once, when it begins. */
export function freshEvents(
  outcome: Outcome,
  previous: Outcome | undefined,
): readonly AllocationEvent[] {
  if (outcome.events.length === 0 || previous === undefined) return outcome.events;
  const wasPending = JSON.stringify(previous.pending) === JSON.stringify(outcome.pending);
  const isTold = (event: AllocationEvent): boolean =>
    (event.reason === "AllocationFailed" && wasPending && previous.pending !== null) ||
    previous.events.some((e) => e.reason === event.reason && e.message === event.message);
  return outcome.events.filter((event) => !isTold(event));
}
