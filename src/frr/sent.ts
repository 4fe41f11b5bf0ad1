/**
 * When a prefix reached the Adj-RIB-Out of a neighbour: asked of bgpd until it has, often at first and rarely
 * later. A burst is followed in part: bgpd has better things to do than to answer.
 */
import type { Clock } from "../runtime/clock.ts";
import { sentToFrom } from "./status.ts";
import type { Vty } from "./vty.ts";

/** One prefix that is on its way. */
export interface Awaited {
  readonly prefix: string;
  /** `null` is the default VRF. */
  readonly vrf: string | null;
}

export interface SentFollower<T extends Awaited> {
  expect(waits: readonly T[]): void;
  close(): void;
}

export interface SentPorts<T> {
  readonly bgpd: Pick<Vty, "ask">;
  readonly clock: Clock;
  /** `atMs` of the clock: half way between the last look that did not find the prefix and the first that did. */
  readonly onSent: (wait: T, atMs: number) => void;
  /** Not followed to the end: too many at once, or no neighbour got it in time. */
  readonly onGivenUp: (count: number) => void;
}

/** At once; more of a burst would slow down what they measure. */
const MOST = 32;
const PER_ROUND = 8;
const GIVE_UP_MS = 10_000;

const keyOf = ({ prefix, vrf }: Awaited): string => `${vrf ?? ""} ${prefix}`;

/** Between two rounds, by how long the oldest has been waited for: FRR needs some 100 ms. */
const pauseMs = (waitedMs: number): number => (waitedMs < 500 ? 4 : waitedMs < 2000 ? 20 : 250);

export function followSent<T extends Awaited>(ports: SentPorts<T>): SentFollower<T> {
  const { bgpd, clock, onSent, onGivenUp } = ports;
  let waiting: { readonly wait: T; readonly fromMs: number; absentMs: number }[] = [];
  let asking = false;
  let cancel: (() => void) | null = null;

  const isSent = async ({ prefix, vrf }: Awaited): Promise<boolean> => {
    const where = vrf === null ? "" : ` vrf ${vrf}`;
    const family = prefix.includes(":") ? "ipv6" : "ipv4";
    const said = await bgpd.ask(`show bgp${where} ${family} unicast ${prefix} json`);
    return sentToFrom(said).length > 0;
  };

  const round = async (): Promise<void> => {
    asking = true;
    const asked = waiting.slice(0, PER_ROUND);
    const answers = await Promise.all(
      asked.map(async (one) => {
        const askedMs = clock.now();
        const sent = await isSent(one.wait).catch(() => false);
        if (sent) onSent(one.wait, (one.absentMs + clock.now()) / 2);
        else one.absentMs = askedMs;
        return sent;
      }),
    );
    const now = clock.now();
    const done = new Set(asked.filter((_, i) => answers[i]));
    const late = new Set(waiting.filter((w) => !done.has(w) && now - w.fromMs > GIVE_UP_MS));
    if (late.size > 0) onGivenUp(late.size);
    const open = waiting.filter((w) => !done.has(w) && !late.has(w));
    const turn = open.filter((w) => asked.includes(w));
    waiting = [...open.filter((w) => !turn.includes(w)), ...turn]; // whoever was asked goes behind
    asking = false;
    again();
  };

  const again = (): void => {
    if (waiting.length === 0 || asking || cancel !== null) return;
    const oldest = Math.min(...waiting.map((w) => w.fromMs));
    cancel = clock.after(pauseMs(clock.now() - oldest), () => {
      cancel = null;
      void round();
    });
  };

  return {
    expect(waits) {
      const room = Math.max(0, MOST - waiting.length);
      const fromMs = clock.now();
      const known = new Set(waiting.map(({ wait }) => keyOf(wait)));
      const fresh = waits.filter((wait) => !known.has(keyOf(wait))); // a pass that failed tells again
      waiting.push(...fresh.slice(0, room).map((wait) => ({ wait, fromMs, absentMs: fromMs })));
      if (fresh.length > room) onGivenUp(fresh.length - room);
      again();
    },
    close() {
      cancel?.();
      waiting = [];
    },
  };
}
