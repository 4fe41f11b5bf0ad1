/**
 * What a router's attempt to connect tells about its password: a SYN for port 179, and whether RFC 2385 signs
 * it with a key that we have. Kernels drop segments with a wrong signature in silence, so this is all there is to see.
 */
import { createHash } from "node:crypto";
import { ipFromOctets } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";

export interface Syn {
  readonly source: Ip;
  readonly signed: boolean;
  /** Whether the signature is made with this key; false without one. */
  fits(password: string): boolean;
}

const [TCP, SYN, ACK, MD5_OPTION] = [6, 0x02, 0x10, 19];
const BGP_PORT = 179;

/** Of an untagged Ethernet frame; null for anything but a SYN to the BGP port. Octets are copied. */
export function decodeSyn(frame: Uint8Array): Syn | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 54) return null;
  const etherType = view.getUint16(12);
  const six = etherType === 0x86dd;
  if (!six && etherType !== 0x0800) return null;
  const protocol = frame[six ? 20 : 23];
  const headerLength = six ? 40 : ((frame[14] ?? 0) & 0x0f) * 4;
  const at = 14 + headerLength;
  if (protocol !== TCP || headerLength < 20 || frame.length < at + 20) return null;
  const length = six ? view.getUint16(18) : view.getUint16(16) - headerLength;
  const tcp = frame.slice(at, at + length);
  const dataAt = ((tcp[12] ?? 0) >> 4) * 4;
  if (tcp.length < length || dataAt < 20 || dataAt > tcp.length) return null;
  if (view.getUint16(at + 2) !== BGP_PORT) return null;
  if (((tcp[13] ?? 0) & (SYN | ACK)) !== SYN) return null;
  const addresses = six ? frame.slice(22, 54) : frame.slice(26, 34);
  const half = addresses.length / 2;
  const digest = signatureIn(tcp.subarray(20, dataAt));
  return {
    source: ipFromOctets(addresses.slice(0, half)),
    signed: digest !== null,
    fits: (password) =>
      digest !== null && digest.equals(signatureOf(addresses, tcp, dataAt, password)),
  };
}

/** The digest of option 19, or null where there is none. */
function signatureIn(options: Uint8Array): Buffer | null {
  let at = 0;
  while (at < options.length) {
    const kind = options[at] ?? 0;
    if (kind === 0) return null;
    const length = kind === 1 ? 1 : (options[at + 1] ?? 0);
    if (length < 1 || (kind !== 1 && length < 2)) return null;
    if (kind === MD5_OPTION && length === 18 && at + 18 <= options.length)
      return Buffer.from(options.slice(at + 2, at + 18));
    at += length;
  }
  return null;
}

/** RFC 2385, 2.0: pseudo-header, header without options and checksum, data, key. */
export function signatureOf(
  addresses: Uint8Array,
  tcp: Uint8Array,
  dataAt: number,
  password: string,
): Buffer {
  const six = addresses.length === 32;
  const pseudo = Buffer.alloc(six ? 8 : 4);
  if (six) {
    pseudo.writeUInt32BE(tcp.length, 0);
    pseudo.writeUInt8(TCP, 7);
  } else {
    pseudo.writeUInt8(TCP, 1);
    pseudo.writeUInt16BE(tcp.length, 2);
  }
  const header = Buffer.from(tcp.slice(0, 20));
  header.writeUInt16BE(0, 16);
  return createHash("md5")
    .update(addresses)
    .update(pseudo)
    .update(header)
    .update(tcp.subarray(dataAt))
    .update(password)
    .digest();
}
