/**
 * What a Service's own spec and the pools say about the addresses it holds, before other Services are
 * looked at. Behaviour reference 1.4, steps 1 to 10 without the sharing rules of step 8. Depends on one
 * Service and the pools alone, so it can be remembered while both stay the same.
 */
import type { Ip } from "../net/ip.ts";
import {
  allocationFailed,
  clearAssignment,
  notEnoughClusterIPs,
  requestRefused,
  unknownServiceFamily,
  unknownStatusFamily,
} from "./events.ts";
import type { AllocationEvent } from "./events.ts";
import { placeOf } from "./ledger.ts";
import type { Place } from "./ledger.ts";
import { messageOf } from "./messages.ts";
import { restrictionFor } from "./pool-index.ts";
import type { PoolIndex, PoolView } from "./pool-index.ts";
import type { PendingReason, ServiceFamily } from "./reasons.ts";
import { familiesOf } from "./wish.ts";
import type { Wish } from "./wish.ts";

export type Verdict =
  /** No LoadBalancer, and nothing of ours on it. */
  | { readonly kind: "ignore" }
  /** It gets nothing, and what it has goes. `reason` null: it does not want an address. */
  | {
      readonly kind: "clear";
      readonly reason: PendingReason | null;
      readonly events: readonly AllocationEvent[];
    }
  /** Nothing can be said: what it has stays as it stands, and counts where it can. */
  | {
      readonly kind: "leave";
      readonly reason: PendingReason | null;
      readonly places: readonly Place[];
      readonly events: readonly AllocationEvent[];
    }
  /** It keeps these, unless somebody else has a better right to them. */
  | {
      readonly kind: "hold";
      readonly places: readonly Place[];
      readonly pool: PoolView;
      readonly events: readonly AllocationEvent[];
    }
  /** It needs addresses; what it held, if anything, is given up. */
  | { readonly kind: "seek"; readonly events: readonly AllocationEvent[] };

/** `current`: what the Service holds; its status, or what was decided and is still being written. */
export function verdictFor(
  wish: Wish,
  current: readonly (Ip | null)[],
  index: PoolIndex,
  leftOut: ReadonlySet<string>,
): Verdict {
  if (!wish.isLoadBalancer) {
    const clean = current.length === 0 && wish.statusIsTidy && wish.poolWritten === null;
    return clean ? { kind: "ignore" } : { kind: "clear", reason: null, events: [] };
  }
  const places = current.map((ip) => (ip === null ? null : placeOf(index, ip)));
  if (isOfLeftOutPool(wish, places, leftOut))
    return { kind: "leave", reason: null, places: places.filter((p) => p !== null), events: [] };
  const impossible = impossibleReason(wish, index);
  if (impossible !== null)
    return { kind: "clear", reason: impossible, events: eventsFor(wish, impossible) };
  if (current.length === 0) return { kind: "seek", events: [] };
  return verdictOnHeld(wish, current, places);
}

/** The pool is in the manifests, but could not be read: its addresses are nobody's to take away. */
const isOfLeftOutPool = (
  wish: Wish,
  places: readonly (Place | null)[],
  leftOut: ReadonlySet<string>,
): boolean =>
  wish.poolWritten !== null && leftOut.has(wish.poolWritten) && places.some((p) => p === null);

function impossibleReason(wish: Wish, index: PoolIndex): PendingReason | null {
  if (index.pools.length === 0) return { kind: "noPool" };
  if (wish.family === null) return { kind: "noClusterIPs" };
  const { clusterIPs } = wish;
  return wish.policy === "RequireDualStack" && clusterIPs.length === 1
    ? { kind: "notEnoughClusterIPs", clusterIPs }
    : null;
}

/** MetalLB says nothing when there is no pool at all; people look for the reason there first. */
function eventsFor(wish: Wish, reason: PendingReason): readonly AllocationEvent[] {
  if (reason.kind === "notEnoughClusterIPs") return [notEnoughClusterIPs(reason.clusterIPs)];
  return reason.kind === "noPool" ? [allocationFailed(wish.key, reason)] : [];
}

function verdictOnHeld(
  wish: Wish,
  current: readonly (Ip | null)[],
  places: readonly (Place | null)[],
): Verdict {
  if (wish.family === "unknown" || wish.family === null) {
    const reason = { kind: "unknownFamily", clusterIPs: wish.clusterIPs } as const;
    const events = [unknownServiceFamily(wish.clusterIPs)];
    return { kind: "leave", reason, places: places.filter((p) => p !== null), events };
  }
  const bad = wish.currentText[current.indexOf(null)];
  if (bad !== undefined)
    return released(wish, [
      clearAssignment(wish.key, `${JSON.stringify(bad)} is not an IP address`),
    ]);
  const families = familiesOf(current);
  if (families === "unknown") return released(wish, [unknownStatusFamily(wish.currentText)]);
  if (families !== wish.family && !mayBeTopped(wish, families)) return released(wish, []);
  const held = places.filter((p) => p !== null);
  const pool = held[0]?.block.pool;
  const refusal =
    pool === undefined || held.length < current.length || held.some((p) => p.block.pool !== pool)
      ? { kind: "notInPool" as const, field: "status.loadBalancer.ingress", ips: ipsOf(current) }
      : poolReason(pool, wish);
  if (pool === undefined || refusal !== null)
    return released(wish, refusal === null ? [] : [clearAssignment(wish.key, messageOf(refusal))]);
  if (wish.pool !== null && wish.pool.name !== pool.name) return released(wish, []);
  if (wish.request.kind === "bad")
    return { kind: "hold", places: held, pool, events: [requestRefused(wish.request.why)] };
  if (wish.request.kind === "ips" && !isSameSet(wish.request.ips, ipsOf(current)))
    return { kind: "seek", events: [] };
  return { kind: "hold", places: held, pool, events: [] };
}

/** What was held is gone; with an unreadable request nothing can follow it. */
export function released(wish: Wish, events: readonly AllocationEvent[]): Verdict {
  if (wish.request.kind !== "bad") return { kind: "seek", events };
  const { field, why } = wish.request;
  return {
    kind: "clear",
    reason: { kind: "badRequest", field, why },
    events: [...events, requestRefused(why)],
  };
}

const ipsOf = (current: readonly (Ip | null)[]): Ip[] => current.filter((ip) => ip !== null);

const mayBeTopped = (wish: Wish, held: ServiceFamily): boolean =>
  held !== "dual" && wish.family === "dual" && wish.policy === "PreferDualStack";

const isSameSet = (a: readonly Ip[], b: readonly Ip[]): boolean =>
  a.length === b.length && a.every((ip) => b.includes(ip));

function poolReason(pool: PoolView, wish: Wish): PendingReason | null {
  const refusal = restrictionFor(pool, wish);
  return refusal === null ? null : { kind: "notAllowed", verdict: { pool: pool.name, refusal } };
}
