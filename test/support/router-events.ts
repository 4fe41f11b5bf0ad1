/** A router's own record of what its peers sent: bgpd's debug log, read from a mark on. */
import { readFile, stat } from "node:fs/promises";
import type { Lab } from "../../src/lab/lab.ts";
import { routerLog } from "../../src/lab/router-config.ts";
import type { RouterName } from "../../src/lab/plan.ts";

export interface RouterEvent {
  readonly kind: "announced" | "withdrawn" | "up" | "down";
  /** The prefix, or the neighbor for `up` and `down`. */
  readonly subject: string;
}

/** Starts recording now; the function returns what happened since. */
export async function recordEvents(
  lab: Lab,
  router: RouterName,
): Promise<() => Promise<readonly RouterEvent[]>> {
  const file = routerLog(lab.dir, router);
  const mark = (await stat(file)).size;
  return async () => parseEvents((await readFile(file)).subarray(mark).toString("utf8"));
}

const PATTERNS: readonly [RouterEvent["kind"], RegExp][] = [
  ["withdrawn", /rcvd UPDATE about (\S+\/\d+)\S* .*withdrawn/],
  // "...duplicate ignored" behind it is no event: FRR 10 answers the end of a route refresh, which may
  // come a keepalive interval late, by sending everything once more, and the router changes nothing.
  ["announced", /rcvd (\S+\/\d+) IPv[46] \S+(?<!duplicate ignored)$/],
  ["up", /%ADJCHANGE: neighbor (\S+?)\(.* Up/],
  ["down", /%ADJCHANGE: neighbor (\S+?)\(.* Down/],
];

export const parseEvents = (log: string): readonly RouterEvent[] =>
  log.split("\n").flatMap((line): RouterEvent[] => {
    for (const [kind, pattern] of PATTERNS) {
      const subject = pattern.exec(line)?.[1];
      if (subject !== undefined) return [{ kind, subject }];
    }
    return [];
  });
