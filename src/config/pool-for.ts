import { addressOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { prefixContains } from "../net/prefix.ts";
import type { Pool } from "./config.ts";

/**
 * The one pool that holds all the addresses, or null. `avoidBuggyIPs` plays no part: what a Service
 * holds already is announced (behaviour reference 2.2, step 6).
 */
export function poolFor(pools: readonly Pool[], ips: readonly Ip[]): Pool | null {
  const addresses = ips.map(addressOf);
  return (
    pools.find((pool) => addresses.every((a) => pool.cidrs.some((c) => prefixContains(c, a)))) ??
    null
  );
}
