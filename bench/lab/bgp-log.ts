/** What the router's bgpd says that it received, from its own log with times: withdrawals, and attributes. */
import { parseEvents } from "../../test/support/router-events.ts";

/** Distinct prefixes withdrawn, and sent, among those that should have been left alone. */
export function disturbed(
  log: string,
  others: ReadonlySet<string>,
): { readonly withdrawn: number; readonly again: number } {
  const of = (kind: string): number =>
    new Set(
      parseEvents(log)
        .filter((e) => e.kind === kind && others.has(e.subject.split("/")[0] ?? ""))
        .map((e) => e.subject),
    ).size;
  return { withdrawn: of("withdrawn"), again: of("announced") };
}

/** When each prefix came with a community for the first time: milliseconds since the epoch by address. */
export function withCommunity(log: string, community: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  let has = false;
  for (const line of log.split("\n")) {
    const attributes = / rcvd UPDATE w\/ attr: (.*)$/.exec(line)?.[1];
    if (attributes !== undefined) has = wordsOf(attributes).includes(community);
    const ip = /rcvd (\S+)\/\d+ IPv[46] unicast/.exec(line)?.[1];
    const ms = timeOf(line);
    if (has && ip !== undefined && ms !== null && !times.has(ip)) times.set(ip, ms);
  }
  return times;
}

const wordsOf = (attributes: string): readonly string[] =>
  (/\bcommunity ([^,]*)/.exec(attributes)?.[1] ?? "").split(" ");

/** `2026/11/21 19:03:05.123456 BGP: ...`, local time. */
function timeOf(line: string): number | null {
  const [, date = "", time = ""] = /^(\d{4}\/\d\d\/\d\d) (\d\d:\d\d:\d\d\.\d+)/.exec(line) ?? [];
  const ms = Date.parse(`${date.replaceAll("/", "-")}T${time.slice(0, 12)}`);
  return Number.isNaN(ms) ? null : ms;
}
