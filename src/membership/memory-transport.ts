/**
 * A network inside one process, with loss and delay, and a clock that runs as fast as the machine can:
 * hundreds of members for simulations. Fills the same ports as `transport.ts` and `clock.ts`.
 */
import type { Clock } from "./clock.ts";
import { ConversationError } from "./transport.ts";
import type { Conversation, Endpoint, Receiver, Transport } from "./transport.ts";

interface Due {
  readonly due: number;
  readonly id: number;
  callback: (() => void) | null;
  readonly settles: boolean;
}

/** Time that jumps from one event to the next. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #nextId = 0;
  /** A binary heap on (due, id). */
  readonly #heap: Due[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    return this.#at(ms, callback, false);
  }

  /** The same for what sets promises going: their whole chain has run before time goes on. */
  afterSettling(ms: number, callback: () => void): () => void {
    return this.#at(ms, callback, true);
  }

  #at(ms: number, callback: () => void, settles: boolean): () => void {
    const due = this.#nowMs + Math.max(0, ms);
    const event: Due = { due, id: this.#nextId++, callback, settles };
    this.#push(event);
    return () => (event.callback = null);
  }

  /** Runs all that is due within `ms`. */
  async run(ms: number): Promise<void> {
    const until = this.#nowMs + ms;
    for (let steps = 0; ; steps++) {
      const next = this.#heap[0];
      if (next === undefined || next.due > until) break;
      this.#pop();
      this.#nowMs = next.due;
      if (next.callback === null) continue;
      next.callback();
      if (next.settles || steps % 1024 === 0) await new Promise((resolve) => setImmediate(resolve));
      else await Promise.resolve();
    }
    this.#nowMs = until;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #less(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.due < y.due || (x.due === y.due && x.id < y.id);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }

  #push(event: Due): void {
    this.#heap.push(event);
    for (let at = this.#heap.length - 1; at > 0;) {
      const up = (at - 1) >> 1;
      if (!this.#less(at, up)) return;
      this.#swap(at, up);
      at = up;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const least = this.#less(left + 1, left) ? left + 1 : left;
      if (!this.#less(least, at)) return;
      this.#swap(at, least);
      at = least;
    }
  }
}

export interface NetworkSettings {
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** Share of datagrams that are lost; TCP's segments too, and sent again. */
  readonly loss: number;
  readonly delayMs: () => number;
}

/** First retransmission of a connection request, and of data: the kernel's usual times. */
const [DIAL_AGAIN_MS, SEND_AGAIN_MS] = [1000, 200];

const keyOf = (e: Endpoint): string => `${Buffer.from(e.addr).toString("hex")}:${e.port}`;

export class MemoryNetwork {
  readonly #settings: NetworkSettings;
  readonly #nodes = new Map<string, { receiver: Receiver | null; side: number }>();
  /** Datagrams handed to the network, and their octets. */
  datagrams = 0;
  octets = 0;

  constructor(settings: NetworkSettings) {
    this.#settings = settings;
  }

  /** Nodes on different sides do not hear each other. */
  partition(endpoint: Endpoint, side: number): void {
    const node = this.#nodes.get(keyOf(endpoint));
    if (node !== undefined) node.side = side;
  }

  /** Gone without a word: nothing goes in or out, and connections time out. */
  cut(endpoint: Endpoint): void {
    this.#nodes.delete(keyOf(endpoint));
  }

  bind(local: Endpoint): Transport {
    this.#nodes.set(keyOf(local), { receiver: null, side: 0 });
    const { clock, random, loss, delayMs } = this.#settings;
    const segmentMs = (againMs: number): number => {
      let ms = delayMs();
      for (let wait = againMs; random() < loss; wait *= 2) ms += wait;
      return ms;
    };
    const reach = (to: Endpoint): Receiver | null => {
      const [from, there] = [this.#nodes.get(keyOf(local)), this.#nodes.get(keyOf(to))];
      return from !== undefined && there?.side === from.side ? there.receiver : null;
    };
    return {
      local,
      receive: (receiver) => {
        const own = this.#nodes.get(keyOf(local));
        if (own !== undefined) own.receiver = receiver;
      },
      send: (octets, to) => {
        this.datagrams++;
        this.octets += octets.length;
        if (random() < loss) return;
        clock.after(delayMs(), () => reach(to)?.packet(octets, local));
      },
      dial: (to, timeoutMs) =>
        new Promise((resolve, reject) => {
          const there = reach(to);
          if (there === null) {
            clock.afterSettling(timeoutMs, () =>
              reject(new ConversationError("timeout", "no answer")),
            );
            return;
          }
          const takesMs = segmentMs(DIAL_AGAIN_MS);
          if (takesMs > timeoutMs) {
            clock.afterSettling(timeoutMs, () => reject(new ConversationError("timeout", "lost")));
            return;
          }
          const [near, far] = pipe(clock, () => segmentMs(SEND_AGAIN_MS));
          clock.afterSettling(takesMs, () => {
            const close = (): void => far.close();
            there.conversation(far).then(close, close);
            resolve(near);
          });
        }),
      close: () => {
        this.#nodes.delete(keyOf(local));
        return Promise.resolve();
      },
    };
  }
}

/** Two ends of one connection. */
function pipe(clock: VirtualClock, delayMs: () => number): [Conversation, Conversation] {
  class End implements Conversation {
    other: End | null = null;
    octets = Buffer.alloc(0);
    ended = false;
    #arrivesMs = 0;
    wake: () => void = () => undefined;

    write(octets: Uint8Array): void {
      this.#tell((other) => (other.octets = Buffer.concat([other.octets, octets])));
    }

    /** In order: nothing overtakes what was sent before it. */
    #tell(change: (other: End) => void): void {
      const { other } = this;
      this.#arrivesMs = Math.max(this.#arrivesMs, clock.now() + delayMs());
      clock.afterSettling(this.#arrivesMs - clock.now(), () => {
        if (other === null) return;
        change(other);
        other.wake();
      });
    }

    async read(complete: (octets: Uint8Array) => boolean, timeoutMs: number): Promise<Uint8Array> {
      const untilMs = clock.now() + timeoutMs;
      const cancel = clock.afterSettling(timeoutMs, () => this.wake());
      while (!this.ended && !complete(this.octets)) {
        if (clock.now() >= untilMs) throw new ConversationError("timeout", "peer is too slow");
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      cancel();
      return this.octets;
    }

    close(): void {
      this.#tell((other) => (other.ended = true));
    }
  }
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}
