import type { Ip } from "../net/ip.ts";

export const ROUND_EVERY_MS = 1100;
export const ROUNDS_LAST_MS = 5000;

/**
 * Which addresses are due for an unsolicited announcement (behaviour reference 3.5, then a slow refresh
 * of our own). Time is handed in; `due` is asked every `ROUND_EVERY_MS`.
 */
export class Rounds {
  readonly #refreshMs: number;
  readonly #until = new Map<Ip, number>();
  readonly #refreshAt = new Map<Ip, number>();

  /** `refreshMs` 0: no refresh. */
  constructor(refreshMs: number) {
    this.#refreshMs = refreshMs;
  }

  /** The caller sends the first round now; the others follow until the end. */
  start(ip: Ip, now: number): void {
    this.#until.set(ip, now + ROUNDS_LAST_MS);
    this.#refreshAt.set(ip, now + this.#refreshMs);
  }

  stop(ip: Ip): void {
    this.#until.delete(ip);
    this.#refreshAt.delete(ip);
  }

  due(now: number): readonly Ip[] {
    const due: Ip[] = [];
    for (const [ip, end] of this.#until)
      if (now > end) this.#until.delete(ip);
      else due.push(ip);
    if (this.#refreshMs === 0) return due;
    for (const [ip, at] of this.#refreshAt) {
      if (now < at) continue;
      this.#refreshAt.set(ip, now + this.#refreshMs);
      if (!this.#until.has(ip)) due.push(ip);
    }
    return due;
  }
}
