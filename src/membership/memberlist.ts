/** A live member: timers, probes, gossip and push/pull around the table. */
import { Acks } from "./acks.ts";
import { BroadcastQueue } from "./broadcast-queue.ts";
import { every } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { answerConversation, pushPull, tcpPing } from "./exchange.ts";
import { pushPullMs, retransmitLimit, suspicionMs } from "./formulas.ts";
import type { Keyring } from "./keyring.ts";
import { encodeCompounds, sameOctets } from "./layers.ts";
import { encodeMessage } from "./messages.ts";
import type { Accusation, Alive, IndirectPing, Message, Ping, PushPullRecord } from "./messages.ts";
import { openPacket, packetOverhead, sealPacket } from "./packet.ts";
import type { WireSettings } from "./packet.ts";
import { healthOf, indirectOf, pingOf, probe } from "./probe.ts";
import type { ProbePorts, Verdict } from "./probe.ts";
import { piggybackRoom } from "./profiles.ts";
import type { Timing } from "./profiles.ts";
import { Table, versionsAgree } from "./table.ts";
import type { Effects, Member, TableEvent } from "./table.ts";
import { endpointText } from "./transport.ts";
import type { Endpoint, Transport } from "./transport.ts";

/** What MetalLB's members announce: protocol 1..5, speaking 2; no delegate. */
export const DEFAULT_VERSIONS = Uint8Array.of(1, 5, 2, 0, 0, 0);
const CRC_SINCE = 5;
const TELL_DEAD_EVERY_MS = 100;
/** A suspicion lasts longer by so many times our own lateness; what any timer has does not count. */
const LATENESS_COUNTS = 4;
const LATENESS_NORMAL_MS = 10;
const LATENESS_FADES = 0.9;
/** So long an answer to a ping of `reconnect` is waited for, if the next try does not come before. */
const PING_PATIENCE_MS = 1000;

export interface MemberlistOptions {
  /** Unique in the cluster. */
  readonly name: string;
  readonly transport: Transport;
  readonly timing: Timing;
  readonly clock: Clock;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Empty: clear text. */
  readonly keys?: Keyring;
  readonly label?: string;
  /** At most 512 octets. */
  readonly meta?: Uint8Array | null;
  readonly versions?: Uint8Array;
  readonly deadNodeReclaimMs?: number;
  /** Addresses that ought to be members; tried at `timing.reconnectIntervalMs` while they aren't. */
  readonly seeds?: () => readonly Endpoint[];
  readonly onEvent?: (event: MemberlistEvent) => void;
  readonly onUserMessage?: (payload: Uint8Array) => void;
  readonly onUserState?: (state: Uint8Array) => void;
}

export type MemberlistEvent =
  | TableEvent
  /** This process did not run for so long that others may have given it up. */
  | { readonly kind: "stall"; readonly lateMs: number }
  /** UDP to a member fails while TCP works. */
  | { readonly kind: "udpBroken"; readonly node: Member };

export class Memberlist {
  readonly #o: MemberlistOptions;
  readonly #table: Table;
  readonly #queue = new BroadcastQueue();
  readonly #acks: Acks;
  readonly #wire: WireSettings;
  readonly #suspicions = new Map<string, () => void>();
  readonly #probing = new Set<string>();
  readonly #heardMs = new Map<string, number>();
  readonly #stops: (() => void)[] = [];
  #order: string[] = [];
  #at = 0;
  #health = 0;
  #lastTickMs: number;
  /** How late our own ticks were lately, at most; fades. */
  #lateMs = 0;
  readonly #joining = new Set<string>();
  readonly #toldDead = new Map<string, number>();
  #lastTcpTryMs = -Infinity;
  #closed = false;

  constructor(options: MemberlistOptions) {
    this.#o = options;
    const { timing, transport, clock } = options;
    this.#acks = new Acks(clock, Math.floor(options.random() * 0xffff));
    this.#lastTickMs = clock.now();
    this.#wire = {
      keys: options.keys ?? [],
      label: new TextEncoder().encode(options.label ?? ""),
      skipInboundLabelCheck: false,
      verifyIncoming: timing.verifyIncoming,
      verifyOutgoing: timing.verifyOutgoing,
      compression: timing.compression,
    };
    this.#table = new Table({
      ...timing,
      name: options.name,
      addr: transport.local.addr,
      port: transport.local.port,
      vsn: options.versions ?? DEFAULT_VERSIONS,
      deadNodeReclaimMs: options.deadNodeReclaimMs ?? 0,
    });
  }

  /** Announces oneself and starts to answer, probe and gossip. */
  start(): void {
    const { timing, transport, clock } = this.#o;
    transport.receive({
      packet: (octets, from) => this.#packet(octets, from),
      conversation: (c) =>
        answerConversation(c, {
          wire: this.#wire,
          timeoutMs: timing.tcpTimeoutMs,
          name: this.#o.name,
          records: () => this.#table.toRecords(),
          merge: (records) => this.#merge(records),
          userMessage: (payload) => this.#o.onUserMessage?.(payload),
          userState: (state) => this.#o.onUserState?.(state),
        }),
    });
    this.#apply(this.#table.start(this.#o.meta ?? null, clock.now()));
    this.#stops.push(
      every(
        clock,
        () => timing.probeIntervalMs,
        () => this.#probeTick(),
      ),
    );
    if (timing.gossipIntervalMs > 0)
      this.#stops.push(
        every(
          clock,
          () => timing.gossipIntervalMs,
          () => this.#gossip(),
        ),
      );
    if (timing.pushPullIntervalMs > 0)
      this.#stops.push(
        every(
          clock,
          () =>
            pushPullMs(timing.pushPullIntervalMs, this.#table.size) *
            (0.9 + 0.2 * this.#o.random()),
          () => void this.#antiEntropy(),
        ),
      );
    if (timing.reconnectIntervalMs > 0) {
      this.#stops.push(
        every(
          clock,
          () => timing.reconnectIntervalMs,
          () => this.reconnect(),
        ),
      );
      this.reconnect();
    }
  }

  /** Alive and suspect members, oneself included, sorted by name. */
  members(): readonly Member[] {
    return this.#table
      .records()
      .filter((m) => m.state === "alive" || m.state === "suspect")
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Every record, dead and left ones included. */
  records(): readonly Member[] {
    return this.#table.records();
  }

  get health(): number {
    return this.#health;
  }

  /** Milliseconds since this process last kept its own rhythm: large after a SIGSTOP, before anything else ran. */
  sinceTickMs(): number {
    return this.#o.clock.now() - this.#lastTickMs;
  }

  /** When a member last answered or asked, by the clock; null: it never did. */
  lastHeardMs(name: string): number | null {
    return this.#heardMs.get(name) ?? null;
  }

  /** Only members count: a name is anybody's word. */
  #noteLife(name: string): void {
    if (this.#table.get(name) !== undefined) this.#heardMs.set(name, this.#o.clock.now());
  }

  setMeta(meta: Uint8Array | null): void {
    const own = this.#table.get(this.#o.name);
    if (own !== undefined && !sameOctets(own.meta ?? new Uint8Array(), meta ?? new Uint8Array()))
      this.#tell(this.#table.setMeta(meta));
  }

  /** Exchanges state with each address; how many succeeded. */
  async join(addresses: readonly Endpoint[]): Promise<number> {
    const results = await Promise.all(addresses.map((to) => this.#exchange(to, true)));
    return results.filter(Boolean).length;
  }

  /** The same until the first of them succeeds; false when none does. */
  async joinAny(addresses: readonly Endpoint[]): Promise<boolean> {
    const successes = addresses.map(async (to) => {
      if (!(await this.#exchange(to, true))) throw new Error("no answer");
    });
    return Promise.any(successes).then(
      () => true,
      () => false,
    );
  }

  /** An unreliable message of the application to one member. */
  send(name: string, payload: Uint8Array): void {
    const to = this.#table.get(name);
    if (to !== undefined) this.#sendTo(to, encodeMessage({ kind: "user", payload }));
  }

  /** Says good-bye to everybody at once, and waits until gossip has carried it too, or for `timeoutMs`. */
  async leave(timeoutMs: number): Promise<void> {
    if (this.#table.leaving || this.#closed) return;
    const others = this.members().filter((m) => m.name !== this.#o.name);
    const effects = this.#table.leave(this.#o.clock.now());
    const spread = new Promise<void>((resolve) => this.#apply(effects, resolve));
    if (others.length === 0) return;
    for (const { message } of effects.broadcasts)
      for (const other of others) this.#sendTo(other, encodeMessage(message));
    const limit = new Promise<void>((resolve) => this.#o.clock.after(timeoutMs, resolve));
    await Promise.race([spread, limit]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops) stop();
    for (const stop of this.#suspicions.values()) stop();
    this.#acks.clear();
    await this.#o.transport.close();
  }

  // ---- what messages do

  #packet(octets: Uint8Array, from: Endpoint): void {
    if (this.#closed) return;
    const { messages } = openPacket(octets, this.#wire);
    if (messages.length > 0) this.#heardFrom(from);
    for (const message of messages) this.#message(message, from);
  }

  /**
   * A word from somebody who was buried: a split network is whole again, or the burial was wrong. It is told at
   * once, so that it refutes, instead of waiting for the next try to reconnect.
   */
  #heardFrom(from: Endpoint): void {
    const buried = this.#table.deadAt(from);
    if (buried === undefined || this.#table.leaving) return;
    const now = this.#o.clock.now();
    if (now - (this.#toldDead.get(buried.name) ?? -Infinity) < TELL_DEAD_EVERY_MS) return;
    this.#toldDead.set(buried.name, now);
    const { name: node, incarnation } = buried;
    this.#sendTo(buried, encodeMessage({ kind: "dead", incarnation, node, from: this.#o.name }));
    if (!this.#joining.has(endpointText(from))) void this.#meet(from);
  }

  #message(message: Message, from: Endpoint): void {
    switch (message.kind) {
      case "ping":
        this.#noteLife(message.sourceNode);
        if (message.node === "" || message.node === this.#o.name)
          this.#reply(message, from, { kind: "ack", seqNo: message.seqNo, payload: null });
        return;
      case "indirectPing":
        this.#relay(message, from);
        return;
      case "ack":
        this.#acks.ack(message.seqNo);
        return;
      case "nack":
        this.#acks.nack(message.seqNo);
        return;
      case "alive":
      case "suspect":
      case "dead":
        this.#heard(message);
        this.#watchSuspicion(message.node);
        return;
      case "user":
        this.#o.onUserMessage?.(message.payload);
        return;
      case "err":
        return; // belongs on a stream
      default:
        message satisfies never;
    }
  }

  /** News by gossip goes on by gossip; what is about ourselves is answered at once. */
  #heard(message: Alive | Accusation): void {
    const effects = this.#table.receive(message, this.#o.clock.now());
    if (message.node === this.#o.name) this.#tell(effects);
    else this.#apply(effects);
  }

  /** What this node found out by itself: queued, and in a small cluster sent to everybody at once. */
  #tell(effects: Effects): void {
    this.#apply(effects);
    const others = this.members().filter((m) => m.name !== this.#o.name);
    if (others.length > this.#o.timing.directNews) return;
    for (const { key, message } of effects.broadcasts) {
      // What is about ourselves also goes to those we hold for dead: they may be the ones that accuse us.
      const lost = key === this.#o.name ? this.#recentlyDead() : [];
      for (const other of [...others, ...lost]) this.#sendTo(other, encodeMessage(message));
    }
  }

  #recentlyDead(): readonly Member[] {
    const sinceMs = this.#o.clock.now() - this.#o.timing.gossipToTheDeadMs;
    return this.#table.records().filter((m) => m.state === "dead" && m.changedMs >= sinceMs);
  }

  #apply(effects: Effects, done?: () => void): void {
    for (const { key, message } of effects.broadcasts)
      this.#queue.add({ key, message: encodeMessage(message), ...(done && { done }) });
    this.#worsen(effects.health);
    for (const event of effects.events) {
      if (event.kind === "join") this.#insert(event.node.name);
      this.#o.onEvent?.(event);
    }
  }

  /** New nodes take a random place in the order of probes. */
  #insert(name: string): void {
    if (name === this.#o.name || this.#order.includes(name)) return;
    this.#order.splice(Math.floor(this.#o.random() * (this.#order.length + 1)), 0, name);
  }

  #worsen(by: number): void {
    this.#health = Math.min(this.#o.timing.awarenessMax - 1, Math.max(0, this.#health + by));
  }

  /** Starts, shortens or stops the timer that buries a suspect. */
  #watchSuspicion(name: string): void {
    this.#suspicions.get(name)?.();
    this.#suspicions.delete(name);
    const member = this.#table.get(name);
    const suspicion = member?.suspicion ?? null;
    if (member === undefined || suspicion === null) return;
    const { clock } = this.#o;
    // Where our own timers come late, so may the suspect's refutation: the machine is busy, or both machines are.
    const dueMs = (): number =>
      suspicion.startedMs +
      Math.min(
        suspicion.maxMs,
        suspicionMs(suspicion, suspicion.confirmedBy.size) + LATENESS_COUNTS * this.#lateMs,
      );
    const stop = clock.after(Math.max(0, dueMs() - clock.now()), () => {
      if (dueMs() - clock.now() > 1) {
        this.#watchSuspicion(name);
        return;
      }
      this.#suspicions.delete(name);
      const known = this.#table.get(name);
      if (known?.state === "suspect" && known.changedMs === member.changedMs) this.#bury(known);
    });
    this.#suspicions.set(name, stop);
  }

  #bury(member: Member): void {
    const { name: node, incarnation } = member;
    const from = this.#o.name;
    this.#tell(this.#table.dead({ kind: "dead", incarnation, node, from }, this.#o.clock.now()));
    this.#watchSuspicion(node);
  }

  #suspectIt(member: Member): void {
    const { name: node, incarnation } = member;
    const from = this.#o.name;
    this.#tell(
      this.#table.suspect({ kind: "suspect", incarnation, node, from }, this.#o.clock.now()),
    );
    this.#watchSuspicion(node);
  }

  #merge(records: readonly PushPullRecord[]): boolean {
    if (!versionsAgree(this.#table.records(), records)) return false;
    for (const record of records) {
      this.#tell(this.#table.merge(record, this.#o.clock.now()));
      this.#watchSuspicion(record.name);
    }
    return true;
  }

  // ---- probing

  #probeTick(): void {
    const { clock, timing } = this.#o;
    const lateMs = this.sinceTickMs() - timing.probeIntervalMs;
    this.#lastTickMs = clock.now();
    this.#lateMs = Math.max(lateMs - LATENESS_NORMAL_MS, this.#lateMs * LATENESS_FADES, 0);
    if (lateMs > 2 * timing.probeIntervalMs + timing.probeTimeoutMs)
      this.#o.onEvent?.({ kind: "stall", lateMs });
    for (let i = 0; i < timing.probesPerInterval; i++) {
      if (this.#probing.size >= timing.probesPerInterval) return;
      const target = this.#nextTarget();
      if (target === null) return;
      this.#probe(target);
    }
  }

  #nextTarget(): Member | null {
    for (let looked = 0; looked <= this.#order.length; looked++) {
      if (this.#at >= this.#order.length) {
        this.#wrap();
        if (looked > 0) return null;
      }
      const name = this.#order[this.#at++];
      const member = name === undefined ? undefined : this.#table.get(name);
      if (member === undefined || this.#probing.has(member.name)) continue;
      if (member.state === "alive" || member.state === "suspect") return member;
    }
    return null;
  }

  /** The list is through: forget the long dead, shuffle, start over. */
  #wrap(): void {
    this.#at = 0;
    this.#table.forget(this.#o.timing.gossipToTheDeadMs, this.#o.clock.now());
    for (const name of this.#heardMs.keys())
      if (this.#table.get(name) === undefined) this.#heardMs.delete(name);
    for (const name of this.#toldDead.keys())
      if (this.#table.get(name) === undefined) this.#toldDead.delete(name);
    this.#order = this.#table
      .records()
      .map((m) => m.name)
      .filter((name) => name !== this.#o.name);
    shuffle(this.#order, this.#o.random);
  }

  #probe(target: Member): void {
    this.#probing.add(target.name);
    const periodMs = this.#o.timing.probeIntervalMs * (this.#health + 1);
    probe(target, periodMs, this.#probePorts(), (verdict) => {
      this.#probing.delete(target.name);
      if (!this.#closed) this.#judge(target.name, verdict);
    });
  }

  #judge(name: string, verdict: Verdict): void {
    this.#worsen(healthOf(verdict));
    const known = this.#table.get(name);
    if (known === undefined) return;
    if (verdict.kind === "alive") {
      this.#noteLife(name);
      if (verdict.by === "tcp") this.#o.onEvent?.({ kind: "udpBroken", node: known });
      return;
    }
    this.#suspectIt(known);
    const suspected = this.#table.get(name);
    if (verdict.refused && this.#o.timing.refusedMeansDead && suspected?.state === "suspect")
      this.#bury(suspected);
  }

  #probePorts(): ProbePorts {
    return {
      clock: this.#o.clock,
      acks: this.#acks,
      timing: this.#o.timing,
      sendPing: (target, seqNo) => {
        const ping = encodeMessage(pingOf(this.#own(), target.name, seqNo));
        if (target.state !== "suspect") {
          this.#sendWithGossip(target, ping);
          return;
        }
        // It learns of the suspicion with the ping, and can refute.
        const { name: node, incarnation } = target;
        const suspect = encodeMessage({ kind: "suspect", incarnation, node, from: this.#o.name });
        for (const packet of encodeCompounds([ping, suspect])) this.#sendTo(target, packet);
      },
      relays: (target) =>
        this.#pick(
          this.#o.timing.indirectChecks,
          (m) => m.state === "alive" && m.name !== target.name,
        ),
      sendIndirect: (relay, target, seqNo, nack) =>
        this.#sendWithGossip(relay, encodeMessage(indirectOf(this.#own(), target, seqNo, nack))),
      tcpPing: (target, seqNo, timeoutMs) =>
        tcpPing(
          this.#o.transport,
          target,
          pingOf(this.#own(), target.name, seqNo),
          this.#wire,
          timeoutMs,
        ),
    };
  }

  /** Somebody asks us to ping a third. */
  #relay(asked: IndirectPing, from: Endpoint): void {
    const to: Endpoint = {
      addr: asked.target ?? new Uint8Array(),
      port: asked.port === 0 ? this.#o.transport.local.port : asked.port,
    };
    if (to.addr.length !== 4 && to.addr.length !== 16) return;
    const seqNo = this.#acks.next();
    this.#acks.wait(seqNo, this.#o.timing.probeTimeoutMs, (acked) => {
      if (this.#closed) return;
      if (acked) this.#reply(asked, from, { kind: "ack", seqNo: asked.seqNo, payload: null });
      else if (asked.nack) this.#reply(asked, from, { kind: "nack", seqNo: asked.seqNo });
    });
    this.#sendWithGossip(to, encodeMessage(pingOf(this.#own(), asked.node, seqNo)));
  }

  /** To the source that the message names, else to where the datagram came from. */
  #reply(to: Ping | IndirectPing, from: Endpoint, message: Message): void {
    const named = to.sourceAddr;
    const usable =
      named !== null && (named.length === 4 || named.length === 16) && to.sourcePort > 0;
    this.#sendWithGossip(
      usable ? { addr: named, port: to.sourcePort } : from,
      encodeMessage(message),
    );
  }

  // ---- gossip

  #gossip(): void {
    const { timing, clock } = this.#o;
    if (this.#queue.size === 0) return;
    const room = timing.packetSize - 2 - packetOverhead(this.#wire);
    const listeners = this.#pick(
      timing.gossipNodes,
      (m) =>
        m.state === "alive" ||
        m.state === "suspect" ||
        (m.state === "dead" && clock.now() - m.changedMs <= timing.gossipToTheDeadMs),
    );
    for (const to of listeners) {
      const parts = this.#draw(room);
      const [only] = parts;
      if (only === undefined) return;
      const packets = parts.length === 1 ? [only] : encodeCompounds(parts);
      for (const packet of packets) this.#sendTo(to, packet);
    }
  }

  #draw(room: number): Uint8Array[] {
    return this.#queue.draw(
      room,
      2,
      retransmitLimit(this.#o.timing.retransmitMult, this.#table.size),
    );
  }

  #sendWithGossip(to: Endpoint, message: Uint8Array): void {
    const room = piggybackRoom(
      this.#o.timing.packetSize,
      message.length,
      packetOverhead(this.#wire),
    );
    const gossip = this.#draw(room);
    const packets = gossip.length === 0 ? [message] : encodeCompounds([message, ...gossip]);
    for (const packet of packets) this.#o.transport.send(sealPacket(packet, this.#wire), to);
  }

  #sendTo(to: Member, message: Uint8Array): void {
    const crc = (to.vsn[1] ?? 0) >= CRC_SINCE;
    this.#o.transport.send(sealPacket(message, this.#wire, { crc }), to);
  }

  /** Up to `count` others at random. */
  #pick(count: number, fits: (m: Member) => boolean): Member[] {
    const found = this.#table.records().filter((m) => m.name !== this.#o.name && fits(m));
    shuffle(found, this.#o.random);
    return found.slice(0, count);
  }

  #own(): Member {
    const own = this.#table.get(this.#o.name);
    if (own === undefined) throw new Error("not started");
    return own;
  }

  // ---- push/pull

  async #antiEntropy(): Promise<void> {
    const [peer] = this.#pick(1, (m) => m.state === "alive");
    if (peer !== undefined) await this.#exchange(peer, false);
  }

  /** True when the peer answered and its state was merged. */
  async #exchange(to: Endpoint, join: boolean): Promise<boolean> {
    const answer = await pushPull(this.#o.transport, to, {
      wire: this.#wire,
      timeoutMs: this.#o.timing.tcpTimeoutMs,
      request: {
        kind: "pushPull",
        join,
        records: this.#table.toRecords(),
        userState: new Uint8Array(),
      },
    });
    return answer !== null && !this.#closed && this.#merge(answer.records);
  }

  /** Pings what ought to be a member and isn't, at once; exchanges state with what answers. */
  reconnect(): void {
    if (this.#closed || this.#table.leaving) return;
    const { clock, timing, transport } = this.#o;
    // UDP may be what is blocked: now and then the exchange is tried unasked.
    const unasked = clock.now() - this.#lastTcpTryMs >= Math.max(5000, timing.reconnectIntervalMs);
    if (unasked) this.#lastTcpTryMs = clock.now();
    for (const to of this.#missing()) {
      const key = endpointText(to);
      if (this.#joining.has(key)) continue;
      if (unasked) {
        void this.#meet(to);
        continue;
      }
      this.#joining.add(key);
      const seqNo = this.#acks.next();
      const patienceMs = Math.max(
        timing.probeTimeoutMs,
        Math.min(PING_PATIENCE_MS, timing.reconnectIntervalMs),
      );
      this.#acks.wait(seqNo, patienceMs, (acked) => {
        this.#joining.delete(key);
        if (acked && !this.#closed) void this.#meet(to);
      });
      transport.send(sealPacket(encodeMessage(pingOf(this.#own(), "", seqNo)), this.#wire), to);
    }
  }

  /** Seeds and the dead, without those that are members again and without ourselves. */
  #missing(): readonly Endpoint[] {
    const members = this.members();
    const isSame = (a: Endpoint, b: Endpoint): boolean =>
      a.port === b.port && sameOctets(a.addr, b.addr);
    const buried = this.#table.records().filter((m) => m.state === "dead");
    const wanted = [...(this.#o.seeds?.() ?? []), ...buried]
      .filter((e) => !isSame(e, this.#o.transport.local) && !members.some((m) => isSame(m, e)))
      .map(({ addr, port }) => ({ addr, port }));
    return [...new Map(wanted.map((e) => [endpointText(e), e])).values()];
  }

  async #meet(to: Endpoint): Promise<void> {
    const key = endpointText(to);
    this.#joining.add(key);
    await this.#exchange(to, true);
    this.#joining.delete(key);
  }
}

function shuffle(list: unknown[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}
