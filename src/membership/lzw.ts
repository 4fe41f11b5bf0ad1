/**
 * LZW in the GIF flavour: 8-bit literals, codes least significant bit first, 9 to 12 bits wide.
 * Node's zlib has none.
 */
import { Malformed } from "./msgpack.ts";

const CLEAR = 256;
const END = 257;
const MAX_CODE = 4095;
/** No message unpacks to more: what the protocol's newest release allows. */
export const MAX_UNPACKED = 40 * 1024 * 1024;

export function lzwCompress(input: Uint8Array): Uint8Array {
  const out: number[] = [];
  let bits = 0;
  let held = 0;
  let width = 9;
  let hi = END;
  const table = new Map<number, number>();
  const write = (code: number): void => {
    held |= code << bits;
    bits += width;
    while (bits >= 8) {
      out.push(held & 0xff);
      held >>>= 8;
      bits -= 8;
    }
  };
  /** Counts a code that was written; true when that filled and cleared the table. */
  const count = (): boolean => {
    hi++;
    if (hi === 1 << width) width++;
    if (hi !== MAX_CODE) return false;
    write(CLEAR);
    width = 9;
    hi = END;
    table.clear();
    return true;
  };
  write(CLEAR);
  let code = -1;
  for (const literal of input) {
    if (code < 0) {
      code = literal;
      continue;
    }
    const key = (code << 8) | literal;
    const known = table.get(key);
    if (known !== undefined) {
      code = known;
      continue;
    }
    write(code);
    if (!count()) table.set(key, hi);
    code = literal;
  }
  if (code >= 0) {
    write(code);
    count();
  }
  write(END);
  if (bits > 0) out.push(held & 0xff);
  return Uint8Array.from(out);
}

/** @throws Malformed for a bad code, a missing end, or more than `limit` octets. */
export function lzwDecompress(input: Uint8Array, limit = MAX_UNPACKED): Uint8Array {
  let out = new Uint8Array(Math.max(256, Math.min(limit, input.length * 3)));
  let length = 0;
  // The string of a code is its prefix's string and one more octet.
  const prefix = new Uint16Array(MAX_CODE + 1);
  const suffix = new Uint8Array(MAX_CODE + 1);
  const stack = new Uint8Array(MAX_CODE + 2);
  const firstOf = (code: number): number => {
    let walk = code;
    while (walk > END) walk = prefix[walk] ?? 0;
    return walk;
  };
  let width = 9;
  let hi = END;
  let previous = -1;
  let held = 0;
  let bits = 0;
  let at = 0;
  for (;;) {
    while (bits < width) {
      const octet = input[at++];
      if (octet === undefined) throw new Malformed("compressed data ends early");
      held |= octet << bits;
      bits += 8;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    bits -= width;
    if (code === CLEAR) {
      width = 9;
      hi = END;
      previous = -1;
      continue;
    }
    if (code === END) return out.slice(0, length);
    if (code > hi || (code === hi && previous < 0)) throw new Malformed("bad compressed code");
    let top = 0;
    let walk = code;
    if (code === hi) {
      // Not in the table yet: the previous string and its own first octet.
      stack[top++] = firstOf(previous);
      walk = previous;
    }
    while (walk > END) {
      stack[top++] = suffix[walk] ?? 0;
      walk = prefix[walk] ?? 0;
    }
    stack[top++] = walk;
    if (length + top > limit) throw new Malformed("unpacks to too much");
    if (length + top > out.length) {
      const grown = new Uint8Array(Math.min(limit, (length + top) * 2));
      grown.set(out);
      out = grown;
    }
    while (top > 0) out[length++] = stack[--top] ?? 0;
    if (previous >= 0) {
      prefix[hi] = previous;
      suffix[hi] = walk;
    }
    if (hi === MAX_CODE) {
      previous = -1; // full: keep the width, assign no more until a clear
      continue;
    }
    previous = code;
    hi++;
    if (hi === 1 << width) width++;
  }
}
