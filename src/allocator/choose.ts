/**
 * The addresses for a Service that has none: requested ones, a named pool, or any pool that serves it
 * unasked. Behaviour reference 1.6; looks at the ledger, changes nothing.
 */
import type { Family, Ip } from "../net/ip.ts";
import { placeOf } from "./ledger.ts";
import type { Ledger, Place } from "./ledger.ts";
import { automaticRefusal, restrictionFor } from "./pool-index.ts";
import type { PoolIndex, PoolView } from "./pool-index.ts";
import type { PendingReason, PoolVerdict } from "./reasons.ts";
import { familiesOf } from "./wish.ts";
import type { Wish } from "./wish.ts";

export type Choice =
  | { readonly kind: "places"; readonly places: readonly Place[]; readonly pool: PoolView }
  | { readonly kind: "pending"; readonly reason: PendingReason };

const pending = (reason: PendingReason): Choice => ({ kind: "pending", reason });

/** `kept`: what the Service had before it went away, to be taken again where nothing speaks against it. */
export function choose(wish: Wish, index: PoolIndex, ledger: Ledger, kept: readonly Ip[]): Choice {
  const { family, request, policy } = wish;
  if (request.kind === "bad")
    return pending({ kind: "badRequest", field: request.field, why: request.why });
  if (family === null) return pending({ kind: "noClusterIPs" });
  if (family === "unknown") return pending({ kind: "unknownFamily", clusterIPs: wish.clusterIPs });
  if (request.kind === "ips") {
    const { ips: requested, field } = request;
    if (familiesOf(requested) !== family)
      return pending({ kind: "requestFamily", field, requested, family });
    return chooseRequested(wish, requested, field, index, ledger);
  }
  if (family === "dual" && policy === "SingleStack") return pending({ kind: "dualButSingleStack" });
  return (
    chooseKept(wish, index, ledger, kept) ??
    (wish.pool === null
      ? chooseAutomatically(wish, index, ledger)
      : chooseFromNamed(wish, wish.pool, index, ledger))
  );
}

function chooseRequested(
  wish: Wish,
  ips: readonly Ip[],
  field: string,
  index: PoolIndex,
  ledger: Ledger,
): Choice {
  const places = ips.map((ip) => placeOf(index, ip)).filter((place) => place !== null);
  const pool = places[0]?.block.pool;
  if (pool === undefined || places.length < ips.length || places.some((p) => p.block.pool !== pool))
    return pending({ kind: "notInPool", field, ips });
  if (wish.pool !== null && wish.pool.name !== pool.name)
    return pending({
      kind: "requestInOtherPool",
      field: wish.pool.field,
      ips,
      pool: pool.name,
      wanted: wish.pool.name,
    });
  const refusal = namedRefusal(pool, wish);
  if (refusal !== null) return pending({ kind: "notAllowed", verdict: refusal });
  const reserved = places.find((p) => p.block.reserved);
  if (reserved !== undefined)
    return pending({ kind: "reserved", field, ip: reserved.ip, pool: pool.name });
  for (const { ip } of places) {
    const inUse = ledger.conflict(ip, wish);
    if (inUse !== null) return pending({ kind: "inUse", ...inUse });
  }
  return { kind: "places", places, pool };
}

/** `autoAssign` does not matter where the pool or the address is asked for. */
function namedRefusal(pool: PoolView, wish: Wish): PoolVerdict | null {
  const refusal = pool.pool.draining ? { kind: "draining" as const } : restrictionFor(pool, wish);
  return refusal === null ? null : { pool: pool.name, refusal };
}

function chooseFromNamed(
  wish: Wish,
  { name, field }: { readonly name: string; readonly field: string },
  index: PoolIndex,
  ledger: Ledger,
): Choice {
  const pool = index.byName.get(name);
  if (pool === undefined) return pending({ kind: "unknownPool", field, pool: name });
  const refusal = namedRefusal(pool, wish);
  if (refusal !== null) return pending({ kind: "notAllowed", verdict: refusal });
  const { chosen, verdicts } = firstOf([pool], wish, ledger);
  if (chosen !== null) return chosen;
  const verdict = verdicts[0] ?? { pool: name, refusal: { kind: "exhausted", family: 4 } };
  return pending({ kind: "poolExhausted", verdict });
}

/** Pinned pools first, by priority; only then those without `serviceAllocation`. */
function chooseAutomatically(wish: Wish, index: PoolIndex, ledger: Ledger): Choice {
  const refused: PoolVerdict[] = [];
  const tried: PoolVerdict[] = [];
  for (const round of [index.pinned, index.general]) {
    const candidates = round.filter((pool) => {
      const refusal = automaticRefusal(pool, wish);
      if (refusal !== null) refused.push({ pool: pool.name, refusal });
      return refusal === null;
    });
    const { chosen, verdicts } = firstOf(candidates, wish, ledger);
    if (chosen !== null) return chosen;
    tried.push(...verdicts);
  }
  const verdicts = [...tried, ...refused];
  return tried.some((v) => v.refusal.kind === "exhausted")
    ? pending({ kind: "exhausted", verdicts })
    : pending({ kind: "noPoolForService", verdicts });
}

/**
 * The first pool that has all the families; for PreferDualStack else the first that has the primary one,
 * else the first that has the other. All addresses come from one pool, IPv4 first.
 */
function firstOf(
  pools: readonly PoolView[],
  wish: Wish,
  ledger: Ledger,
): { readonly chosen: Choice | null; readonly verdicts: readonly PoolVerdict[] } {
  const families = familiesWanted(wish);
  const single: Partial<Record<Family, Choice>> = {};
  const verdicts: PoolVerdict[] = [];
  for (const pool of pools) {
    const places: Place[] = [];
    for (const family of families) {
      const place = ledger.firstFitting(pool, family, wish);
      if (place === null) verdicts.push(missing(pool, family));
      else places.push(place);
    }
    if (places.length === families.length)
      return { chosen: { kind: "places", places, pool }, verdicts };
    for (const place of places)
      single[place.block.family] ??= { kind: "places", places: [place], pool };
  }
  if (wish.policy !== "PreferDualStack") return { chosen: null, verdicts };
  const chosen = single[wish.primary] ?? single[wish.primary === 4 ? 6 : 4] ?? null;
  return { chosen, verdicts };
}

export const familiesWanted = (wish: Wish): readonly Family[] =>
  wish.family === "dual" ? [4, 6] : wish.family === "ipv6" ? [6] : [4];

export const missing = (pool: PoolView, family: Family): PoolVerdict => ({
  pool: pool.name,
  refusal: { kind: pool.blocks.some((b) => b.family === family) ? "exhausted" : "noRange", family },
});

function chooseKept(
  wish: Wish,
  index: PoolIndex,
  ledger: Ledger,
  kept: readonly Ip[],
): Choice | null {
  if (kept.length === 0 || familiesOf(kept) !== wish.family) return null;
  const places = kept.map((ip) => placeOf(index, ip)).filter((place) => place !== null);
  const pool = places[0]?.block.pool;
  if (pool === undefined || places.length < kept.length) return null;
  if (wish.pool !== null && wish.pool.name !== pool.name) return null;
  const refusal = wish.pool === null ? automaticRefusal(pool, wish) : namedRefusal(pool, wish);
  const fits = places.every(
    (p) => p.block.pool === pool && !p.block.reserved && ledger.conflict(p.ip, wish) === null,
  );
  return refusal === null && fits ? { kind: "places", places, pool } : null;
}
