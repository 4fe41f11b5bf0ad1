/**
 * Numbers derived from content: the same after a restart, on every node, and whatever else changes. Where
 * two contents meet on one number, the later (by text) takes the next free one.
 */
import { createHash } from "node:crypto";

const hash32 = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);

function numbered(
  texts: readonly string[],
  range: number,
  hash: (text: string) => number,
): Map<string, number> {
  const taken = new Set<number>();
  const numbers = new Map<string, number>();
  for (const text of [...new Set(texts)].sort()) {
    let at = hash(text) % range;
    while (taken.has(at)) at = (at + 1) % range;
    taken.add(at);
    numbers.set(text, at + 1);
  }
  return numbers;
}

/** FRR's tags are 1 to 2^32 - 1. */
const TAGS = 2 ** 32 - 1;
/** Route-map entries are 1 to 65535; the last one denies the rest. */
const SEQUENCES = 65534;

/** The number (and tag) of each class. Two contents meet once in four thousand million pairs. */
export const classNumbers = (
  keys: readonly string[],
  hash: (text: string) => number = hash32,
): Map<string, number> => numbered(keys, TAGS, hash);

/**
 * Where each class stands in a route-map. Two meet once in 65534 pairs; then an entry moves while its class,
 * and with it every `network` line, keeps its number. Entries match different tags: their order is free.
 */
export function sequencesFor(
  classes: readonly number[],
  hash: (text: string) => number = hash32,
): Map<number, number> {
  const texts = numbered(classes.map(String), SEQUENCES, hash);
  return new Map([...texts].map(([text, sequence]) => [Number(text), sequence]));
}
