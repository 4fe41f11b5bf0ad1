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

/** @throws AppError `ERR_BAD_MAC` unless there are six octets. */
export function macFromOctets(octets: Uint8Array): Mac {
  if (octets.length !== 6)
    throw new AppError("ERR_BAD_MAC", `an Ethernet address has 6 octets, not ${octets.length}`);
  return Array.from(octets, (o) => o.toString(16).padStart(2, "0")).join(":") as Mac;
}

export const macOctets = (mac: Mac): Uint8Array =>
  Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
