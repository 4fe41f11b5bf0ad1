/** The difference between two blocks of one context, setting by setting. */
import type { Context } from "./normalise.ts";
import { settingOf } from "./setting.ts";
import { step, type Step } from "./step.ts";

export interface SettingsDelta {
  /** Settings that end; FRR takes them back by these. */
  readonly removals: readonly Step[];
  /** Settings that begin or change their value. */
  readonly additions: readonly Step[];
}

/**
 * Compares lines that open no context. A setting with a new value is one addition: FRR replaces it.
 * @param mayRemove whether a line that nobody desires may go
 */
export function settingsDelta(
  context: Context,
  within: readonly string[],
  running: Iterable<string>,
  desired: Iterable<string>,
  mayRemove: (line: string) => boolean = () => true,
): SettingsDelta {
  const [have, want] = [new Set(running), new Set(desired)];
  const wanted = new Set([...want].map((line) => settingOf(context, line).slot));
  const removals = [...have]
    .filter((line) => !want.has(line) && mayRemove(line))
    .map((line) => ({ line, ...settingOf(context, line) }))
    .filter(({ slot }) => !wanted.has(slot))
    .map(({ line, undo }) => step(within, undo, line));
  const additions = [...want].filter((line) => !have.has(line)).map((line) => step(within, line));
  return { removals, additions };
}
