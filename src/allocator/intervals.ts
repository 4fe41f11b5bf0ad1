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

/** The interval that holds the value, or null. */
export function intervalAt(intervals: readonly Interval[], value: bigint): Interval | null {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const interval = intervals[middle];
    if (interval !== undefined && interval.from <= value) low = middle + 1;
    else high = middle;
  }
  const found = intervals[low - 1];
  return found !== undefined && value <= found.to ? found : null;
}
