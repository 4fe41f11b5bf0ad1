/**
 * What FRR really sent, read so that an idle FRR costs one short question: a session's Adj-RIB-Out is
 * listed anew only when its counters say that it sent something since, or that it is another session.
 */
import { sessionKey } from "../api/sent-routes.ts";
import type { SentRoutes, SessionSent } from "../api/sent-routes.ts";
import { advertisedFrom, neighborsFrom } from "./status.ts";
import type { NeighborStatus } from "./status.ts";
import type { Vty } from "./vty.ts";

export interface SentReader {
  /**
   * @param incarnation tells one run of the daemons from the next: counters begin anew with it
   * @throws AppError `ERR_FRR_UNREACHABLE`
   */
  read(incarnation: string): Promise<SentRoutes>;
}

interface Known {
  readonly marks: string;
  readonly sent: SessionSent;
}

/** Every change of an Adj-RIB-Out is an UPDATE, and counted. */
const marksOf = (n: NeighborStatus, incarnation: string): string =>
  [
    ...[n.state, n.updatesSent, n.sentPrefixes, n.opensSent, n.dropped, incarnation],
    ...[n.last.dueTo, n.last.code, n.last.bfdDown],
  ].join(" ");

export function sentReader(bgpd: Pick<Vty, "ask">): SentReader {
  let known: ReadonlyMap<string, Known> = new Map();
  return {
    async read(incarnation) {
      const next = new Map<string, Known>();
      for (const neighbor of neighborsFrom(await bgpd.ask("show bgp vrf all neighbors json"))) {
        const key = sessionKey(neighbor.vrf, neighbor.key);
        const marks = marksOf(neighbor, incarnation);
        const before = known.get(key);
        next.set(
          key,
          before?.marks === marks ? before : { marks, sent: await sentTo(bgpd, neighbor) },
        );
      }
      known = next;
      return new Map([...next].map(([key, { sent }]) => [key, sent]));
    },
  };
}

async function sentTo(bgpd: Pick<Vty, "ask">, neighbor: NeighborStatus): Promise<SessionSent> {
  const { key, vrf, state, since, remoteAs, opensSent, opensReceived, last } = neighbor;
  const detail = { since, remoteAs, opensSent, opensReceived, last };
  if (state !== "Established") return { state, prefixes: new Set(), detail };
  const where = vrf === null ? "" : ` vrf ${vrf}`;
  const ask = (family: string): Promise<string> =>
    bgpd.ask(`show bgp${where} ${family} unicast neighbors ${key} advertised-routes json`);
  const said = [await ask("ipv4"), await ask("ipv6")];
  return { state, prefixes: new Set(said.flatMap(advertisedFrom)), detail };
}
