import { backoffMs } from "./backoff.ts";
import type { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";

/** When a pass wants to be run again; null: only when something changes. */
export type Again = { readonly afterMs: number } | null;

export interface LoopPorts {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** One level-triggered pass. A throw counts as a failure and is retried with backoff. */
  readonly pass: (signal: AbortSignal) => Promise<Again>;
  readonly onError: (error: unknown, retryInMs: number) => void;
}

export interface Loop {
  /** Something changed: look again. At once when idle; when a pass runs, once more right after it. */
  poke(): void;
  /** Resolves when no pass runs and none is due at once. */
  idle(): Promise<void>;
}

/**
 * Leading edge at once, then as fast as passes finish: no fixed debounce. Pokes during a pass become one
 * more pass. A poke during backoff cuts the wait to `minMs` after the failure, so a cause that pokes
 * by failing cannot spin.
 */
export function startLoop({ clock, backoff, pass, onError }: LoopPorts, signal: AbortSignal): Loop {
  let running = false;
  let dirty = false;
  let failures = 0;
  let failedAt = 0;
  let cancel: (() => void) | null = null;
  let dueAt = Infinity;
  const waiters: (() => void)[] = [];

  const isDirty = (): boolean => dirty; // a pass may have been poked while it ran

  const schedule = (ms: number): void => {
    if (signal.aborted) return;
    const at = clock.now() + ms;
    if (cancel !== null && dueAt <= at) return;
    cancel?.();
    dueAt = at;
    cancel = clock.after(ms, () => {
      cancel = null;
      dueAt = Infinity;
      void run();
    });
  };

  const run = async (): Promise<void> => {
    if (!running && !signal.aborted) {
      running = true;
      dirty = false;
      const again = await attempt();
      running = false;
      if (again !== null) schedule(again.afterMs);
      if (isDirty()) poke();
    }
    settle();
  };

  const attempt = async (): Promise<Again> => {
    try {
      const again = await pass(signal);
      failures = 0;
      return again;
    } catch (error) {
      failures++;
      failedAt = clock.now();
      const afterMs = backoffMs(backoff, failures);
      if (!signal.aborted) onError(error, afterMs);
      return { afterMs };
    }
  };

  const poke = (): void => {
    if (signal.aborted) return;
    if (running) dirty = true;
    else schedule(failures === 0 ? 0 : Math.max(0, failedAt + backoff.minMs - clock.now()));
  };

  const settle = (): void => {
    if (!signal.aborted && (running || dueAt <= clock.now())) return;
    for (const waiter of waiters.splice(0)) waiter();
  };

  signal.addEventListener("abort", () => {
    cancel?.();
    cancel = null;
    dueAt = Infinity;
    if (!running) settle();
  });

  return {
    poke,
    idle: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        settle();
      }),
  };
}
