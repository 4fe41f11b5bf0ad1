import { addressOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { prefixContains } from "../net/prefix.ts";
import type { Pool } from "./config.ts";

/** Of lists of pools, and lists of addresses as `announcedIps` gives them: both live as long as they are in use. */
const found = new WeakMap<readonly Pool[], WeakMap<readonly Ip[], Pool | null>>();

/**
 * The one pool that holds all the addresses, or null. `avoidBuggyIPs` plays no part: what a Service
 * holds already is announced (behaviour reference 2.2, step 6).
 */
export function poolFor(pools: readonly Pool[], ips: readonly Ip[]): Pool | null {
  let inThese = found.get(pools);
  if (inThese === undefined) found.set(pools, (inThese = new WeakMap()));
  const known = inThese.get(ips);
  if (known !== undefined) return known;
  const addresses = ips.map(addressOf);
  const holdsAll = (pool: Pool) =>
    addresses.every((a) => pool.cidrs.some((c) => prefixContains(c, a)));
  const pool = pools.find(holdsAll) ?? null;
  inThese.set(ips, pool);
  return pool;
}
