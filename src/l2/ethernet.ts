import { macAt, putMac } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { dropped } from "./decoded.ts";
import type { Decoded } from "./decoded.ts";

export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
const isTag = (etherType: number): boolean => etherType === 0x8100 || etherType === 0x88a8; // IEEE 802.1Q, 802.1ad

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
  if (isTag(etherType)) {
    if (b.length < 18) return dropped("truncated");
    if (tag >= 0) return dropped("more than one VLAN tag");
    [at, etherType, vlan] = [18, u16(16), u16(14) & 0x0fff];
  }
  if (isTag(etherType)) return dropped("more than one VLAN tag");
  return {
    kind: "packet",
    packet: {
      destination: macAt(b, 0),
      source: macAt(b, 6),
      vlan,
      etherType,
      payload: b.subarray(at),
    },
  };
}

const HEADER = 14;

/**
 * Untagged, padded with zeros to 60 octets (the frame check sequence is the hardware's); `payload` of so many
 * octets is yet to be written. From Node's pool: memory of its own for each frame costs more than all the rest.
 */
export function blankFrame(
  f: Pick<Frame, "destination" | "source" | "etherType">,
  length: number,
): { readonly frame: Uint8Array; readonly payload: Uint8Array } {
  const size = HEADER + length;
  const frame = Buffer.allocUnsafe(Math.max(60, size)).fill(0);
  putMac(frame, 0, f.destination);
  putMac(frame, 6, f.source);
  frame[12] = f.etherType >> 8;
  frame[13] = f.etherType & 255;
  return { frame, payload: frame.subarray(HEADER, size) };
}

export function encodeFrame(
  f: Pick<Frame, "destination" | "source" | "etherType" | "payload">,
): Uint8Array {
  const { frame, payload } = blankFrame(f, f.payload.length);
  payload.set(f.payload);
  return frame;
}
