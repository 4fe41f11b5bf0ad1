/* eslint-disable @typescript-eslint/no-explicit-any --
   the vectors are JSON of many shapes; every use of them ends in an assertion */
/** The vectors made by the real library: test/fixtures/memberlist-vectors.json, its README section inside. */
import { readFileSync } from "node:fs";

export const vectors = JSON.parse(
  readFileSync(new URL("../fixtures/memberlist-vectors.json", import.meta.url), "utf8"),
) as Record<string, { cases: any[] } & Record<string, any>>;

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
export const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
export const NONCE = hex("000102030405060708090a0b");

/** `{"$hex": ..}` to octets, `SeqNo` to `seqNo`. */
export function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      value !== null && typeof value === "object" && "$hex" in value
        ? hex(String(value.$hex))
        : value,
    ]),
  );
}

/** Octets as hex, so that values compare. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $hex: toHex(value) };
  if (Array.isArray(value)) return value.map(comparable);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, comparable(v)]));
  return value;
}
