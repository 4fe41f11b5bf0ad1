/**
 * Has the status objects of Nodes that are no more removed: at the start, when the Nodes change, and now and then,
 * since a speaker may outlive its Node and write again.
 */
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { sleep } from "../runtime/clock.ts";
import type { Log } from "./log.ts";

export interface GoneNodesPorts {
  readonly store: Pick<Store, "snapshot">;
  /** Removes them, given the names of Nodes that are there; returns whom it forgot. @throws AppError */
  readonly forget: (nodes: readonly string[]) => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 5000;
const AGAIN_MS = 300_000;
/** What failed is tried again after so long. */
const RETRY_MS = 30_000;

/** Runs until aborted. */
export async function watchGoneNodes(
  { store, forget, clock, log }: GoneNodesPorts,
  signal: AbortSignal,
): Promise<void> {
  let settled: string | null = null;
  let againMs = 0;
  let failed = false;
  while (!signal.aborted) {
    const nodes = store.snapshot()?.nodes.map(({ metadata }) => metadata.name);
    const mark = nodes?.sort().join() ?? null;
    if (nodes !== undefined && (mark !== settled || clock.now() >= againMs)) {
      try {
        const forgotten = await forget(nodes);
        if (forgotten.length > 0)
          log.info({ nodes: forgotten }, "status objects of Nodes that are gone removed");
        againMs = clock.now() + AGAIN_MS;
        failed = false;
      } catch (err) {
        if (!(err instanceof AppError)) throw err;
        if (!failed) log.warn({ err }, "status objects of Nodes that are gone not removed");
        failed = true;
        againMs = clock.now() + RETRY_MS;
      }
      settled = mark;
    }
    await sleep(clock, EVERY_MS, signal);
  }
}
