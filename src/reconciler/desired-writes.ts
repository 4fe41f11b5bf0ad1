/**
 * Writes that should happen, one per object: the latest wish counts, a failed one comes back with its own
 * backoff, and one that succeeded is not repeated while the store still shows the state before it.
 */
import type { Backoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import { startWorkQueue } from "../runtime/work-queue.ts";
import { failureTeller } from "./failure-teller.ts";
import type { FailureTeller } from "./failure-teller.ts";
import type { Log } from "./log.ts";

export interface DesiredWrite {
  /** Names the object: `Service default/web`. */
  readonly key: string;
  /** What is to be written, as text, to tell two wishes apart. */
  readonly content: string;
  /** The object that was looked at: once the store shows another, the write may be due again. */
  readonly seen: object;
  readonly run: () => Promise<void>;
}

export interface DesiredWrites {
  /** Replaces all wishes: what is missing here is no longer wanted. */
  want(writes: readonly DesiredWrite[]): void;
  /** Resolves when nothing is being written and nothing is due at once. */
  idle(): Promise<void>;
}

export interface DesiredWritesPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly backoff: Backoff;
  /** How many objects are written at once. */
  readonly workers: number;
}

export function startDesiredWrites(ports: DesiredWritesPorts, signal: AbortSignal): DesiredWrites {
  const waiting = new Map<string, DesiredWrite>();
  const done = new Map<string, DesiredWrite>();
  /** Of the writes that fail. */
  const tellers = new Map<string, FailureTeller>();
  const { clock, backoff, workers, log } = ports;
  const tellerOf = (key: string): FailureTeller =>
    failureTeller("warn", log, {
      ...{ failing: "write failed", works: "write works again", about: { key } },
    });
  const queue = startWorkQueue(
    {
      clock,
      backoff,
      workers,
      work: async (key) => {
        const write = waiting.get(key);
        if (write === undefined) return;
        await write.run();
        done.set(key, write);
        tellers.get(key)?.worked();
        tellers.delete(key);
        if (waiting.get(key) === write) waiting.delete(key);
      },
      onError(key, err, retryInMs) {
        const tell = tellers.get(key) ?? tellerOf(key);
        tellers.set(key, tell);
        tell.failed({ err, retryInMs });
      },
    },
    signal,
  );
  return {
    want(writes) {
      const keys = new Set(writes.map((w) => w.key));
      for (const key of done.keys()) if (!keys.has(key)) done.delete(key);
      for (const key of waiting.keys())
        if (!keys.has(key)) {
          waiting.delete(key);
          tellers.delete(key);
          queue.drop(key);
        }
      for (const write of writes) {
        const before = waiting.get(write.key) ?? done.get(write.key);
        if (before?.content === write.content) {
          // The same wish again: one that waits keeps its backoff, one that is done was done for this object.
          if (waiting.has(write.key) || before.seen === write.seen) continue;
        }
        waiting.set(write.key, write);
        queue.add(write.key);
      }
    },
    idle: () => queue.idle(),
  };
}
