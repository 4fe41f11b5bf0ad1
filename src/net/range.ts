import { AppError } from "../errors.ts";
import { BITS, addressOf, tryParseIp } from "./ip.ts";
import type { Family } from "./ip.ts";
import type { Prefix } from "./prefix.ts";

/** The smallest list of prefixes that covers `first`..`last`, ascending. */
export function prefixesBetween(family: Family, first: bigint, last: bigint): Prefix[] {
  const found: Prefix[] = [];
  let at = first;
  while (at <= last) {
    let hostBits = 0;
    while (hostBits < BITS[family]) {
      const size = 1n << BigInt(hostBits + 1);
      if (at % size !== 0n || at + size - 1n > last) break;
      hostBits++;
    }
    found.push({ family, first: at, length: BITS[family] - hostBits });
    at += 1n << BigInt(hostBits);
  }
  return found;
}

/**
 * `start-end`, split at the first dash, both ends trimmed, of one family, start not after end.
 * @throws AppError `ERR_BAD_RANGE`
 */
export function parseRange(text: string): Prefix[] {
  const dash = text.indexOf("-");
  const bad = (why: string) => new AppError("ERR_BAD_RANGE", `${why}: ${JSON.stringify(text)}`);
  if (dash < 0) throw bad("not a range start-end");
  const [start, end] = [text.slice(0, dash).trim(), text.slice(dash + 1).trim()].map(tryParseIp);
  if (!start || !end) throw bad("both ends of a range must be plain IP addresses");
  const [from, to] = [addressOf(start), addressOf(end)];
  if (from.family !== to.family) throw bad("a range cannot mix IPv4 and IPv6");
  if (from.value > to.value) throw bad("range start is after its end");
  return prefixesBetween(from.family, from.value, to.value);
}
