/** Addresses that end in .0 or .255, and how many are left without them (behaviour reference 1.11). */
import type { Address } from "../net/ip.ts";

/** Some old devices take these for network or broadcast addresses whatever the prefix length. */
export function isBuggy({ family, value }: Address): boolean {
  const octet = value & 255n;
  return family === 4 && (octet === 0n || octet === 255n);
}

/** Buggy IPv4 addresses from 0.0.0.0 up to and including `value`; -1 gives none. */
const buggyUpTo = (value: bigint): bigint =>
  value < 0n ? 0n : value / 256n + 1n + (value + 1n) / 256n;

/** IPv4 addresses in `first`..`last` that do not end in .0 or .255: never negative, unlike MetalLB's. */
export const usableBetween = (first: bigint, last: bigint): bigint =>
  last - first + 1n - (buggyUpTo(last) - buggyUpTo(first - 1n));
