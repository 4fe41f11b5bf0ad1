import { AppError } from "../errors.ts";
import { BITS, addressOf, ipOf, tryParseIp } from "./ip.ts";
import type { Branded, Family, Ip } from "./ip.ts";

/** A prefix in canonical text, host bits cleared: `192.0.2.0/24`, `2001:db8::/64`. */
export type PrefixText = Branded<string, "PrefixText">;

/** A block of 2^(bits - length) addresses starting at `first`. */
export interface Prefix {
  readonly family: Family;
  readonly first: bigint;
  readonly length: number;
}

export const prefixSize = (p: Prefix): bigint => 1n << BigInt(BITS[p.family] - p.length);
export const prefixLast = (p: Prefix): bigint => p.first + prefixSize(p) - 1n;
export const prefixText = (p: Prefix): PrefixText =>
  `${ipOf({ family: p.family, value: p.first })}/${p.length}` as PrefixText;

/** The block of `length` bits that holds the address: what an aggregation length announces. */
export function prefixFor(ip: Ip, length: number): Prefix {
  const { family, value } = addressOf(ip);
  const hostBits = BigInt(BITS[family] - length);
  return { family, first: (value >> hostBits) << hostBits, length };
}

/**
 * A CIDR prefix; host bits are cleared. No spaces, no zone.
 * @throws AppError `ERR_BAD_PREFIX`
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf("/");
  const ip = slash < 0 ? null : tryParseIp(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (ip !== null && /^\d{1,8}$/.test(lengthText)) {
    const length = Number(lengthText);
    const written = text.slice(0, slash).includes(":") ? 6 : 4;
    const mapped = written === 6 && !ip.includes(":");
    const own = mapped ? length - 96 : length; // ::ffff:192.0.2.0/120 is 192.0.2.0/24
    if (own >= 0 && length <= BITS[written]) return prefixFor(ip, own);
  }
  throw new AppError("ERR_BAD_PREFIX", `not a CIDR prefix: ${JSON.stringify(text)}`);
}

export const prefixContains = (p: Prefix, address: { family: Family; value: bigint }): boolean =>
  p.family === address.family && address.value >= p.first && address.value <= prefixLast(p);

export const prefixesOverlap = (a: Prefix, b: Prefix): boolean =>
  a.family === b.family && a.first <= prefixLast(b) && b.first <= prefixLast(a);

/** IPv4 before IPv6, then by first address, then shorter first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.length - b.length;
}
