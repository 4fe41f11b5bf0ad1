/** Finds who ought to be a member and isn't: seeds that were not there yet, and the dead, who may be alive after all. */
import { ownOf } from "./core.ts";
import type { Core } from "./core.ts";
import { sameOctets } from "./layers.ts";
import { encodeMessage } from "./messages.ts";
import { pingOf } from "./probe.ts";
import type { Voice } from "./voice.ts";
import { endpointText } from "./transport.ts";
import type { Endpoint } from "./transport.ts";

const TELL_DEAD_EVERY_MS = 100;
/** So long an answer to a ping is waited for, if the next try does not come before. */
const PING_PATIENCE_MS = 1000;
/** UDP may be what is blocked: so often, at most, the exchange is tried unasked. */
const UNASKED_EVERY_MS = 5000;

export interface ReunionPorts {
  isClosed(): boolean;
  seeds(): readonly Endpoint[];
  /** Exchanges state; true when it did. */
  exchange(to: Endpoint): Promise<boolean>;
}

export class Reunion {
  readonly #core: Core;
  readonly #voice: Voice;
  readonly #ports: ReunionPorts;
  readonly #meeting = new Set<string>();
  readonly #toldDead = new Map<string, number>();
  #lastUnaskedMs = -Infinity;

  constructor(core: Core, voice: Voice, ports: ReunionPorts) {
    this.#core = core;
    this.#voice = voice;
    this.#ports = ports;
  }

  /** Pings what ought to be a member and isn't, at once; exchanges state with what answers. */
  look(): void {
    const { clock, timing, table } = this.#core;
    if (this.#ports.isClosed() || table.leaving) return;
    const everyMs = Math.max(UNASKED_EVERY_MS, timing.reconnectIntervalMs);
    const unasked = clock.now() - this.#lastUnaskedMs >= everyMs;
    if (unasked) this.#lastUnaskedMs = clock.now();
    for (const to of this.#missing())
      if (this.#meeting.has(endpointText(to))) continue;
      else if (unasked) void this.#meet(to);
      else this.#ask(to);
  }

  /**
   * A word from somebody who was buried: a split network is whole again, or the burial was wrong. It is told at
   * once, so that it refutes, instead of waiting for the next look.
   */
  heardFrom(from: Endpoint): void {
    const { table, clock, name: own } = this.#core;
    const buried = table.deadAt(from);
    if (buried === undefined || table.leaving) return;
    const now = clock.now();
    if (now - (this.#toldDead.get(buried.name) ?? -Infinity) < TELL_DEAD_EVERY_MS) return;
    this.#toldDead.set(buried.name, now);
    const { name: node, incarnation } = buried;
    this.#voice.send(buried, encodeMessage({ kind: "dead", incarnation, node, from: own }));
    if (!this.#meeting.has(endpointText(from))) void this.#meet(from);
  }

  forget(isKnown: (name: string) => boolean): void {
    for (const name of this.#toldDead.keys()) if (!isKnown(name)) this.#toldDead.delete(name);
  }

  #ask(to: Endpoint): void {
    const { acks, timing } = this.#core;
    const key = endpointText(to);
    this.#meeting.add(key);
    const seqNo = acks.next();
    const patienceMs = Math.min(PING_PATIENCE_MS, timing.reconnectIntervalMs);
    acks.wait(seqNo, Math.max(timing.probeTimeoutMs, patienceMs), (acked) => {
      this.#meeting.delete(key);
      if (acked && !this.#ports.isClosed()) void this.#meet(to);
    });
    this.#voice.sendPlain(to, pingOf(ownOf(this.#core), "", seqNo));
  }

  async #meet(to: Endpoint): Promise<void> {
    const key = endpointText(to);
    this.#meeting.add(key);
    await this.#ports.exchange(to);
    this.#meeting.delete(key);
  }

  /** Seeds and the dead, without those that are members again and without ourselves. */
  #missing(): readonly Endpoint[] {
    const { table, transport } = this.#core;
    const records = table.records();
    const here = records.filter((m) => m.state === "alive" || m.state === "suspect");
    const isSame = (a: Endpoint, b: Endpoint): boolean =>
      a.port === b.port && sameOctets(a.addr, b.addr);
    const wanted = [...this.#ports.seeds(), ...records.filter((m) => m.state === "dead")]
      .filter((e) => !isSame(e, transport.local) && !here.some((m) => isSame(m, e)))
      .map(({ addr, port }) => ({ addr, port }));
    return [...new Map(wanted.map((e) => [endpointText(e), e])).values()];
  }
}
