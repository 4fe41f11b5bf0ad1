/**
 * Extra configuration is free text, and FRR prints some lines otherwise than they were written. What FRR took
 * without a word and still prints differently is remembered as its spelling, so that it does not count as a
 * difference for ever. Lines that FerroLB renders are not tolerated: they print as they are written.
 */
import { pathKey, type Difference } from "../frr-config/delta.ts";
import { isOwned } from "../frr-config/owned.ts";
import type { Block } from "../frr-config/tree.ts";
import type { Desired } from "./desired.ts";

export interface Tolerance {
  /** Keys of differences to overlook. */
  readonly keys: ReadonlySet<string>;
  /** Lines that stand for ours in FRR's spelling: to be taken back with them. */
  readonly spelled: Block;
}

export const NO_TOLERANCE: Tolerance = { keys: new Set(), spelled: new Map() };

/** Whether a line is free text: outside of what we own, or asked for by a ConfigMap. */
const isFree = (path: readonly string[], desired: Desired): boolean =>
  !isOwned(path) || desired.originOf(path).some(({ kind }) => kind === "ConfigMap");

/**
 * What remains different although FRR took everything without a word: tolerated when all of it can be put
 * down to free text, else `null`.
 */
export function learn(
  differences: readonly Difference[],
  desired: Desired,
  known: Tolerance,
): Tolerance | null {
  const missing = differences.filter(({ kind }) => kind === "missing");
  if (missing.length === 0 || !missing.every(({ path }) => isFree(path, desired))) return null;
  const places = new Set(missing.map(({ path }) => pathKey(path.slice(0, -1))));
  const extra = differences.filter(({ kind }) => kind === "extra");
  if (!extra.every(({ path }) => places.has(pathKey(path.slice(0, -1))))) return null;
  return {
    keys: new Set([...known.keys, ...differences.map(({ path }) => pathKey(path))]),
    spelled: extra.reduce((block, { path }) => withPath(block, path), known.spelled),
  };
}

/** A block with one more path. */
function withPath(block: Block, [line, ...below]: readonly string[]): Block {
  if (line === undefined) return block;
  return new Map([...block, [line, withPath(block.get(line) ?? new Map<string, Block>(), below)]]);
}
