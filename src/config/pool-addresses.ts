/** Address entries of a pool and of its reserved list: rules V26 to V29, crds reference 2.6, 3.5.1. */
import { AppError } from "../errors.ts";
import { addressOf, tryParseIp } from "../net/ip.ts";
import type { Family } from "../net/ip.ts";
import { parsePrefix, prefixLast } from "../net/prefix.ts";
import type { Prefix } from "../net/prefix.ts";
import { parseRange } from "../net/range.ts";
import { quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";

/** One written entry: its prefixes in ascending order; none for a range across families (V29). */
export interface Block {
  readonly path: string;
  readonly text: string;
  readonly prefixes: readonly Prefix[];
}

export interface Interval {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** A block is one unbroken stretch of addresses. */
export function intervalOf({ prefixes }: Block): Interval | null {
  const [first, last] = [prefixes[0], prefixes.at(-1)];
  return first === undefined || last === undefined
    ? null
    : { family: first.family, first: first.first, last: prefixLast(last) };
}

/** On the 128-bit scale, where IPv4 lies at ::ffff:0:0/96: how the two ends of a mixed range compare. */
function onOneScale(text: string): { family: Family; value: bigint } | null {
  const ip = tryParseIp(text);
  if (ip === null) return null;
  const { family, value } = addressOf(ip);
  return { family, value: family === 4 ? (0xffffn << 32n) | value : value };
}

const words = (error: unknown): string =>
  error instanceof AppError ? error.message : String(error);

function rangeBlock(text: string, path: string, found: Findings): Block | null {
  const dash = text.indexOf("-");
  const [from, to] = [text.slice(0, dash), text.slice(dash + 1)].map((end) =>
    onOneScale(end.trim()),
  );
  if (!from || !to) {
    found.error(
      "V27",
      "badRange",
      path,
      `${quoted(text)}: write a range as start-end, both plain IP addresses`,
    );
    return null;
  }
  if (from.value > to.value) {
    const rule = from.family === to.family ? "V28" : "V29";
    found.error(
      rule,
      "reversedRange",
      path,
      `${quoted(text)}: the start is after the end: swap them`,
    );
    return null;
  }
  if (from.family !== to.family) {
    found.warn(
      "V29",
      "mixedRange",
      path,
      `${quoted(text)} goes from one address family to the other and gives no address: write two ranges`,
    );
    return { path, text, prefixes: [] };
  }
  return { path, text, prefixes: parseRange(text) };
}

export function parseBlock(text: string, path: string, found: Findings): Block | null {
  if (text.includes("-")) return rangeBlock(text, path, found);
  try {
    return { path, text, prefixes: [parsePrefix(text)] };
  } catch (error) {
    const hint =
      tryParseIp(text) === null
        ? ""
        : `: for this one address write ${text}/${text.includes(":") ? 128 : 32}`;
    found.error(
      "V26",
      "badCidr",
      path,
      `${words(error)}${hint || ": write address/length or start-end"}`,
    );
    return null;
  }
}
