/** Time as this room needs it: handed in, so that simulations can run it faster. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back once; returns the way to cancel. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    // A process that was kept from running is late itself: it first reads what had come by then, and only then
    // judges others by their silence.
    let soon: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => (soon = setImmediate(callback)), ms);
    return () => {
      clearTimeout(timer);
      clearImmediate(soon);
    };
  },
};

/** Calls back every `ms()` until cancelled; a late call is not made up for. */
export function every(clock: Clock, ms: () => number, callback: () => void): () => void {
  let stop = (): void => undefined;
  const next = (): void => {
    stop = clock.after(ms(), () => {
      next();
      callback();
    });
  };
  next();
  return () => stop();
}
