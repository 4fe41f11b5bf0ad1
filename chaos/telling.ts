/** Violations as they come: told at once, with what the logs say around them. */
import { readFile } from "node:fs/promises";
import type { Daemon } from "../src/lab/daemon.ts";
import type { Judge, Violation } from "./judge.ts";
import type { Excerpt } from "./report.ts";

const EXCERPT_LINES = 12;
const MOST_EXCERPTS = 20;

export interface Telling {
  excerptsOf(violation: Violation): readonly Excerpt[];
  stop(): Promise<void>;
}

export function tellViolations(
  judge: Judge,
  daemons: readonly Daemon[],
  tell: (line: string) => void,
): Telling {
  const excerpts = new Map<Violation, readonly Excerpt[]>();
  let told = 0;
  const look = async (): Promise<void> => {
    for (; told < judge.violations.length; told++) {
      const violation = judge.violations[told];
      if (violation === undefined) break;
      const { what, object, seen, faults } = violation;
      tell(`VIOLATION ${what} ${object}: ${seen} (${faults.join(", ") || "no fault"})`);
      if (excerpts.size < MOST_EXCERPTS) excerpts.set(violation, await lastLines(daemons));
    }
  };
  let work = Promise.resolve();
  const timer = setInterval(() => {
    work = work.then(look);
  }, 500);
  return {
    excerptsOf: (violation) => excerpts.get(violation) ?? [],
    async stop() {
      clearInterval(timer);
      await work;
      await look();
    },
  };
}

const lastLines = (daemons: readonly Daemon[]): Promise<readonly Excerpt[]> =>
  Promise.all(
    daemons.map(async ({ name, log }) => {
      const text = await readFile(log, "utf8").catch(() => "");
      return { log: name, lines: text.trimEnd().split("\n").slice(-EXCERPT_LINES) };
    }),
  );
