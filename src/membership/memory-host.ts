/**
 * A process in a simulation that does not always get the processor, as on a machine with too much to do: while it is
 * paused its timers and packets wait, and its kernel goes on taking connections.
 */
import type { Clock } from "./clock.ts";
import type { Conversation, Receiver, Transport } from "./transport.ts";

/** Datagrams that Node's event loop reads in one turn. */
const READS_PER_TURN = 32;
const TURN_MS = 0.05;

type Task = () => void;

export class MemoryHost {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly #machine: Clock;
  readonly #packets: Task[] = [];
  readonly #others: Task[] = [];
  #runsAgainMs = -Infinity;
  #turning = false;

  constructor(machine: Clock, transport: Transport) {
    this.#machine = machine;
    this.clock = {
      now: () => machine.now(),
      after: (ms, callback) => {
        let cancelled = false;
        const run = (): void => {
          if (!cancelled) callback();
        };
        const cancel = machine.after(ms, () => this.#do(this.#others, run));
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
    this.transport = {
      local: transport.local,
      receive: (receiver) => transport.receive(this.#gated(receiver)),
      send: (octets, to) => transport.send(octets, to),
      dial: async (to, timeoutMs) =>
        this.#gatedConversation(await this.#awake(transport.dial(to, timeoutMs))),
      close: () => transport.close(),
    };
  }

  /** Does not run for so long from now, or for longer when it is paused already. */
  pause(ms: number): void {
    this.#runsAgainMs = Math.max(this.#runsAgainMs, this.#machine.now() + ms);
    this.#turnLater(this.#runsAgainMs - this.#machine.now());
  }

  get #isPaused(): boolean {
    return this.#machine.now() < this.#runsAgainMs;
  }

  /** At once when the process is idle; else when its turn comes. */
  #do(queue: Task[], task: Task): void {
    if (this.#turning || this.#isPaused) queue.push(task);
    else task();
  }

  #turnLater(ms: number): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#machine.after(ms, () => this.#turn());
  }

  /** Datagrams first, then the timers that found their time over: as `systemClock` has it. */
  #turn(): void {
    this.#turning = false;
    if (this.#isPaused) {
      this.#turnLater(this.#runsAgainMs - this.#machine.now());
      return;
    }
    const due = this.#others.splice(0);
    this.#turning = true; // what is started meanwhile belongs to the next turn
    for (const read of this.#packets.splice(0, READS_PER_TURN)) read();
    for (const run of due) run();
    this.#turning = false;
    if (this.#packets.length + this.#others.length > 0) this.#turnLater(TURN_MS);
  }

  #gated(receiver: Receiver): Receiver {
    return {
      packet: (octets, from) => this.#do(this.#packets, () => receiver.packet(octets, from)),
      conversation: async (c) => {
        await this.#awake(Promise.resolve());
        await receiver.conversation(this.#gatedConversation(c));
      },
    };
  }

  #gatedConversation(c: Conversation): Conversation {
    return {
      write: (octets) => c.write(octets),
      read: (complete, timeoutMs) => this.#awake(c.read(complete, timeoutMs)),
      close: () => c.close(),
    };
  }

  /** The outcome, seen when the process runs. */
  async #awake<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      await new Promise<void>((resolve) => this.#do(this.#others, resolve));
    }
  }
}
