/** A live member: the table, and around it its parts, their timers and what they tell each other. */
import { every } from "./clock.ts";
import { membersOf, othersOf, pick } from "./core.ts";
import type { Core } from "./core.ts";
import { answerConversation, pushPull } from "./exchange.ts";
import { pushPullMs } from "./formulas.ts";
import { sameOctets } from "./layers.ts";
import { encodeMessage } from "./messages.ts";
import type { Message, PushPullRecord } from "./messages.ts";
import type { Member } from "./member.ts";
import { News } from "./news.ts";
import { coreOf } from "./options.ts";
import type { MemberlistOptions } from "./options.ts";
import { openPacket } from "./packet.ts";
import type { Verdict } from "./probe.ts";
import { Prober } from "./prober.ts";
import { relay } from "./relay.ts";
import { Reunion } from "./reunion.ts";
import { Suspicions } from "./suspicions.ts";
import type { Endpoint } from "./transport.ts";
import { versionsAgree } from "./versions.ts";
import { Voice } from "./voice.ts";

export class Memberlist {
  readonly #o: MemberlistOptions;
  readonly #core: Core;
  readonly #voice: Voice;
  readonly #news: News;
  readonly #prober: Prober;
  readonly #suspicions: Suspicions;
  readonly #reunion: Reunion;
  readonly #heardMs = new Map<string, number>();
  readonly #stops: (() => void)[] = [];
  #lastTickMs: number;
  #closed = false;

  constructor(options: MemberlistOptions) {
    this.#o = options;
    this.#core = coreOf(options);
    this.#lastTickMs = options.clock.now();
    const isClosed = (): boolean => this.#closed;
    this.#voice = new Voice(this.#core);
    this.#prober = new Prober(this.#core, this.#voice, {
      isClosed,
      judged: (member, verdict) => this.#judged(member, verdict),
      forget: (isKnown) => {
        for (const name of this.#heardMs.keys()) if (!isKnown(name)) this.#heardMs.delete(name);
        this.#reunion.forget(isKnown);
      },
    });
    this.#suspicions = new Suspicions(this.#core, {
      isFrozen: (name) => this.#prober.isFrozen(name),
      foundSilentSince: (name, ms) => this.#prober.foundSilentSince(name, ms),
      look: (member, done) => this.#prober.look(member, done),
      exchange: (member) => void this.#exchange(member, false),
      bury: (member) => this.#news.accuse("dead", member),
    });
    this.#news = new News(this.#core, this.#voice, {
      joined: (name) => this.#prober.insert(name),
      accused: (name) => this.#suspicions.watch(name),
      worsen: (by) => this.#prober.worsen(by),
      event: (event) => options.onEvent?.(event),
    });
    this.#reunion = new Reunion(this.#core, this.#voice, {
      isClosed,
      seeds: () => options.seeds?.() ?? [],
      exchange: (to) => this.#exchange(to, true),
    });
  }

  /** Announces oneself and starts to answer, probe and gossip. */
  start(): void {
    const { timing, transport, clock, random, table, name, wire } = this.#core;
    transport.receive({
      packet: (octets, from) => this.#packet(octets, from),
      conversation: (c) =>
        answerConversation(c, {
          wire,
          timeoutMs: timing.tcpTimeoutMs,
          name,
          records: () => table.toRecords(),
          merge: (records) => this.#merge(records),
          userMessage: (payload) => this.#o.onUserMessage?.(payload),
          userState: (state) => this.#o.onUserState?.(state),
        }),
    });
    this.#news.apply(table.start(this.#o.meta ?? null, clock.now()));
    const repeat = (ms: number, run: () => void, nextMs = (): number => ms): void => {
      if (ms > 0) this.#stops.push(every(clock, nextMs, run));
    };
    repeat(timing.probeIntervalMs, () => this.#tick());
    repeat(timing.gossipIntervalMs, () => this.#voice.gossip());
    repeat(
      timing.pushPullIntervalMs,
      () => void this.#antiEntropy(),
      () => pushPullMs(timing.pushPullIntervalMs, table.size) * (0.9 + 0.2 * random()),
    );
    repeat(timing.reconnectIntervalMs, () => this.#reunion.look());
    if (timing.reconnectIntervalMs > 0) this.#reunion.look();
  }

  /** Alive and suspect members, oneself included, sorted by name. */
  members(): readonly Member[] {
    return membersOf(this.#core);
  }

  /** Every record, dead and left ones included. */
  records = (): readonly Member[] => this.#core.table.records();

  /** Its record, whatever its state; undefined when it is not known. */
  get = (name: string): Member | undefined => this.#core.table.get(name);

  /**
   * Our own probes get nothing from it, not even its host's word, for a quarter of the time after which others may
   * give it up, or us: long before its burial here when nobody is left to confirm the suspicion.
   */
  isOutOfReach(name: string): boolean {
    const suspicion = this.get(name)?.suspicion ?? null;
    if (suspicion === null || !this.#prober.isMute(name)) return false;
    const { startedMs, minMs } = suspicion;
    if (this.#core.clock.now() - startedMs < minMs / 4) return false;
    return this.#prober.foundSilentSince(name, startedMs - this.#core.timing.probeIntervalMs);
  }

  get health(): number {
    return this.#prober.health;
  }

  /** Milliseconds since this process last kept its own rhythm: large after a SIGSTOP, before anything else ran. */
  sinceTickMs(): number {
    if (this.#core.timing.probeIntervalMs === 0) return 0; // without probes there is no rhythm
    return this.#core.clock.now() - this.#lastTickMs;
  }

  /** When a member last answered or asked, by the clock; null: it never did. */
  lastHeardMs(name: string): number | null {
    return this.#heardMs.get(name) ?? null;
  }

  setMeta(meta: Uint8Array | null): void {
    const own = this.#core.table.get(this.#o.name);
    if (own !== undefined && !sameOctets(own.meta ?? new Uint8Array(), meta ?? new Uint8Array()))
      this.#news.tell(this.#core.table.setMeta(meta));
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

  /** Looks at once for what ought to be a member and isn't. */
  reconnect(): void {
    this.#reunion.look();
  }

  /** An unreliable message of the application to one member. */
  send(name: string, payload: Uint8Array): void {
    const to = this.#core.table.get(name);
    if (to !== undefined) this.#voice.send(to, encodeMessage({ kind: "user", payload }));
  }

  /** Says good-bye to everybody at once, and waits until gossip has carried it too, or for `timeoutMs`. */
  async leave(timeoutMs: number): Promise<void> {
    const { table, clock } = this.#core;
    if (table.leaving || this.#closed) return;
    const others = othersOf(this.#core);
    const effects = table.leave(clock.now());
    const spread = new Promise<void>((resolve) => this.#news.apply(effects, resolve));
    if (others.length === 0) return;
    for (const { message } of effects.broadcasts)
      for (const other of others) this.#voice.send(other, encodeMessage(message));
    const limit = new Promise<void>((resolve) => clock.after(timeoutMs, resolve));
    await Promise.race([spread, limit]);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#suspicions.close();
    this.#core.acks.clear();
    await this.#core.transport.close();
  }

  // ---- what comes in

  #packet(octets: Uint8Array, from: Endpoint): void {
    if (this.#closed) return;
    this.#core.clock.heard();
    const { messages } = openPacket(octets, this.#core.wire);
    if (messages.length > 0) this.#reunion.heardFrom(from);
    for (const message of messages) this.#message(message, from);
  }

  #message(message: Message, from: Endpoint): void {
    const { table, acks, clock, name } = this.#core;
    switch (message.kind) {
      case "ping":
        this.#noteLife(message.sourceNode);
        if (message.node === "" || message.node === name)
          this.#voice.reply(message, from, { kind: "ack", seqNo: message.seqNo, payload: null });
        return;
      case "indirectPing":
        relay(this.#core, this.#voice, message, from);
        return;
      case "ack":
        acks.ack(message.seqNo);
        return;
      case "nack":
        acks.nack(message.seqNo);
        return;
      case "alive":
      case "suspect":
      case "dead": {
        // News by gossip goes on by gossip; what is about ourselves is answered at once.
        const effects = table.receive(message, clock.now());
        if (message.node === name) this.#news.tell(effects);
        else this.#news.apply(effects);
        this.#suspicions.watch(message.node);
        return;
      }
      case "user":
        this.#o.onUserMessage?.(message.payload);
        return;
      case "err":
        return; // belongs on a stream
      default:
        message satisfies never;
    }
  }

  /** Only members count: a name is anybody's word. */
  #noteLife(name: string): void {
    if (this.get(name) !== undefined) this.#heardMs.set(name, this.#core.clock.now());
  }

  // ---- probing

  #tick(): void {
    const { clock, timing } = this.#core;
    const lateMs = this.sinceTickMs() - timing.probeIntervalMs;
    this.#lastTickMs = clock.now();
    if (lateMs > 2 * timing.probeIntervalMs + timing.probeTimeoutMs)
      this.#o.onEvent?.({ kind: "stall", lateMs });
    this.#prober.tick();
  }

  #judged(member: Member, verdict: Verdict): void {
    if (verdict.kind === "alive") {
      this.#noteLife(member.name);
      if (verdict.by === "tcp") this.#o.onEvent?.({ kind: "udpBroken", node: member });
      return;
    }
    this.#news.accuse("suspect", member);
    const suspected = this.get(member.name);
    if (member.state === "alive" && suspected?.state === "suspect")
      this.#o.onEvent?.({ kind: "suspect", node: suspected });
    const isRefused = verdict.host === "refuses" && this.#core.timing.refusedMeansDead;
    if (isRefused && suspected?.state === "suspect") this.#news.accuse("dead", suspected);
  }

  // ---- push/pull

  async #antiEntropy(): Promise<void> {
    const [peer] = pick(this.#core, 1, (m) => m.state === "alive");
    if (peer !== undefined) await this.#exchange(peer, false);
  }

  /** True when the peer answered and its state was merged. */
  async #exchange(to: Endpoint, join: boolean): Promise<boolean> {
    const { transport, wire, timing, table } = this.#core;
    const answer = await pushPull(transport, to, {
      wire,
      timeoutMs: timing.tcpTimeoutMs,
      request: { kind: "pushPull", join, records: table.toRecords(), userState: new Uint8Array() },
    });
    return answer !== null && !this.#closed && this.#merge(answer.records);
  }

  #merge(records: readonly PushPullRecord[]): boolean {
    if (!versionsAgree(this.records(), records)) return false;
    for (const record of records) {
      this.#news.tell(this.#core.table.merge(record, this.#core.clock.now()));
      this.#suspicions.watch(record.name);
    }
    return true;
  }
}
