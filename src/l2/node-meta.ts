/**
 * What a speaker tells the others about its node, in its memberlist meta (at most 512 octets): that it is
 * FerroLB, and the interfaces that can answer, with their MACs. A member with any other meta, or none, is
 * taken for a MetalLB speaker. Layout: "FLB" 1, count, then per interface MAC (6), name length (1), name.
 */
import { macFromOctets, macOctets } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";

export interface NodeMeta {
  readonly interfaces: readonly { readonly name: string; readonly mac: Mac }[];
  /** False: more interfaces than the meta holds, or one that it cannot name; others take it as unknown. */
  readonly complete: boolean;
}

const LIMIT = 512;
const MAGIC = [0x46, 0x4c, 0x42, 1];
const INCOMPLETE = 0x80;
const MOST = 0x7f;

export function encodeNodeMeta(interfaces: NodeMeta["interfaces"]): Uint8Array {
  const octets = [...MAGIC, 0];
  let count = 0;
  for (const { name, mac } of interfaces) {
    const text = Buffer.from(name, "utf8");
    if (count === MOST || octets.length + 7 + text.length > LIMIT) break;
    octets.push(...macOctets(mac), text.length, ...text);
    count++;
  }
  octets[MAGIC.length] = count | (count < interfaces.length ? INCOMPLETE : 0);
  return Uint8Array.from(octets);
}

/** Null for anything that is not such a meta, whole. */
export function decodeNodeMeta(octets: Uint8Array): NodeMeta | null {
  const flags = octets[MAGIC.length];
  if (flags === undefined || MAGIC.some((o, i) => octets[i] !== o)) return null;
  const interfaces: { name: string; mac: Mac }[] = [];
  let at = MAGIC.length + 1;
  for (let i = 0; i < (flags & MOST); i++) {
    const length = octets[at + 6];
    if (length === undefined || at + 7 + length > octets.length) return null;
    const name = Buffer.from(octets.subarray(at + 7, at + 7 + length)).toString("utf8");
    interfaces.push({ name, mac: macFromOctets(octets.subarray(at, at + 6)) });
    at += 7 + length;
  }
  return { interfaces, complete: (flags & INCOMPLETE) === 0 };
}
