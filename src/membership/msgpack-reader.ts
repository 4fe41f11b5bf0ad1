/** Reads what a Go decoder takes as msgpack, from octets that anybody may have sent. */
import { Malformed, Truncated, propertyOf, zeroOf } from "./msgpack.ts";
import type { Field, FieldKind, Value } from "./msgpack.ts";

const MAX: Readonly<Record<"u8" | "u16" | "u32" | "int", number>> = {
  u8: 0xff,
  u16: 0xffff,
  u32: 0xffff_ffff,
  int: Number.MAX_SAFE_INTEGER,
};
/** Deeper nesting than any real message has; a bound for hostile input. */
const MAX_DEPTH = 16;

/** Octets after the code, for the values of fixed size. */
const FIXED_SIZE: Readonly<Record<number, number>> = {
  0xc0: 0,
  0xc2: 0,
  0xc3: 0,
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
  0xd4: 2,
  0xd5: 3,
  0xd6: 5,
  0xd7: 9,
  0xd8: 17,
};

/** Reads values from the front of some octets; `at` is how far it got. */
export class Reader {
  readonly octets: Uint8Array;
  at: number;
  readonly #view: DataView;

  constructor(octets: Uint8Array, at = 0) {
    this.octets = octets;
    this.at = at;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  /** @throws Truncated */
  take(length: number): Uint8Array {
    const at = this.#step(length);
    return this.octets.subarray(at, at + length);
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  /**
   * A struct from a map, or from an array in declaration order.
   * @throws Truncated | Malformed
   */
  struct(fields: readonly Field[]): Record<string, Value> {
    const out: Record<string, Value> = {};
    for (const { key, kind } of fields) out[propertyOf(key)] = zeroOf(kind);
    const code = this.u8();
    const items = this.#arrayLength(code);
    if (items !== null) {
      for (let i = 0; i < items; i++) {
        const field = fields[i];
        if (field === undefined) this.#skip(1);
        else out[propertyOf(field.key)] = this.#value(field.kind);
      }
      return out;
    }
    const pairs = this.#mapLength(code);
    if (pairs === null) throw new Malformed("not a struct");
    for (let i = 0; i < pairs; i++) {
      const length = this.#rawLength(this.u8());
      if (length === null) throw new Malformed("not a key");
      const key = Buffer.from(this.take(length)).toString("latin1");
      const field = fields.find((f) => f.key === key);
      if (field === undefined) this.#skip(1);
      else out[propertyOf(key)] = this.#value(field.kind);
    }
    return out;
  }

  #step(length: number): number {
    if (length > this.octets.length - this.at) throw new Truncated("octets end early");
    const at = this.at;
    this.at += length;
    return at;
  }

  #u16(): number {
    return this.#view.getUint16(this.#step(2));
  }

  #u32(): number {
    return this.#view.getUint32(this.#step(4));
  }

  /** A number of any width and sign; bigger than a double holds exactly is refused. */
  #number(code: number): number {
    if (code < 0x80) return code;
    if (code >= 0xe0) return code - 0x100;
    switch (code) {
      case 0xcc:
        return this.u8();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xd0:
        return this.#view.getInt8(this.#step(1));
      case 0xd1:
        return this.#view.getInt16(this.#step(2));
      case 0xd2:
        return this.#view.getInt32(this.#step(4));
      case 0xcf:
      case 0xd3: {
        const at = this.#step(8);
        const wide = code === 0xcf ? this.#view.getBigUint64(at) : this.#view.getBigInt64(at);
        if (wide > BigInt(Number.MAX_SAFE_INTEGER) || wide < 0n)
          throw new Malformed("number out of range");
        return Number(wide);
      }
      default:
        throw new Malformed("not a number");
    }
  }

  /** Length of a raw, str or bin value; null when the code is another kind. */
  #rawLength(code: number): number | null {
    if (code >= 0xa0 && code <= 0xbf) return code & 0x1f;
    if (code === 0xd9 || code === 0xc4) return this.u8();
    if (code === 0xda || code === 0xc5) return this.#u16();
    if (code === 0xdb || code === 0xc6) return this.#u32();
    return null;
  }

  #arrayLength(code: number): number | null {
    if (code >= 0x90 && code <= 0x9f) return code & 0x0f;
    if (code === 0xdc) return this.#u16();
    return code === 0xdd ? this.#u32() : null;
  }

  #mapLength(code: number): number | null {
    if (code >= 0x80 && code <= 0x8f) return code & 0x0f;
    if (code === 0xde) return this.#u16();
    return code === 0xdf ? this.#u32() : null;
  }

  /** Octets of an extension value, its type octet included. */
  #extLength(code: number): number | null {
    if (code === 0xc7) return 1 + this.u8();
    if (code === 0xc8) return 1 + this.#u16();
    return code === 0xc9 ? 1 + this.#u32() : null;
  }

  /** Passes over one value, whatever it is: unknown keys are legal. */
  #skip(depth: number): void {
    if (depth > MAX_DEPTH) throw new Malformed("nested too deeply");
    const code = this.u8();
    if (code < 0x80 || code >= 0xe0) return;
    const size = FIXED_SIZE[code] ?? this.#rawLength(code) ?? this.#extLength(code);
    if (size !== null) {
      this.#step(size);
      return;
    }
    const pairs = this.#mapLength(code);
    const values = pairs === null ? this.#arrayLength(code) : 2 * pairs;
    if (values === null) throw new Malformed("unknown code");
    for (let left = values; left > 0; left--) this.#skip(depth + 1);
  }

  #value(kind: FieldKind): Value {
    const code = this.u8();
    if (code === 0xc0) return zeroOf(kind);
    switch (kind) {
      case "bytes":
      case "text": {
        const length = this.#rawLength(code);
        if (length === null && kind === "bytes") return this.#octetArray(code);
        if (length === null) throw new Malformed("not text");
        const octets = this.take(length);
        return kind === "bytes" ? octets.slice() : Buffer.from(octets).toString("utf8");
      }
      case "bool": {
        if (code === 0xc2 || code === 0xc3) return code === 0xc3;
        const n = this.#number(code);
        if (n !== 0 && n !== 1) throw new Malformed("not a boolean");
        return n === 1;
      }
      case "u8":
      case "u16":
      case "u32":
      case "int": {
        const n = this.#number(code);
        if (n < 0 || n > MAX[kind]) throw new Malformed("number out of range");
        return n;
      }
      default:
        return kind satisfies never;
    }
  }

  /** A byte field written as an array of small integers. */
  #octetArray(code: number): Uint8Array {
    const length = this.#arrayLength(code);
    if (length === null) throw new Malformed("not octets");
    if (length > this.octets.length - this.at) throw new Truncated("octets end early");
    const octets = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const n = this.#number(this.u8());
      if (n < 0 || n > 0xff) throw new Malformed("not an octet");
      octets[i] = n;
    }
    return octets;
  }
}
