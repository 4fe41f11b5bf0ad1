import { backoffMs } from "./backoff.ts";
import type { Backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";

export interface QueuePorts {
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** How many keys are worked on at once. */
  readonly workers: number;
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /** A failure; the key comes back by itself after `retryInMs`. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}

export interface WorkQueue {
  /** Asks for one run of the key, soon; a key that waits already is not queued twice. */
  add(key: string): void;
  /** Forgets a key that waits, and its failures. */
  drop(key: string): void;
  /** Resolves when nothing runs and nothing is due at once; keys in backoff do not count. */
  idle(): Promise<void>;
}

/**
 * Keys are worked on in the order they came; the same key never twice at once: added while it runs, it
 * runs again after. A key that fails comes back after its own backoff.
 */
export function startWorkQueue(ports: QueuePorts, signal: AbortSignal): WorkQueue {
  const { clock, backoff, workers, work, onError } = ports;
  const waiting = new Set<string>(); // insertion order is the queue
  const running = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const delayed = new Map<string, () => void>();
  const waiters: (() => void)[] = [];
  let due = false;

  const pump = (): void => {
    due = false;
    for (const key of waiting) {
      if (running.size >= workers || signal.aborted) break;
      waiting.delete(key);
      running.add(key);
      void runOne(key);
    }
    if (signal.aborted || (waiting.size === 0 && running.size === 0))
      for (const waiter of waiters.splice(0)) waiter();
  };

  const soon = (): void => {
    if (due) return;
    due = true;
    clock.after(0, pump);
  };

  const runOne = async (key: string): Promise<void> => {
    try {
      await work(key, signal);
      failures.delete(key);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const ms = backoffMs(backoff, count);
      if (!signal.aborted) {
        onError(key, error, ms);
        delayed.set(
          key,
          clock.after(ms, () => queue.add(key)),
        );
      }
    }
    running.delete(key);
    if (again.delete(key)) queue.add(key);
    soon();
  };

  const queue: WorkQueue = {
    add(key) {
      if (signal.aborted) return;
      delayed.get(key)?.();
      delayed.delete(key);
      if (running.has(key)) again.add(key);
      else waiting.add(key);
      soon();
    },
    drop(key) {
      delayed.get(key)?.();
      delayed.delete(key);
      waiting.delete(key);
      again.delete(key);
      failures.delete(key);
    },
    idle: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        pump();
      }),
  };
  signal.addEventListener("abort", () => {
    for (const cancel of delayed.values()) cancel();
    delayed.clear();
    soon();
  });
  return queue;
}
