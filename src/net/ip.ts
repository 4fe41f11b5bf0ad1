import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { AppError } from "../errors.ts";
import { ipv6Octets, ipv6Text, putIpv6 } from "./ipv6.ts";

declare const brand: unique symbol;
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** One IP address in canonical text: dotted quad, or RFC 5952 IPv6. IPv4-mapped IPv6 is IPv4. */
export type Ip = Branded<string, "Ip">;
export type Family = 4 | 6;

/** An address as a number, for arithmetic: `value` is below 2^32 or 2^128. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** The address, or null for anything but one plain IP (no zone, no prefix, no leading zeros, no spaces). */
export function tryParseIp(text: string): Ip | null {
  if (isIPv4(text)) return text as Ip;
  if (!isIPv6(text) || text.includes("%")) return null;
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString() as Ip;
  // Not the library's text: of two equal runs of zeros it may shorten the second, where FRR and RFC 5952 take the first.
  return ipv6Text(Uint8Array.from(parsed.toByteArray())) as Ip;
}

/** @throws AppError `ERR_BAD_ADDRESS` for anything but one plain IP. */
export function parseIp(text: string): Ip {
  const ip = tryParseIp(text);
  if (ip === null)
    throw new AppError("ERR_BAD_ADDRESS", `not an IP address: ${JSON.stringify(text)}`);
  return ip;
}

export const familyOf = (ip: Ip): Family => (ip.includes(":") ? 6 : 4);

/** Network-order octets: 4 or 16. */
export function ipOctets(ip: Ip): Uint8Array {
  if (familyOf(ip) === 6) return ipv6Octets(ip);
  const octets = new Uint8Array(4);
  putIp(octets, 0, ip);
  return octets;
}

/** Writes the 4 or 16 octets, network order, from `at` on. */
export function putIp(into: Uint8Array, at: number, ip: Ip): void {
  if (familyOf(ip) === 6) {
    putIpv6(into, at, ip);
    return;
  }
  const value = quad(ip);
  for (let i = 0; i < 4; i++) into[at + i] = value >>> (24 - i * 8);
}

/** The address whose 4 or 16 octets begin at `at`. */
export const ipAt = (b: Uint8Array, at: number, family: Family): Ip =>
  (family === 4
    ? `${b[at] ?? 0}.${b[at + 1] ?? 0}.${b[at + 2] ?? 0}.${b[at + 3] ?? 0}`
    : ipv6Text(b, at)) as Ip;

/** @throws AppError `ERR_BAD_ADDRESS` unless there are 4 or 16 octets. */
export function ipFromOctets(octets: Uint8Array): Ip {
  if (octets.length !== 4 && octets.length !== 16)
    throw new AppError("ERR_BAD_ADDRESS", `an address has 4 or 16 octets, not ${octets.length}`);
  return ipAt(octets, 0, octets.length === 4 ? 4 : 6);
}

/** The quad as one number below 2^32: cheap, and most addresses are IPv4. */
function quad(ip: Ip): number {
  let value = 0;
  let octet = 0;
  for (let i = 0; i < ip.length; i++) {
    const digit = ip.charCodeAt(i) - 48;
    if (digit >= 0) octet = octet * 10 + digit;
    else {
      value = value * 256 + octet;
      octet = 0;
    }
  }
  return value * 256 + octet;
}

export function addressOf(ip: Ip): Address {
  if (familyOf(ip) === 4) return { family: 4, value: BigInt(quad(ip)) };
  let value = 0n;
  for (const octet of ipv6Octets(ip)) value = (value << 8n) | BigInt(octet);
  return { family: 6, value };
}

export function ipOf({ family, value }: Address): Ip {
  if (family === 4) {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}` as Ip;
  }
  const octets = new Uint8Array(16);
  let rest = value;
  for (let i = octets.length - 1; i >= 0; i--) {
    octets[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return ipFromOctets(octets);
}

/** IPv4 before IPv6, then by number. */
export function compareIps(a: Ip, b: Ip): number {
  if (familyOf(a) === 4 && familyOf(b) === 4) return quad(a) - quad(b);
  const [x, y] = [addressOf(a), addressOf(b)];
  if (x.family !== y.family) return x.family - y.family;
  return x.value < y.value ? -1 : x.value > y.value ? 1 : 0;
}
