/** The wrappers around messages: compound, compression, CRC, label. Each one way and back. */
import { crc32 } from "node:zlib";
import { lzwCompress, lzwDecompress } from "./lzw.ts";
import { COMPRESS, TYPE, drop, dropFor, join, withType } from "./messages.ts";
import type { Decoded } from "./messages.ts";
import { Malformed, encodeStruct } from "./msgpack.ts";
import { Reader } from "./msgpack-reader.ts";

export const MAX_PARTS = 255;
export const MAX_LABEL = 255;

/** At most 255 parts, each with its type octet. */
export function encodeCompound(parts: readonly Uint8Array[]): Uint8Array {
  const head = new Uint8Array(2 + 2 * parts.length);
  head[0] = TYPE.compound;
  head[1] = parts.length;
  parts.forEach((part, i) => {
    head[2 + 2 * i] = part.length >>> 8;
    head[3 + 2 * i] = part.length & 0xff;
  });
  return join(head, ...parts);
}

/** As many compounds as it takes. */
export function encodeCompounds(parts: readonly Uint8Array[]): Uint8Array[] {
  const compounds: Uint8Array[] = [];
  for (let at = 0; at < parts.length; at += MAX_PARTS)
    compounds.push(encodeCompound(parts.slice(at, at + MAX_PARTS)));
  return compounds;
}

/** The complete leading parts; `truncated` counts those that ran short. Type octet included. */
export function decodeCompound(
  octets: Uint8Array,
): Decoded<{ readonly parts: readonly Uint8Array[]; readonly truncated: number }> {
  const count = octets[1];
  if (count === undefined) return drop("compound without a count");
  if (octets.length < 2 + 2 * count) return drop("compound without its lengths");
  const parts: Uint8Array[] = [];
  let at = 2 + 2 * count;
  for (let i = 0; i < count; i++) {
    const length = ((octets[2 + 2 * i] ?? 0) << 8) | (octets[3 + 2 * i] ?? 0);
    if (at + length > octets.length) break;
    parts.push(octets.subarray(at, at + length));
    at += length;
  }
  return { kind: "message", message: { parts, truncated: count - parts.length } };
}

export const compress = (message: Uint8Array): Uint8Array =>
  withType(TYPE.compress, encodeStruct(COMPRESS, { algo: 0, buf: lzwCompress(message) }));

/**
 * The message inside a compress message; `reader` stands after the type octet.
 * @throws Truncated | Malformed
 */
export function unpack(reader: Reader): Uint8Array {
  const { algo, buf } = reader.struct(COMPRESS);
  if (algo !== 0) throw new Malformed("unknown compression");
  return lzwDecompress(buf instanceof Uint8Array ? buf : new Uint8Array());
}

export function decompress(octets: Uint8Array): Decoded<Uint8Array> {
  try {
    return { kind: "message", message: unpack(new Reader(octets, 1)) };
  } catch (error) {
    return dropFor(error);
  }
}

export function withCrc(message: Uint8Array): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = TYPE.crc;
  new DataView(head.buffer).setUint32(1, crc32(message));
  return join(head, message);
}

/** Takes a checksum header off, where there is one of at least five octets. */
export function checkCrc(octets: Uint8Array): Decoded<Uint8Array> {
  if (octets[0] !== TYPE.crc || octets.length < 5) return { kind: "message", message: octets };
  const want = new DataView(octets.buffer, octets.byteOffset).getUint32(1);
  const message = octets.subarray(5);
  return crc32(message) === want ? { kind: "message", message } : drop("wrong checksum");
}

/** The header alone; empty for no label. */
export const labelHeader = (label: Uint8Array): Uint8Array =>
  label.length === 0 ? label : join(Uint8Array.of(TYPE.label, label.length), label);

export interface Labelled {
  readonly label: Uint8Array;
  readonly rest: Uint8Array;
}

export function takeLabel(octets: Uint8Array): Decoded<Labelled> {
  if (octets[0] !== TYPE.label)
    return { kind: "message", message: { label: new Uint8Array(), rest: octets } };
  const length = octets[1];
  if (length === undefined || length === 0) return drop("empty label header");
  if (octets.length < 2 + length) return drop("cut label header");
  return {
    kind: "message",
    message: { label: octets.subarray(2, 2 + length), rest: octets.subarray(2 + length) },
  };
}

export const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
