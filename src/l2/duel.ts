import type { Ip } from "../net/ip.ts";
import { electionWinner } from "./election.ts";

/**
 * What to do when another station says that it has an address of ours. Between two nodes it follows from
 * their names and the address alone, so both come to the same verdict without a word between them.
 */
export type Verdict =
  | { readonly kind: "yield"; readonly to: string }
  | { readonly kind: "defend"; readonly against: string }
  /** No node of the cluster: a host with a wrong address, or somebody who wants our traffic. */
  | { readonly kind: "foreign" };

/** `key`: the address by which the election of `ip` is held (behaviour reference 3.1). */
export function verdictFor(self: string, claimant: string | null, key: Ip): Verdict {
  if (claimant === null) return { kind: "foreign" };
  return electionWinner([self, claimant], key) === self
    ? { kind: "defend", against: claimant }
    : { kind: "yield", to: claimant };
}

/** RFC 5227, 2.4: a foreign host is answered once in so long; a node yields at our first word. */
const DEFEND_EVERY_MS = { foreign: 10_000, defend: 200 } as const;
const REPORT_EVERY_MS = 10_000;
/** A loser looks whether the winner still answers: soon at first, in case it just gave up as planned. */
const CHECK_FIRST_MS = 50;
const CHECK_MOST_MS = 400;

interface Yielded {
  readonly to: string;
  heardAt: number;
  checkMs: number;
}

export interface DuelPorts {
  now(): number;
  after(ms: number, run: () => void): () => void;
  /** One unsolicited round for the address. */
  announce(ip: Ip): void;
  /** Asks on the wire who has it. */
  probe(ip: Ip): void;
  /** The winner fell silent: ours again. */
  resume(ip: Ip): void;
}

/** The duels of this node: which addresses it has yielded, and until when. */
export class Duels {
  readonly #ports: DuelPorts;
  readonly #yielded = new Map<Ip, Yielded>();
  readonly #defendedAt = new Map<Ip, number>();
  readonly #reportedAt = new Map<string, number>();
  readonly #cancels = new Map<Ip, () => void>();
  readonly #patience = new Map<Ip, number>();

  constructor(ports: DuelPorts) {
    this.#ports = ports;
  }

  /** Yielded addresses are not answered for. */
  has(ip: Ip): boolean {
    return this.#yielded.has(ip);
  }

  /** Whom each yielded address was left to. */
  yielded(): ReadonlyMap<Ip, string> {
    return new Map([...this.#yielded].map(([ip, { to }]) => [ip, to]));
  }

  /**
   * Another station claims an address that this node announces. True when it is to be reported: the
   * first time, and every ten seconds while it lasts.
   */
  claimed(ip: Ip, verdict: Verdict, claimant: string): boolean {
    const now = this.#ports.now();
    const standing = this.#yielded.get(ip);
    if (standing !== undefined) standing.heardAt = now;
    this.#settle(ip, verdict, now);
    return this.#isNews(`${ip} ${claimant}`, now);
  }

  #settle(ip: Ip, verdict: Verdict, now: number): void {
    const standing = this.#yielded.get(ip);
    if (verdict.kind === "yield") {
      if (standing !== undefined) return;
      const checkMs = this.#patience.get(ip) ?? CHECK_FIRST_MS;
      const yielded = { to: verdict.to, heardAt: now, checkMs };
      this.#yielded.set(ip, yielded);
      this.#check(ip, yielded);
      return;
    }
    if (standing !== undefined) return; // a third one claims; the winner's business
    if (now - (this.#defendedAt.get(ip) ?? -Infinity) < DEFEND_EVERY_MS[verdict.kind]) return;
    this.#defendedAt.set(ip, now);
    this.#ports.announce(ip);
  }

  #isNews(key: string, now: number): boolean {
    if (now - (this.#reportedAt.get(key) ?? -Infinity) < REPORT_EVERY_MS) return false;
    if (this.#reportedAt.size > 4096) this.#reportedAt.clear(); // a spoofer's inventions
    this.#reportedAt.set(key, now);
    return true;
  }

  /** Keeps only what concerns addresses that are still announced here. */
  retain(announced: { has(ip: Ip): boolean }): void {
    for (const ip of this.#yielded.keys()) if (!announced.has(ip)) this.#end(ip);
    for (const map of [this.#defendedAt, this.#patience])
      for (const ip of map.keys()) if (!announced.has(ip)) map.delete(ip);
  }

  close(): void {
    for (const ip of this.#yielded.keys()) this.#end(ip);
  }

  #end(ip: Ip): void {
    this.#yielded.delete(ip);
    this.#cancels.get(ip)?.();
    this.#cancels.delete(ip);
  }

  /** Wait, then ask twice: no answer ends the yielding. */
  #check(ip: Ip, yielded: Yielded): void {
    this.#later(ip, yielded.checkMs, () => {
      const askedAt = this.#ports.now();
      this.#ask(ip, yielded, askedAt, () =>
        this.#ask(ip, yielded, askedAt, () => {
          this.#end(ip);
          // Should the winner only be slow, the next duel for this address asks more patiently.
          this.#patience.set(ip, Math.min(CHECK_MOST_MS, yielded.checkMs * 2));
          this.#ports.resume(ip);
        }),
      );
    });
  }

  #ask(ip: Ip, yielded: Yielded, sinceMs: number, silence: () => void): void {
    this.#ports.probe(ip);
    this.#later(ip, yielded.checkMs, () => {
      if (yielded.heardAt < sinceMs) {
        silence();
        return;
      }
      yielded.checkMs = Math.min(CHECK_MOST_MS, yielded.checkMs * 2);
      this.#check(ip, yielded);
    });
  }

  #later(ip: Ip, ms: number, run: () => void): void {
    this.#cancels.set(ip, this.#ports.after(ms, run));
  }
}
