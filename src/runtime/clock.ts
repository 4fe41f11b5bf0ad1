/** Time, as a port: tests turn it by hand. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** The time of day. */
  date(): Date;
  /** Calls `run` once, `ms` from now (0: as soon as this turn of the event loop is over). Returns the way to stop it. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, run) {
    if (ms <= 0) {
      const soon = setImmediate(run);
      return () => clearImmediate(soon);
    }
    // Late by being kept from running, it first lets in what had come by then: silence of others is not judged
    // by our own lateness.
    let soon: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => (soon = setImmediate(run)), ms);
    return () => {
      clearTimeout(timer);
      clearImmediate(soon);
    };
  },
};

/** Waits; ends early, without a word, when aborted. */
export const sleep = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
