/** The timers that bury suspects. */
import type { Core } from "./core.ts";
import { suspicionMs } from "./formulas.ts";
import type { Member, Suspicion } from "./member.ts";

/** A suspicion lasts longer by so many times our own lateness, up to Lifeguard's maximum. */
const LATENESS_COUNTS = 4;

export interface SuspicionPorts {
  /** The host takes connections while the process is silent. */
  isFrozen(name: string): boolean;
  /** This node has itself found it silent since then. */
  foundSilentSince(name: string, ms: number): boolean;
  /** Probes it once; `done` comes with the verdict, after what follows from it. */
  look(member: Member, done: (alive: boolean) => void): void;
  /** Asks it for its state. */
  exchange(member: Member): void;
  bury(member: Member): void;
}

export class Suspicions {
  readonly #core: Core;
  readonly #ports: SuspicionPorts;
  readonly #stops = new Map<string, () => void>();

  constructor(core: Core, ports: SuspicionPorts) {
    this.#core = core;
    this.#ports = ports;
  }

  /** Starts, shortens or stops the timer of a node, as its record is now. */
  watch(name: string): void {
    this.#stops.get(name)?.();
    this.#stops.delete(name);
    const member = this.#core.table.get(name);
    const suspicion = member?.suspicion ?? null;
    if (member === undefined || suspicion === null) return;
    const { clock } = this.#core;
    const leftMs = this.#dueMs(name, suspicion) - clock.now();
    const stop = clock.judging.after(Math.max(0, leftMs), () => this.#expired(member, suspicion));
    this.#stops.set(name, stop);
  }

  close(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }

  #dueMs(name: string, suspicion: Suspicion): number {
    const { timing, clock } = this.#core;
    const mult = this.#ports.isFrozen(name) ? timing.frozenMult : 1;
    const lastsMs = mult * suspicionMs(suspicion, suspicion.confirmedBy.size);
    const lateMs = LATENESS_COUNTS * clock.lateMs;
    return suspicion.startedMs + Math.min(suspicion.maxMs, lastsMs + lateMs);
  }

  #expired({ name, changedMs }: Member, suspicion: Suspicion): void {
    this.#stops.delete(name);
    const known = this.#core.table.get(name);
    if (known?.state !== "suspect" || known.changedMs !== changedMs) return;
    // Our own lateness, or the host's sign of life, may have come since the timer was set.
    if (this.#dueMs(name, known.suspicion ?? suspicion) - this.#core.clock.now() > 1)
      this.watch(name);
    else if (this.#isHearsay(name, suspicion)) this.#lookFirst(known, suspicion);
    else this.#ports.bury(known);
  }

  /**
   * Only a look of one's own tells a frozen process from one that is gone, one that others cannot reach from both, and
   * an accusation whose refutation was lost on the way.
   */
  #isHearsay(name: string, { startedMs }: Suspicion): boolean {
    const { timing } = this.#core;
    return !this.#ports.foundSilentSince(name, startedMs - timing.probeIntervalMs);
  }

  #lookFirst(member: Member, suspicion: Suspicion): void {
    const { name } = member;
    let over = false;
    this.#stops.set(name, () => (over = true));
    this.#ports.look(member, (alive) => {
      if (over) return;
      if (!alive) {
        this.watch(name);
        return;
      }
      // It lives, and its refutation has missed us: it would not say it again, so it is asked what it knows of itself.
      this.#ports.exchange(member);
      const { clock, timing } = this.#core;
      const again = (): void => this.#expired(member, suspicion);
      this.#stops.set(name, clock.after(timing.probeIntervalMs, again));
    });
  }
}
