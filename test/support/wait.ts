/** Waits for conditions instead of asserting times: the machine may be busy. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * The first value of `look` that is neither `undefined` nor `false`.
 * @throws Error naming `what` after `limitMs` (default 30 s), with the last failure of `look` as its cause
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 30_000,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + limitMs;
  let cause: unknown;
  do {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
    } catch (error) {
      cause = error;
    }
    await sleep(everyMs);
  } while (performance.now() < end);
  throw new Error(`not seen within ${limitMs} ms: ${what}`, { cause });
}
