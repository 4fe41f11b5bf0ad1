/**
 * Extra configuration is free text, and FRR prints some lines otherwise than they were written. What FRR took
 * without a word and still prints differently is remembered as its spelling, so that it does not count as a
 * difference for ever. Lines that FerroLB renders are not tolerated: they print as they are written.
 */
import { pathKey, type Difference } from "../frr-config/delta.ts";
import { isOwned } from "../frr-config/owned.ts";
import { normalise } from "../frr-config/normalise.ts";
import { paths, type Block } from "../frr-config/tree.ts";
import type { Desired } from "../api/frr-desired.ts";

export interface Tolerance {
  /** Keys of differences to overlook. */
  readonly keys: ReadonlySet<string>;
  /** What was asked for, and is printed otherwise: with one of these gone, all is learned anew. */
  readonly asked: readonly (readonly string[])[];
  /** Lines that stand for ours in FRR's spelling: to be taken back with them. */
  readonly spelled: Block;
}

export const NO_TOLERANCE: Tolerance = { keys: new Set(), asked: [], spelled: new Map() };

/** Whether a line is free text: outside of what we own, or asked for by a ConfigMap. */
const isFree = (path: readonly string[], desired: Desired): boolean =>
  !isOwned(path) || desired.originOf(path).some(({ kind }) => kind === "ConfigMap");

/** What is tolerated under this desired configuration: nothing, once a line that it was learned from is gone. */
export function stillValid(known: Tolerance, tree: Block): Tolerance {
  if (known.asked.length === 0) return known;
  const wanted = keysOf(normalise(tree));
  return known.asked.every((path) => wanted.has(pathKey(path))) ? known : NO_TOLERANCE;
}

/**
 * What remains different although FRR took everything without a word: tolerated when all of it can be put
 * down to free text, else `null`. What appeared beside a line that is missing is its spelling.
 */
export function learn(
  differences: readonly Difference[],
  desired: Desired,
  known: Tolerance,
  { before, now, tree }: { readonly before: Block; readonly now: Block; readonly tree: Block },
): Tolerance | null {
  const missing = differences.filter(({ kind }) => kind === "missing").map(({ path }) => path);
  if (missing.length === 0 || !missing.every((path) => isFree(path, desired))) return null;
  const places = new Set(missing.map((path) => pathKey(path.slice(0, -1))));
  const isBeside = (path: readonly string[]): boolean => places.has(pathKey(path.slice(0, -1)));
  const extra = differences.filter(({ kind }) => kind === "extra").map(({ path }) => path);
  if (!extra.every(isBeside)) return null;
  const [had, wanted] = [keysOf(normalise(before)), keysOf(normalise(tree))];
  const appeared = [...paths(normalise(now))].filter(
    (path) => isBeside(path) && !had.has(pathKey(path)) && !wanted.has(pathKey(path)),
  );
  return {
    keys: new Set([...known.keys, ...[...missing, ...extra, ...appeared].map(pathKey)]),
    asked: [...known.asked, ...missing],
    spelled: [...extra, ...appeared].reduce((block, path) => withPath(block, path), known.spelled),
  };
}

const keysOf = (tree: Block): ReadonlySet<string> => new Set([...paths(tree)].map(pathKey));

/** A block with one more path. */
function withPath(block: Block, [line, ...below]: readonly string[]): Block {
  if (line === undefined) return block;
  return new Map([...block, [line, withPath(block.get(line) ?? new Map<string, Block>(), below)]]);
}
