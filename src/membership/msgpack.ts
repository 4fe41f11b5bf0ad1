/**
 * The msgpack dialect of hashicorp/memberlist, as it is written: first edition (raw, no str8, no bin). General
 * packages write str8 and decode text as UTF-8, which corrupts addresses and metadata, hence our own
 * (docs/adr/0090). `msgpack-reader.ts` reads it.
 */
export type FieldKind = "u8" | "u16" | "u32" | "int" | "text" | "bytes" | "bool";

/** One struct field, in declaration order; `omit` leaves it out when zero. */
export interface Field {
  readonly key: string;
  readonly kind: FieldKind;
  readonly omit?: true;
}

export type Value = number | boolean | string | Uint8Array | null;
export type Values = Readonly<Record<string, Value>>;

/** The octets end before the value does: on a stream, more may come. */
export class Truncated extends Error {}
/** The octets can't be what was asked for. */
export class Malformed extends Error {}

const utf8 = new TextEncoder();

/** Property name of a wire key: `SeqNo` is `seqNo`. */
export const propertyOf = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);

const be32 = (v: number): [number, number, number, number] => [
  (v >>> 24) & 0xff,
  (v >>> 16) & 0xff,
  (v >>> 8) & 0xff,
  v & 0xff,
];

function putUint(out: number[], value: number): void {
  if (value < 0x80) out.push(value);
  else if (value <= 0xff) out.push(0xcc, value);
  else if (value <= 0xffff) out.push(0xcd, value >>> 8, value & 0xff);
  else out.push(0xce, ...be32(value));
}

/** Go's `int`: above 127 with the signed codes. */
function putInt(out: number[], value: number): void {
  if (value < 0x80) out.push(value);
  else if (value <= 0x7fff) out.push(0xd1, value >>> 8, value & 0xff);
  else if (value <= 0x7fff_ffff) out.push(0xd2, ...be32(value));
  else out.push(0xd3, ...be32(Math.floor(value / 2 ** 32)), ...be32(value % 2 ** 32));
}

function putRaw(out: number[], octets: Uint8Array): void {
  const n = octets.length;
  if (n < 32) out.push(0xa0 | n);
  else if (n <= 0xffff) out.push(0xda, n >>> 8, n & 0xff);
  else out.push(0xdb, ...be32(n));
  for (const octet of octets) out.push(octet);
}

function isZero(v: Value | undefined): boolean {
  if (v instanceof Uint8Array) return v.length === 0;
  return v === undefined || v === null || v === 0 || v === "" || v === false;
}

export function zeroOf(kind: FieldKind): Value {
  if (kind === "bytes") return null;
  if (kind === "text") return "";
  return kind === "bool" ? false : 0;
}

/** A struct as a map with keys in ascending byte order. Missing values are zero. */
export function encodeStruct(fields: readonly Field[], values: Values): Uint8Array {
  const written = fields
    .filter((f) => f.omit !== true || !isZero(values[propertyOf(f.key)]))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const out: number[] = [0x80 | written.length];
  for (const { key, kind } of written) {
    putRaw(out, utf8.encode(key));
    const value = values[propertyOf(key)] ?? null;
    switch (kind) {
      case "bytes":
        if (value instanceof Uint8Array) putRaw(out, value);
        else out.push(0xc0);
        break;
      case "text":
        putRaw(out, utf8.encode(typeof value === "string" ? value : ""));
        break;
      case "bool":
        out.push(value === true ? 0xc3 : 0xc2);
        break;
      case "int":
        putInt(out, typeof value === "number" ? value : 0);
        break;
      case "u8":
      case "u16":
      case "u32":
        putUint(out, typeof value === "number" ? value : 0);
        break;
      default:
        kind satisfies never;
    }
  }
  return Uint8Array.from(out);
}
