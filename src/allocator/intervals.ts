import { prefixLast, prefixesOverlap } from "../net/prefix.ts";
import type { Prefix } from "../net/prefix.ts";

/** Both ends included. */
export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
}

/** The parts of `block` that `prefixes` cover: ascending, overlaps merged. */
export function intervalsWithin(block: Prefix, prefixes: readonly Prefix[]): readonly Interval[] {
  const end = prefixLast(block);
  const parts = prefixes
    .filter((p) => prefixesOverlap(p, block))
    .map((p) => ({
      from: p.first < block.first ? block.first : p.first,
      to: prefixLast(p) > end ? end : prefixLast(p),
    }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const merged: { from: bigint; to: bigint }[] = [];
  for (const part of parts) {
    const previous = merged.at(-1);
    if (previous === undefined || part.from > previous.to + 1n) merged.push({ ...part });
    else if (part.to > previous.to) previous.to = part.to;
  }
  return merged;
}

export interface Run extends Interval {
  readonly covered: boolean;
}

/** The whole block as runs, ascending: those inside the intervals and those between. */
export function runsOf(block: Prefix, intervals: readonly Interval[]): readonly Run[] {
  const runs: Run[] = [];
  let at = block.first;
  for (const { from, to } of intervals) {
    if (at < from) runs.push({ from: at, to: from - 1n, covered: false });
    runs.push({ from, to, covered: true });
    at = to + 1n;
  }
  const end = prefixLast(block);
  if (at <= end) runs.push({ from: at, to: end, covered: false });
  return runs;
}
