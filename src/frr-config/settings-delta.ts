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

/** Mostly nothing ends, and of ten thousand prefixes nobody has to know the slots. */
function onceNeeded<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
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
  const slots = onceNeeded(() => new Set([...want].map((line) => settingOf(context, line).slot)));
  const removals: Step[] = [];
  for (const line of have) {
    if (want.has(line) || !mayRemove(line)) continue;
    const { slot, undo } = settingOf(context, line);
    if (!slots().has(slot)) removals.push(step(within, undo, line));
  }
  const additions: Step[] = [];
  for (const line of want) if (!have.has(line)) additions.push(step(within, line));
  return { removals, additions };
}
