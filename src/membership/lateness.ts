/**
 * How much this process was kept from running lately, told by its own timers. Where ours come late, so may the answers
 * of others: their machine is as busy as ours, or is ours.
 */
import type { Clock } from "./clock.ts";

/** What any timer has does not count. */
const NORMAL_MS = 10;
const HALVES_EVERY_MS = 1000;
/** A late judgement waits for so many turns of the event loop at most; each reads a batch of what has come. */
const TURNS = 64;

/** A clock whose timers note their own lateness. */
export class Lateness implements Clock {
  readonly #clock: Clock;
  #worstMs = 0;
  #worstAtMs = 0;
  #heard = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, callback: () => void): () => void {
    const dueMs = this.now() + Math.max(0, ms);
    return this.#clock.after(ms, () => {
      this.#note(this.now() - dueMs - NORMAL_MS);
      callback();
    });
  }

  /** The worst of late, faded by half each second. */
  get lateMs(): number {
    return this.#worstMs * 0.5 ** ((this.now() - this.#worstAtMs) / HALVES_EVERY_MS);
  }

  /** Something came in. */
  heard(): void {
    this.#heard++;
  }

  /**
   * The same clock for judging others by their silence: who comes late first lets in all that has come meanwhile, as
   * the event loop reads it batch by batch, and judges when a turn has brought nothing more.
   */
  readonly judging: Clock = {
    now: () => this.now(),
    after: (ms, judge) => {
      const dueMs = this.now() + Math.max(0, ms);
      let cancel: () => void = () => undefined;
      const turn = (left: number): void => {
        const before = this.#heard;
        cancel = this.#clock.after(0, () =>
          left === 0 || this.#heard === before ? judge() : turn(left - 1),
        );
      };
      cancel = this.after(ms, () => {
        if (this.now() - dueMs <= NORMAL_MS) judge();
        else turn(TURNS);
      });
      return () => cancel();
    },
  };

  #note(lateMs: number): void {
    if (lateMs <= this.lateMs) return;
    this.#worstMs = lateMs;
    this.#worstAtMs = this.now();
  }
}
