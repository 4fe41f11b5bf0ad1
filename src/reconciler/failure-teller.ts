/** One line when something begins to fail, or fails for another reason, and one when it works again: what is tried again and again is debug. */
import type { Log } from "./log.ts";

export interface FailureTeller {
  readonly failed: (fields: { readonly err: unknown; readonly retryInMs?: number }) => void;
  readonly worked: () => void;
}

export function failureTeller(
  level: "warn" | "error",
  log: Log,
  { failing, works, about }: { failing: string; works: string; about: object },
): FailureTeller {
  let last: string | null = null;
  return {
    failed(fields) {
      const { err } = fields;
      const words = err instanceof Error ? err.message : String(err);
      log[words === last ? "debug" : level]({ ...about, ...fields }, failing);
      last = words;
    },
    worked() {
      if (last !== null) log.info(about, works);
      last = null;
    },
  };
}
