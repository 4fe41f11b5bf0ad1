/** Addresses that change hands between two states of the cluster (row W4). */
import type { ServiceKey } from "../api/objects.ts";
import { compareIps } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { L2Decision } from "./decision.ts";

type Decisions = ReadonlyMap<ServiceKey, L2Decision>;

export interface Move {
  readonly ip: Ip;
  readonly from: string;
  readonly to: string;
}

const ownersOf = (decisions: Decisions): ReadonlyMap<Ip, string> =>
  new Map(
    [...decisions.values()]
      .flatMap((d) => d.addresses)
      .flatMap(({ ip, winner }) => (winner === null ? [] : [[ip, winner] as const])),
  );

/** Sorted by address. An address that appears or goes does not move. */
export function movesBetween(before: Decisions, after: Decisions): readonly Move[] {
  const now = ownersOf(after);
  const moves: Move[] = [];
  for (const [ip, from] of ownersOf(before)) {
    const to = now.get(ip);
    if (to !== undefined && to !== from) moves.push({ ip, from, to });
  }
  return moves.sort((a, b) => compareIps(a.ip, b.ip));
}
