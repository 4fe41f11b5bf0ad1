import { AppError } from "../errors.ts";
import type { Branded } from "./ip.ts";

/** An Ethernet address as `02:42:0a:00:00:01`, lower case. */
export type Mac = Branded<string, "Mac">;

/** @throws AppError `ERR_BAD_MAC` */
export function parseMac(text: string): Mac {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text))
    throw new AppError("ERR_BAD_MAC", `not an Ethernet address: ${JSON.stringify(text)}`);
  return text.toLowerCase() as Mac;
}

const [COLON, ZERO, LETTER] = [58, 48, 87]; // LETTER + 10 is "a"
const digit = (nibble: number): number => (nibble < 10 ? ZERO : LETTER) + nibble;
const high = (octet: number | undefined): number => digit((octet ?? 0) >> 4);
const low = (octet: number | undefined): number => digit((octet ?? 0) & 15);

/** The address whose six octets begin at `at`. Every received frame comes through here, hence the spelling out. */
export const macAt = (b: Uint8Array, at: number): Mac =>
  // prettier-ignore
  String.fromCharCode(
    high(b[at]), low(b[at]), COLON, high(b[at + 1]), low(b[at + 1]), COLON,
    high(b[at + 2]), low(b[at + 2]), COLON, high(b[at + 3]), low(b[at + 3]), COLON,
    high(b[at + 4]), low(b[at + 4]), COLON, high(b[at + 5]), low(b[at + 5]),
  ) as Mac;

/** @throws AppError `ERR_BAD_MAC` unless there are six octets. */
export function macFromOctets(octets: Uint8Array): Mac {
  if (octets.length !== 6)
    throw new AppError("ERR_BAD_MAC", `an Ethernet address has 6 octets, not ${octets.length}`);
  return macAt(octets, 0);
}

/** The value of the hexadecimal digit at `at`. */
function nibble(mac: Mac, at: number): number {
  const code = mac.charCodeAt(at);
  return code - (code < LETTER ? ZERO : LETTER);
}

/** Writes the six octets, network order, from `at` on. */
export function putMac(into: Uint8Array, at: number, mac: Mac): void {
  for (let i = 0; i < 6; i++) into[at + i] = nibble(mac, i * 3) * 16 + nibble(mac, i * 3 + 1);
}

/** Six octets, network order. */
export function macOctets(mac: Mac): Uint8Array {
  const octets = new Uint8Array(6);
  putMac(octets, 0, mac);
  return octets;
}

/** The group bit: broadcast and multicast, which no station sends from. */
export const isGroupMac = (mac: Mac): boolean => (nibble(mac, 1) & 1) === 1;

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
