import type { Ip } from "../net/ip.ts";

export interface ProbingOptions {
  /** An address is asked about at most this often; 0: never. */
  readonly everyMs: number;
  /** Asks on the wire who has it. */
  readonly probe: (ip: Ip) => void;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** Questions are broadcasts, so there are never more than this many in so many ms. */
const AT_ONCE = 5;
const PACE_MS = 50;

/**
 * Looks for second owners of addresses that clients ask for: an owner hears only its own answers. First come,
 * first served, so that every address has its turn however many are asked for.
 */
export class Probing {
  readonly #options: ProbingOptions;
  readonly #askedAt = new Map<Ip, number>();
  readonly #waiting = new Set<Ip>();
  #cancel: (() => void) | null = null;

  constructor(options: ProbingOptions) {
    this.#options = options;
  }

  /** A client wanted to know. */
  wanted(ip: Ip): void {
    const { everyMs, now } = this.#options;
    if (everyMs === 0 || now() - (this.#askedAt.get(ip) ?? -Infinity) < everyMs) return;
    this.#waiting.add(ip);
    if (this.#cancel === null) this.#next();
  }

  /** Keeps only what concerns these addresses. */
  retain(announced: { has(ip: Ip): boolean }): void {
    for (const ip of this.#askedAt.keys()) if (!announced.has(ip)) this.#askedAt.delete(ip);
    for (const ip of this.#waiting) if (!announced.has(ip)) this.#waiting.delete(ip);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#waiting.clear();
  }

  #next(): void {
    this.#cancel = null;
    if (this.#waiting.size === 0) return;
    const { probe, now, after } = this.#options;
    for (const ip of [...this.#waiting].slice(0, AT_ONCE)) {
      this.#waiting.delete(ip);
      this.#askedAt.set(ip, now());
      probe(ip);
    }
    this.#cancel = after(PACE_MS, () => this.#next());
  }
}
