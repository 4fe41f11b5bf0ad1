/** Disjoint address intervals, each with an owner: overlap is found by bisection. */
import type { Interval } from "./pool-addresses.ts";

export interface IntervalTable<T> {
  /** Owner of the first interval that shares an address with this one. */
  overlapping(interval: Interval): T | null;
  /** The interval must overlap none that is there. */
  add(interval: Interval, owner: T): void;
}

export function intervalTable<T>(): IntervalTable<T> {
  const rows = { 4: [] as [Interval, T][], 6: [] as [Interval, T][] };

  /** Index of the first row that ends at or after `at`. */
  const find = (list: readonly [Interval, T][], at: bigint): number => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = list[middle];
      if (row !== undefined && row[0].last < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    overlapping(interval) {
      const list = rows[interval.family];
      const row = list[find(list, interval.first)];
      return row !== undefined && row[0].first <= interval.last ? row[1] : null;
    },
    add(interval, owner) {
      const list = rows[interval.family];
      list.splice(find(list, interval.first), 0, [interval, owner]);
    },
  };
}
