import { macFromOctets, macOctets } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { dropped } from "./decoded.ts";
import type { Decoded } from "./decoded.ts";

export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
const TAGGED = new Set([0x8100, 0x88a8]); // IEEE 802.1Q, 802.1ad

/** An Ethernet II frame; `payload` includes any padding to the minimum length. */
export interface Frame {
  readonly destination: Mac;
  readonly source: Mac;
  /** VLAN id of the outermost tag; 0 is a priority tag or none: the untagged network. */
  readonly vlan: number;
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/**
 * `tag`: the tag control information where the kernel took the tag out of the frame, else -1. More than
 * one tag is no frame for a host.
 */
export function decodeFrame(b: Uint8Array, tag = -1): Decoded<Frame> {
  if (b.length < 14) return dropped("truncated");
  const u16 = (at: number) => ((b[at] ?? 0) << 8) | (b[at + 1] ?? 0);
  let [at, etherType, vlan] = [14, u16(12), tag < 0 ? 0 : tag & 0x0fff];
  if (TAGGED.has(etherType)) {
    if (b.length < 18) return dropped("truncated");
    if (tag >= 0) return dropped("more than one VLAN tag");
    [at, etherType, vlan] = [18, u16(16), u16(14) & 0x0fff];
  }
  if (TAGGED.has(etherType)) return dropped("more than one VLAN tag");
  return {
    kind: "packet",
    packet: {
      destination: macFromOctets(b.subarray(0, 6)),
      source: macFromOctets(b.subarray(6, 12)),
      vlan,
      etherType,
      payload: b.subarray(at),
    },
  };
}

/** Untagged, padded with zeros to 60 octets (the frame check sequence is the hardware's). */
export function encodeFrame(
  f: Pick<Frame, "destination" | "source" | "etherType" | "payload">,
): Uint8Array {
  const b = new Uint8Array(Math.max(60, 14 + f.payload.length));
  b.set(macOctets(f.destination), 0);
  b.set(macOctets(f.source), 6);
  b[12] = f.etherType >> 8;
  b[13] = f.etherType & 255;
  b.set(f.payload, 14);
  return b;
}
