/** What a node says unasked about the addresses it holds: rounds of announcements, and word to those who asked lately. */
import type { Ip } from "../net/ip.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Neighbour } from "./answer.ts";
import { Askers } from "./askers.ts";
import type { Port } from "./interfaces.ts";
import type { Responder } from "./responder.ts";
import { ROUND_EVERY_MS, Rounds } from "./rounds.ts";

const REPAIR_MEMORY_MS = 10 * 60_000;
const REPAIR_AT_MOST = 128;
/** Addresses told in one turn of the event loop. */
const REPAIRS_AT_ONCE = 50;

export interface AnnouncementPorts {
  readonly clock: Clock;
  /** How often a held address is announced anew; 0: never. */
  readonly refreshMs: number;
  /** It is ours to speak for. */
  holds(ip: Ip): boolean;
  /** False while this process may have been given up. */
  mayAnswer(): boolean;
  respondersFor(ip: Ip): readonly Responder[];
  gratuitousSent(ip: Ip, frames: number, atMs: number): void;
}

export class Announcements {
  readonly #ports: AnnouncementPorts;
  readonly #rounds: Rounds;
  readonly #askers = new Askers();
  #repairs: Ip[] = [];
  #held: { readonly size: number } = new Set();
  #cancelTick: (() => void) | null = null;
  #closed = false;

  constructor(ports: AnnouncementPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds(ports.refreshMs);
  }

  /** What is held now: the rounds go on while it is any. */
  hold(held: { readonly size: number; keys(): Iterable<Ip> }, lost: Iterable<Ip>): void {
    this.#held = held;
    for (const ip of lost) this.#rounds.stop(ip);
  }

  /** These were taken over, or are to be said again. */
  begin(ips: readonly Ip[]): void {
    const { clock } = this.#ports;
    const now = clock.now();
    for (const ip of ips) {
      if (!this.#ports.holds(ip)) continue;
      this.#rounds.start(ip, now);
      this.once(ip);
      this.#repair(ip);
    }
    if (ips.length > 0)
      clock.after(ROUND_EVERY_MS, () => {
        for (const ip of ips) this.#repair(ip); // again: Linux holds fresh entries for a second
      });
    if (this.#held.size > 0) this.#cancelTick ??= this.#tickLater();
  }

  once(ip: Ip): void {
    if (!this.#maySpeak(ip)) return;
    let frames = 0;
    const atMs = this.#ports.clock.now(); // before: whom a frame wakes may run before we do
    for (const responder of this.#ports.respondersFor(ip)) frames += responder.announce(ip);
    if (frames > 0) this.#ports.gratuitousSent(ip, frames, atMs);
  }

  /** Somebody asked for an address of the cluster. */
  asked(port: Port, asker: Neighbour): void {
    this.#askers.remember(port.index, asker, this.#ports.clock.now());
  }

  /** Nothing that was begun goes on. */
  stop(ips: Iterable<Ip>): void {
    for (const ip of ips) this.#rounds.stop(ip);
    this.#repairs = [];
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick?.();
  }

  /** Asked before each frame: who wakes after a freeze has lost what it was about to say. */
  #maySpeak(ip: Ip): boolean {
    return this.#ports.holds(ip) && this.#ports.mayAnswer();
  }

  #tickLater = (): (() => void) =>
    this.#ports.clock.after(ROUND_EVERY_MS, () => {
      this.#cancelTick = null;
      for (const ip of this.#rounds.due(this.#ports.clock.now())) this.once(ip);
      if (this.#held.size > 0) this.#cancelTick = this.#tickLater();
    });

  /** Unicast to who asked lately, after the broadcasts of every address are out. */
  #repair(ip: Ip): void {
    if (!this.#ports.holds(ip)) return;
    this.#repairs.push(ip);
    if (this.#repairs.length === 1) this.#ports.clock.after(0, () => this.#repairSome());
  }

  #repairSome(): void {
    if (this.#closed) return;
    const since = this.#ports.clock.now() - REPAIR_MEMORY_MS;
    for (const ip of this.#repairs.splice(0, REPAIRS_AT_ONCE)) {
      if (!this.#maySpeak(ip)) continue;
      for (const responder of this.#ports.respondersFor(ip)) {
        const asked = this.#askers.recent(responder.port.index, since);
        responder.repair(ip, asked.slice(0, REPAIR_AT_MOST));
      }
    }
    if (this.#repairs.length > 0) this.#ports.clock.after(0, () => this.#repairSome());
  }
}
