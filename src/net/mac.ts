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

const HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));
const hex = (octet: number | undefined): string => HEX[octet ?? 0] ?? "";

/** @throws AppError `ERR_BAD_MAC` unless there are six octets. */
export function macFromOctets(octets: Uint8Array): Mac {
  if (octets.length !== 6)
    throw new AppError("ERR_BAD_MAC", `an Ethernet address has 6 octets, not ${octets.length}`);
  const [a, b, c, d, e, f] = octets; // written out: every received frame comes through here
  return `${hex(a)}:${hex(b)}:${hex(c)}:${hex(d)}:${hex(e)}:${hex(f)}` as Mac;
}

/** Six octets, network order. */
export function macOctets(mac: Mac): Uint8Array {
  const octets = new Uint8Array(6);
  for (let i = 0; i < 6; i++) octets[i] = Number.parseInt(mac.slice(i * 3, i * 3 + 2), 16);
  return octets;
}

/** The group bit: broadcast and multicast, which no station sends from. */
export const isGroupMac = (mac: Mac): boolean => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
