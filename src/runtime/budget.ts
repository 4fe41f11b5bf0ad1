/** So many things at once, then so many a second: a token bucket on a clock. */
import { sleep } from "./clock.ts";
import type { Clock } from "./clock.ts";

export interface Budget {
  /** Resolves when one more is due; at once while the burst lasts. Ends early when aborted. */
  take(signal: AbortSignal): Promise<void>;
}

export function budget(clock: Clock, perSecond: number, burst: number): Budget {
  let tokens = burst;
  let atMs = clock.now();
  return {
    async take(signal) {
      const now = clock.now();
      tokens = Math.min(burst, tokens + ((now - atMs) * perSecond) / 1000) - 1;
      atMs = now;
      if (tokens < 0) await sleep(clock, (-tokens * 1000) / perSecond, signal);
    },
  };
}
