/**
 * The records of all nodes and what each message does to them: sections "state transitions",
 * "refutation" and "merging" of the protocol. Synchronous, no clock, no sockets: time comes in as
 * milliseconds, what to send and to report goes out as effects.
 */
import { suspicionTimes } from "./formulas.ts";
import type { SuspicionSettings } from "./formulas.ts";
import { sameOctets } from "./layers.ts";
import { NOTHING, STATES, aliveOf } from "./member.ts";
import type { Effects, Member, TableEvent } from "./member.ts";
import type { Accusation, Alive, PushPullRecord } from "./messages.ts";
import { Roster } from "./roster.ts";
import type { Place } from "./roster.ts";

export interface TableSettings extends SuspicionSettings {
  readonly name: string;
  readonly addr: Uint8Array;
  readonly port: number;
  readonly vsn: Uint8Array;
  /** After this time a dead node's name may be taken from another address; 0: never. */
  readonly deadNodeReclaimMs: number;
}

const octets = (b: Uint8Array | null): Uint8Array => b ?? new Uint8Array();

export class Table {
  readonly #roster = new Roster();
  readonly #settings: TableSettings;
  #counter = 0;
  #leaving = false;

  constructor(settings: TableSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#roster.size;
  }
  get leaving(): boolean {
    return this.#leaving;
  }
  get(name: string): Member | undefined {
    return this.#roster.get(name);
  }
  records(): readonly Member[] {
    return this.#roster.all();
  }
  /** The dead member that had this address; undefined when another one lives there, under a new name. */
  deadAt(place: Place): Member | undefined {
    return this.#roster.deadAt(place);
  }
  /** Forgets records that have been dead or left for longer than `olderMs`. */
  forget(olderMs: number, nowMs: number): void {
    this.#roster.forget(olderMs, nowMs);
  }

  /** The own first announcement: incarnation 1. */
  start(meta: Uint8Array | null, nowMs: number): Effects {
    this.#counter = 1;
    const { name, addr, port, vsn } = this.#settings;
    const own: Member = {
      name,
      addr,
      port,
      meta,
      vsn,
      incarnation: 1,
      state: "alive",
      changedMs: nowMs,
      suspicion: null,
    };
    this.#roster.put(own);
    return {
      broadcasts: [{ key: name, message: aliveOf(own) }],
      events: [{ kind: "join", node: own }],
      health: 0,
    };
  }

  /** New metadata of our own: one incarnation up. */
  setMeta(meta: Uint8Array | null): Effects {
    const own = this.#own();
    const next = { ...own, meta, incarnation: ++this.#counter };
    this.#roster.put(next);
    return {
      broadcasts: [{ key: own.name, message: aliveOf(next) }],
      events: [{ kind: "update", node: next }],
      health: 0,
    };
  }

  /** Says good-bye; a second time does nothing. */
  leave(nowMs: number): Effects {
    if (this.#leaving) return NOTHING;
    this.#leaving = true;
    const own = this.#own();
    return this.dead(
      { kind: "dead", incarnation: own.incarnation, node: own.name, from: own.name },
      nowMs,
    );
  }

  receive(message: Alive | Accusation, nowMs: number): Effects {
    switch (message.kind) {
      case "alive":
        return this.alive(message, nowMs);
      case "suspect":
        return this.suspect(message, nowMs);
      case "dead":
        return this.dead(message, nowMs);
      default:
        return message satisfies never;
    }
  }

  alive(message: Alive, nowMs: number): Effects {
    const isSelf = message.node === this.#settings.name;
    if (isSelf && this.#leaving) return NOTHING;
    const vsn = octets(message.vsn);
    if (vsn.length >= 3 && (vsn[0] === 0 || vsn[1] === 0 || (vsn[0] ?? 0) > (vsn[1] ?? 0)))
      return NOTHING;
    const addr = octets(message.addr);
    const port = message.port === 0 ? this.#settings.port : message.port;
    const claim: Alive = port === message.port ? message : { ...message, port };
    let known = this.#roster.get(message.node);
    let takeover = false;
    if (known === undefined) {
      known = {
        name: message.node,
        addr,
        port,
        meta: message.meta,
        vsn: vsn.length >= 6 ? vsn.slice(0, 6) : new Uint8Array(6),
        incarnation: 0,
        state: "dead",
        changedMs: nowMs,
        suspicion: null,
      };
      this.#roster.put(known);
    } else if (!sameOctets(known.addr, addr) || known.port !== port) {
      const reclaimMs = this.#settings.deadNodeReclaimMs;
      takeover =
        known.state === "left" ||
        (known.state === "dead" && reclaimMs > 0 && nowMs - known.changedMs > reclaimMs);
      if (!takeover) return { ...NOTHING, events: [{ kind: "conflict", known, claim }] };
    }
    if (!isSelf && !takeover && message.incarnation <= known.incarnation) return NOTHING;
    if (isSelf && message.incarnation < known.incarnation) return NOTHING;
    if (isSelf) {
      const same =
        message.incarnation === known.incarnation &&
        sameOctets(octets(message.meta), octets(known.meta)) &&
        sameOctets(vsn, known.vsn);
      return same ? NOTHING : this.#refute(message.incarnation);
    }
    const next: Member = {
      name: known.name,
      addr,
      port,
      meta: message.meta,
      vsn: vsn.length >= 6 ? vsn.slice(0, 6) : known.vsn,
      incarnation: message.incarnation,
      state: "alive",
      changedMs: known.state === "alive" ? known.changedMs : nowMs,
      suspicion: null,
    };
    this.#roster.put(next);
    const events: TableEvent[] = [];
    if (known.state === "dead" || known.state === "left") events.push({ kind: "join", node: next });
    else if (!sameOctets(octets(known.meta), octets(next.meta)))
      events.push({ kind: "update", node: next });
    return { broadcasts: [{ key: next.name, message: claim }], events, health: 0 };
  }

  suspect(message: Accusation, nowMs: number): Effects {
    const known = this.#roster.get(message.node);
    if (known === undefined || message.incarnation < known.incarnation) return NOTHING;
    const broadcasts = [{ key: known.name, message: { ...message, kind: "suspect" } as const }];
    const { suspicion } = known;
    if (suspicion !== null) {
      if (
        suspicion.confirmedBy.size >= suspicion.k ||
        message.from === suspicion.by ||
        suspicion.confirmedBy.has(message.from)
      )
        return NOTHING;
      const confirmedBy = new Set(suspicion.confirmedBy).add(message.from);
      this.#roster.put({ ...known, suspicion: { ...suspicion, confirmedBy } });
      return { broadcasts, events: [], health: 0 };
    }
    if (known.state !== "alive") return NOTHING;
    if (known.name === this.#settings.name) return this.#refute(message.incarnation);
    this.#roster.put({
      ...known,
      incarnation: message.incarnation,
      state: "suspect",
      changedMs: nowMs,
      suspicion: {
        ...suspicionTimes(this.#roster.size, this.#settings),
        startedMs: nowMs,
        by: message.from,
        confirmedBy: new Set(),
      },
    });
    return { broadcasts, events: [], health: 0 };
  }

  dead(message: Accusation, nowMs: number): Effects {
    const known = this.#roster.get(message.node);
    if (known === undefined || message.incarnation < known.incarnation) return NOTHING;
    if (known.state === "dead" || known.state === "left") return NOTHING;
    const isSelf = known.name === this.#settings.name;
    if (isSelf && !this.#leaving) return this.#refute(message.incarnation);
    const next: Member = {
      ...known,
      incarnation: message.incarnation,
      state: message.from === message.node ? "left" : "dead",
      changedMs: nowMs,
      suspicion: null,
    };
    this.#roster.put(next);
    return {
      broadcasts: [{ key: next.name, message: { ...message, kind: "dead" } }],
      events: [{ kind: "leave", node: next }],
      health: 0,
    };
  }

  /** One record of a peer's push/pull. Hearsay never kills: dead becomes suspect. */
  merge(record: PushPullRecord, nowMs: number): Effects {
    const { name: node, incarnation } = record;
    const own = this.#settings.name;
    // A state nobody knows does nothing.
    switch (STATES[record.state] ?? "unknown") {
      case "alive": {
        const { addr, port, meta, vsn } = record;
        return this.alive({ kind: "alive", incarnation, node, addr, port, meta, vsn }, nowMs);
      }
      case "left":
        return this.dead({ kind: "dead", incarnation, node, from: node }, nowMs);
      case "dead":
      case "suspect":
        return this.suspect({ kind: "suspect", incarnation, node, from: own }, nowMs);
      case "unknown":
        return NOTHING;
    }
  }

  toRecords(): PushPullRecord[] {
    return this.records().map((r) => ({
      name: r.name,
      addr: r.addr,
      port: r.port,
      meta: r.meta,
      incarnation: r.incarnation,
      state: STATES.indexOf(r.state),
      vsn: r.vsn,
    }));
  }

  #own(): Member {
    const own = this.#roster.get(this.#settings.name);
    if (own === undefined) throw new Error("the table was not started");
    return own;
  }

  #refute(accusing: number): Effects {
    this.#counter = Math.max(this.#counter + 1, accusing + 1) >>> 0;
    const next = { ...this.#own(), incarnation: this.#counter };
    this.#roster.put(next);
    return { broadcasts: [{ key: next.name, message: aliveOf(next) }], events: [], health: 1 };
  }
}
