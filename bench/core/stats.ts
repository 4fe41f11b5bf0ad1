/** What a list of measured values says. Pure. */

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
  readonly least: number;
}

/** The value that a share of all values does not exceed (nearest rank); NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

export const summaryOf = (values: readonly number[]): Summary => ({
  count: values.length,
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
  most: percentile(values, 1),
  least: percentile(values, 0),
});

/** How many times ours is better than theirs; null where that has no meaning. */
export function ratioOf(ours: number, theirs: number, better: "less" | "more"): number | null {
  const [numerator, denominator] = better === "less" ? [theirs, ours] : [ours, theirs];
  if (!Number.isFinite(numerator) || !Number.isFinite(denominator) || denominator === 0)
    return null;
  return numerator / denominator;
}
