import type { BgpAdvertisement, Pool } from "../config/config.ts";

const share = (a: readonly string[], b: readonly string[]): boolean => a.some((x) => b.includes(x));

/**
 * Whether two advertisements of a pool can never give one prefix two local preferences at one peer
 * (behaviour reference 4.4).
 */
export function localPrefCompatible(pool: Pool, a: BgpAdvertisement, b: BgpAdvertisement): boolean {
  if (a.localPref === b.localPref) return true;
  const families = new Set(pool.cidrs.map((c) => c.family));
  const apart4 = !families.has(4) || a.aggregationLength !== b.aggregationLength;
  const apart6 = !families.has(6) || a.aggregationLengthV6 !== b.aggregationLengthV6;
  if (apart4 && apart6) return true;
  if (a.peers.length > 0 && b.peers.length > 0 && !share(a.peers, b.peers)) return true;
  return !share(a.nodes, b.nodes);
}

/** The first two that conflict, in the order given. */
export function conflictAmong(
  pool: Pool,
  advertisements: readonly BgpAdvertisement[],
): readonly [BgpAdvertisement, BgpAdvertisement] | null {
  for (const [i, a] of advertisements.entries())
    for (const b of advertisements.slice(i + 1))
      if (!localPrefCompatible(pool, a, b)) return [a, b];
  return null;
}
