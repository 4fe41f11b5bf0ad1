/** One line for FRR, where it goes, and which setting it is about. */
import { isContext } from "./tree.ts";

export interface Step {
  /** The contexts to be in, outermost first. */
  readonly within: readonly string[];
  readonly line: string;
  /** The line of the desired (or, for a removal, the running) configuration with its contexts. */
  readonly about: readonly string[];
}

export const step = (within: readonly string[], line: string, about: string = line): Step => ({
  within,
  line,
  about: [...within, about],
});

/** A line as vtysh reads it, and the configuration line that it is about, with its contexts before it. */
export interface Command {
  readonly text: string;
  readonly about: readonly string[];
}

/**
 * The steps as lines for `vtysh -f`, contexts opened as needed. Contexts are left by naming the next one and
 * never by `exit`: where FRR refuses to open a context, a following `exit` would leave configuration mode
 * and with it everything after.
 */
export function commandsFor(steps: readonly Step[]): readonly Command[] {
  const commands: Command[] = [];
  let open: readonly string[] = [];
  const pad = (depth: number): string => " ".repeat(depth);
  for (const one of steps) {
    let shared = 0;
    while (shared < one.within.length && open[shared] === one.within[shared]) shared++;
    if (shared < open.length && shared === 1 && open[1]?.startsWith("address-family ") === true)
      commands.push({ text: " exit-address-family", about: open });
    for (let depth = shared; depth < one.within.length; depth++)
      commands.push({
        text: pad(depth) + (one.within[depth] ?? ""),
        about: one.within.slice(0, depth + 1),
      });
    commands.push({ text: pad(one.within.length) + one.line, about: one.about });
    open = isContext(one.line, one.within.at(-1) ?? "") ? [...one.within, one.line] : one.within;
  }
  return commands;
}
