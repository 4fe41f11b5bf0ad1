import type { Clock } from "../../src/runtime/clock.ts";

/** A clock that stands until it is turned; due callbacks run in order, each followed by the promises it settled. */
export interface ManualClock extends Clock {
  advance(ms: number): Promise<void>;
}

/** Lets every promise that is settled now run its continuations. */
export const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function manualClock(start = 0): ManualClock {
  let now = start;
  let serial = 0;
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  const next = (until: number) =>
    [...timers].filter(([, t]) => t.at <= until).sort(([i, a], [j, b]) => a.at - b.at || i - j)[0];
  return {
    now: () => now,
    date: () => new Date(now),
    after(ms, run) {
      const id = serial++;
      timers.set(id, { at: now + Math.max(0, ms), run });
      return () => void timers.delete(id);
    },
    async advance(ms) {
      const until = now + ms;
      await flush();
      for (let due = next(until); due !== undefined; due = next(until)) {
        const [id, { at, run }] = due;
        timers.delete(id);
        now = Math.max(now, at);
        run();
        await flush();
      }
      now = until;
    },
  };
}
