/**
 * What a FerroLB speaker tells the ring about itself, in memberlist metadata: that it is FerroLB, and the
 * interfaces it can answer on with their MACs. 512 octets is all there is, so the list may be cut short.
 */
import { AppError } from "../errors.ts";
import { parseMac } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";

export interface MemberPort {
  readonly name: string;
  readonly mac: Mac;
}

export interface MemberMeta {
  /** What is known of its interfaces; null when it could not say all. */
  readonly ports: readonly MemberPort[] | null;
}

const MARK = "ferrolb1 ";
const MAX_OCTETS = 512;
/** Kernel interface names: up to 15 octets, no slash, no space. */
const NAME = /^[^\s/]{1,15}$/;

/** The mark, then `name=mac` words; `...` at the end when not all would fit. */
export function encodeMemberMeta(ports: readonly MemberPort[]): Uint8Array {
  let text = MARK;
  for (const { name, mac } of [...ports].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const word = `${name}=${mac.replaceAll(":", "")} `;
    if (text.length + word.length + 3 > MAX_OCTETS) {
      text += "...";
      break;
    }
    text += word;
  }
  return new TextEncoder().encode(text);
}

/** Null for a member that is not FerroLB, or that says something else. */
export function decodeMemberMeta(octets: Uint8Array | null): MemberMeta | null {
  const text = Buffer.from(octets ?? []).toString("utf8");
  if (!text.startsWith(MARK)) return null;
  const words = text.slice(MARK.length).split(" ").filter(Boolean);
  if (words.at(-1) === "...") return { ports: null };
  const ports: MemberPort[] = [];
  for (const word of words) {
    const at = word.lastIndexOf("=");
    const name = word.slice(0, at);
    const octetsText = word.slice(at + 1);
    if (at < 0 || !NAME.test(name)) return { ports: null };
    try {
      ports.push({ name, mac: parseMac(octetsText.replace(/(..)(?=.)/g, "$1:")) });
    } catch (error) {
      if (error instanceof AppError) return { ports: null };
      throw error;
    }
  }
  return { ports };
}
