/** Whom this member probes when, in SWIM's order: everybody once, shuffled, then anew. And what follows from the verdicts. */
import { ownOf, pick, shuffle } from "./core.ts";
import type { Core } from "./core.ts";
import { tcpPing } from "./exchange.ts";
import { encodeCompounds } from "./layers.ts";
import { encodeMessage } from "./messages.ts";
import type { Member } from "./member.ts";
import { healthOf, indirectOf, pingOf, probe } from "./probe.ts";
import type { ProbePorts, Verdict } from "./probe.ts";
import type { Voice } from "./voice.ts";

/** A host's sign of life is fresh for so many probes. */
const FRESH_PROBES = 3;

export interface ProberPorts {
  isClosed(): boolean;
  /** The verdict on a member that is still known. */
  judged(member: Member, verdict: Verdict): void;
  /** The list is through: what is remembered of those that are forgotten can go. */
  forget(isKnown: (name: string) => boolean): void;
}

export class Prober {
  readonly #core: Core;
  readonly #voice: Voice;
  readonly #ports: ProberPorts;
  /** Members under probe, and who waits for the verdict. */
  readonly #probing = new Map<string, ((alive: boolean) => void)[]>();
  /** What the last probe found, where it was in vain; mute: the host said nothing either. */
  readonly #silences = new Map<string, { readonly ms: number; readonly isMute: boolean }>();
  readonly #frozenUntilMs = new Map<string, number>();
  #order: string[] = [];
  #at = 0;
  #health = 0;

  constructor(core: Core, voice: Voice, ports: ProberPorts) {
    this.#core = core;
    this.#voice = voice;
    this.#ports = ports;
  }

  /** Lifeguard's health score: 0 is best. */
  get health(): number {
    return this.#health;
  }

  worsen(by: number): void {
    this.#health = Math.max(0, Math.min(this.#core.timing.awarenessMax - 1, this.#health + by));
  }

  /** New nodes take a random place in the order. */
  insert(name: string): void {
    if (name === this.#core.name || this.#order.includes(name)) return;
    this.#order.splice(Math.floor(this.#core.random() * (this.#order.length + 1)), 0, name);
  }

  /** Once each probe interval. */
  tick(): void {
    const { probesPerInterval } = this.#core.timing;
    for (let i = 0; i < probesPerInterval; i++) {
      if (this.#probing.size >= probesPerInterval) return;
      const target = this.#nextTarget();
      if (target === null) return;
      this.look(target);
    }
  }

  /** Probes a member now; one that is under probe is not probed twice. */
  look(target: Member, done?: (alive: boolean) => void): void {
    const { name } = target;
    const waiting = this.#probing.get(name);
    if (waiting !== undefined) {
      if (done !== undefined) waiting.push(done);
      return;
    }
    this.#probing.set(name, done === undefined ? [] : [done]);
    probe(target, this.#periodMs(), this.#probePorts(), (verdict) => {
      const heirs = this.#probing.get(name) ?? [];
      this.#probing.delete(name);
      if (this.#ports.isClosed()) return;
      this.#judge(name, verdict);
      for (const heir of heirs) heir(verdict.kind === "alive");
    });
  }

  /** This node has itself found it silent at that time or later. */
  foundSilentSince(name: string, ms: number): boolean {
    return (this.#silences.get(name)?.ms ?? -Infinity) >= ms;
  }

  /**
   * Its host took a connection lately though the process said nothing. How long that counts is settled when it is heard:
   * our health sinks in a split network, and must not keep alive what was said before it.
   */
  isFrozen(name: string): boolean {
    return this.#core.clock.now() <= (this.#frozenUntilMs.get(name) ?? -Infinity);
  }

  /** Of the last probe: neither the process nor its host said anything. */
  isMute(name: string): boolean {
    return this.#silences.get(name)?.isMute === true;
  }

  #periodMs(): number {
    return this.#core.timing.probeIntervalMs * (this.#health + 1);
  }

  #nextTarget(): Member | null {
    for (let looked = 0; looked <= this.#order.length; looked++) {
      if (this.#at >= this.#order.length) {
        this.#wrap();
        if (looked > 0) return null;
      }
      const name = this.#order[this.#at++];
      const member = name === undefined ? undefined : this.#core.table.get(name);
      if (member === undefined || this.#probing.has(member.name)) continue;
      if (member.state === "alive" || member.state === "suspect") return member;
    }
    return null;
  }

  /** The list is through: forget the long dead, shuffle, start over. */
  #wrap(): void {
    const { table, timing, clock, name: own, random } = this.#core;
    this.#at = 0;
    table.forget(timing.gossipToTheDeadMs, clock.now());
    for (const map of [this.#silences, this.#frozenUntilMs])
      for (const name of map.keys()) if (table.get(name) === undefined) map.delete(name);
    this.#ports.forget((name) => table.get(name) !== undefined);
    this.#order = table
      .records()
      .map((m) => m.name)
      .filter((name) => name !== own);
    shuffle(this.#order, random);
  }

  #judge(name: string, verdict: Verdict): void {
    this.worsen(healthOf(verdict));
    const nowMs = this.#core.clock.now();
    if (verdict.kind === "alive") this.#silences.delete(name);
    else {
      const isMute = verdict.host !== "accepts";
      this.#silences.set(name, { ms: nowMs, isMute });
      if (!isMute) this.#frozenUntilMs.set(name, nowMs + FRESH_PROBES * this.#periodMs());
    }
    const known = this.#core.table.get(name);
    if (known !== undefined) this.#ports.judged(known, verdict);
  }

  #probePorts(): ProbePorts {
    const core = this.#core;
    const { timing, transport, wire } = core;
    return {
      clock: core.clock,
      acks: core.acks,
      timing,
      sendPing: (target, seqNo) => this.#ping(target, seqNo),
      relays: ({ name }) =>
        pick(core, timing.indirectChecks, (m) => m.state === "alive" && m.name !== name),
      sendIndirect: (relay, target, seqNo, nack) =>
        this.#voice.sendWithGossip(
          relay,
          encodeMessage(indirectOf(ownOf(core), target, seqNo, nack)),
        ),
      tcpPing: (target, seqNo, timeoutMs, accepted) =>
        tcpPing(transport, target, pingOf(ownOf(core), target.name, seqNo), {
          wire,
          timeoutMs,
          accepted,
        }),
    };
  }

  #ping(target: Member, seqNo: number): void {
    const ping = encodeMessage(pingOf(ownOf(this.#core), target.name, seqNo));
    if (target.state !== "suspect") {
      this.#voice.sendWithGossip(target, ping);
      return;
    }
    // It learns of the suspicion with the ping, and can refute.
    const { name: node, incarnation } = target;
    const from = this.#core.name;
    const suspect = encodeMessage({ kind: "suspect", incarnation, node, from });
    for (const packet of encodeCompounds([ping, suspect])) this.#voice.send(target, packet);
  }
}
