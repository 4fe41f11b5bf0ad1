/**
 * Addresses kept for Services that went away: their `namespace/name` gets them back when it returns in
 * time, and nobody else does while the pool has others. A plain value, written to disk by the daemon.
 */
import type { ServiceKey } from "../api/objects.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { placeOf } from "./ledger.ts";
import type { Ledger, Place } from "./ledger.ts";
import type { PoolIndex } from "./pool-index.ts";

export interface Kept {
  readonly key: ServiceKey;
  readonly ips: readonly Ip[];
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
}

/** Sorted by key. */
export type Retained = readonly Kept[];

export const stillKept = (retained: Retained, nowMs: number): Retained =>
  retained.some((r) => r.untilMs <= nowMs) ? retained.filter((r) => r.untilMs > nowMs) : retained;

/** Those that end first are the first to be given up. */
export function keepAll(retained: Retained, index: PoolIndex, ledger: Ledger): void {
  const byEnd = [...retained].sort((a, b) => a.untilMs - b.untilMs || (a.key < b.key ? -1 : 1));
  for (const { ips } of byEnd)
    for (const place of ips.map((ip) => placeOf(index, ip)))
      if (place !== null) ledger.keep(place satisfies Place);
}

/** How long the pool of these addresses keeps them, in seconds. */
export function retentionS(ips: readonly Ip[], index: PoolIndex, defaultS: number): number {
  const first = ips[0] === undefined ? null : placeOf(index, ips[0]);
  return first?.block.pool.pool.retainS ?? defaultS;
}

export interface Lost {
  readonly key: ServiceKey;
  readonly ips: readonly Ip[];
}

/** What is kept after a pass: what was, without those who hold addresses again, and what was just lost. */
export function retainedAfter(
  retained: Retained,
  lost: readonly Lost[],
  holds: (key: ServiceKey) => boolean,
  index: PoolIndex,
  defaultS: number,
  nowMs: number,
): Retained {
  const lostKeys = new Set(lost.map((l) => l.key));
  const isStale = ({ key }: Kept): boolean => holds(key) || lostKeys.has(key);
  const stays = retained.some(isStale) ? retained.filter((r) => !isStale(r)) : retained;
  const added = lost
    .map(({ key, ips }) => ({ key, ips, seconds: retentionS(ips, index, defaultS) }))
    .filter(({ ips, seconds }) => ips.length > 0 && seconds > 0)
    .map(({ key, ips, seconds }) => ({ key, ips, untilMs: nowMs + seconds * 1000 }));
  return added.length === 0
    ? stays
    : [...stays, ...added].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** For the daemon's state directory; equal for equal values. */
export const retainedText = (retained: Retained): string =>
  JSON.stringify({ version: 1, retained });

/** The inverse. Never throws: text that is not ours means that nothing is kept. */
export function parseRetained(text: string): Retained {
  try {
    const root: unknown = JSON.parse(text);
    if (!isRecord(root) || root["version"] !== 1 || !Array.isArray(root["retained"])) return [];
    return root["retained"].flatMap(parseKept);
  } catch {
    return [];
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function parseKept(value: unknown): Kept[] {
  if (!isRecord(value)) return [];
  const { key, ips, untilMs } = value;
  if (typeof key !== "string" || typeof untilMs !== "number" || !Array.isArray(ips)) return [];
  const parsed = ips.map((ip: unknown) => (typeof ip === "string" ? tryParseIp(ip) : null));
  return parsed.every((ip) => ip !== null) ? [{ key, ips: parsed, untilMs }] : [];
}
