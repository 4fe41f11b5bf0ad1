/** Who waits for which ack. Acks match by sequence number alone, whatever their source. */
import type { Clock } from "./clock.ts";

interface Waiter {
  ack(): void;
  nack(): void;
  cancel(): void;
}

export class Acks {
  readonly #waiters = new Map<number, Waiter>();
  readonly #clock: Clock;
  #seqNo: number;

  constructor(clock: Clock, firstSeqNo: number) {
    this.#clock = clock;
    this.#seqNo = firstSeqNo;
  }

  next(): number {
    this.#seqNo = (this.#seqNo + 1) >>> 0;
    return this.#seqNo;
  }

  /** Calls `done` once: true for the first ack, false when `timeoutMs` has passed without one. */
  wait(
    seqNo: number,
    timeoutMs: number,
    done: (acked: boolean) => void,
    nacked?: () => void,
  ): void {
    const finish = (acked: boolean): void => {
      this.#waiters.get(seqNo)?.cancel();
      this.#waiters.delete(seqNo);
      done(acked);
    };
    const cancel = this.#clock.after(timeoutMs, () => finish(false));
    this.#waiters.set(seqNo, { ack: () => finish(true), nack: () => nacked?.(), cancel });
  }

  ack(seqNo: number): void {
    this.#waiters.get(seqNo)?.ack();
  }

  nack(seqNo: number): void {
    this.#waiters.get(seqNo)?.nack();
  }

  clear(): void {
    for (const waiter of this.#waiters.values()) waiter.cancel();
    this.#waiters.clear();
  }
}
