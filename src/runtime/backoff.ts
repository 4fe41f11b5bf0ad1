export interface Backoff {
  /** Wait after the first failure. */
  readonly minMs: number;
  /** Waits double until here. */
  readonly maxMs: number;
}

/** How long to wait after the nth failure in a row (1 is the first). */
export const backoffMs = ({ minMs, maxMs }: Backoff, failures: number): number =>
  Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
