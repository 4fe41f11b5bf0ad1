/**
 * ARP and NDP of this node: answers for the addresses it is told to, announces what it takes over, and
 * follows the interfaces as they come and go. Fits the `Announcer` port of the reconciler.
 */
import { readFileSync } from "node:fs";
import type { Ip } from "../net/ip.ts";
import { familyOf } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Heard, Standing } from "./answer.ts";
import { Askers } from "./askers.ts";
import { Duels, verdictFor } from "./duel.ts";
import type { Verdict } from "./duel.ts";
import { Groups } from "./groups.ts";
import { portsOf } from "./interfaces.ts";
import type { Interfaces, Port } from "./interfaces.ts";
import { memberOf, parseNeighbourTable } from "./members.ts";
import type { Member, NeighbourEntry } from "./members.ts";
import { solicitedNodeGroup } from "./ndp.ts";
import { Probing } from "./probing.ts";
import { Responder } from "./responder.ts";
import { ROUND_EVERY_MS, Rounds } from "./rounds.ts";
import { Wards } from "./wards.ts";
import type { Silence, Ward } from "./wards.ts";
import { readLinks, requirePacketSockets, watchLinks } from "./socket.ts";

export type L2Event =
  /** None of the listed interfaces can answer: MetalLB's event of the same name. */
  | { readonly kind: "announceFailed"; readonly ip: Ip; readonly interfaces: readonly string[] }
  /** Another node answers for the address too; who keeps it follows from the election's order. */
  | ({ readonly kind: "duel"; readonly ip: Ip; readonly mac: Mac; readonly port: string } & {
      readonly outcome: "yield" | "defend";
      readonly node: string;
    })
  /** A station that is no node of the cluster has the address. */
  | { readonly kind: "foreignHost"; readonly ip: Ip; readonly mac: Mac; readonly port: string }
  /** Another node owns the address, is a neighbour here, and is not heard to answer for it; or is heard again. */
  | { readonly kind: "notHeard" | "heardAgain"; readonly ip: Ip; readonly node: string }
  | { readonly kind: "interfaceFailed"; readonly port: string; readonly error: unknown };

/** Counters, by address. */
export interface L2Metrics {
  requestReceived(ip: Ip): void;
  responseSent(ip: Ip): void;
  /** Unsolicited frames that went out; the first of them right after `atMs` of the clock. */
  gratuitousSent(ip: Ip, frames: number, atMs: number): void;
  duel(ip: Ip, outcome: Verdict["kind"]): void;
}

/** What helps to recognise others; the announcer works without. */
export interface L2Facts {
  /** Addresses that other nodes answer for: who asks for them is told after a takeover. */
  readonly watched: Iterable<Ip>;
  /** Where an address is elected by another one (the first of its Service). */
  readonly electionKeys: ReadonlyMap<Ip, Ip>;
  /** Every known node, alive or not. */
  readonly members: readonly Member[];
  /** Addresses of the node that this one looks after. */
  readonly wards?: ReadonlyMap<Ip, Ward>;
}

export interface AnnouncerOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Interfaces whose name one of these finds never answer (`parseExcludes`). */
  readonly excludes: readonly RegExp[];
  /** How often a held address is announced anew; 0: never. Default one minute. */
  readonly refreshMs?: number;
  /** At most this often an address that others ask for is checked for a second owner; 0: never. Default 1 s. */
  readonly probeEveryMs?: number;
  readonly metrics: L2Metrics;
  readonly onEvent: (event: L2Event) => void;
  /** Asked before every answer: false when this process was frozen and others may have taken over. */
  readonly mayAnswer?: () => boolean;
}

export interface L2Announcer {
  announce(addresses: ReadonlyMap<Ip, Interfaces>): void;
  know(facts: L2Facts): void;
  /** Announces everything held once more: stations that were apart may have learned another owner. */
  announceAgain(): void;
  /**
   * For the end: goes on answering for each address until another station announces it, so that there is no
   * gap, and for `limitMs` at most. Resolves when nothing is answered any more.
   */
  handOver(limitMs: number): Promise<void>;
  /** Names of the interfaces that can answer now, sorted; those without carrier cannot. */
  interfaces(): readonly string[];
  /** The same with their MACs: what the other nodes should be told. */
  ports(): readonly Port[];
  /** The addresses that are answered for now, and the interfaces where, sorted. */
  answering(): ReadonlyMap<Ip, readonly string[]>;
  /** Addresses that were left to another node by a duel, though the election gives them to this one. */
  yielded(): ReadonlyMap<Ip, string>;
  /** Addresses of other nodes that are not heard here. */
  notHeard(): readonly Silence[];
  /** The interfaces changed. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

const RETRY_MS = 500;
const CALM_MS = 25;
const REPAIR_MEMORY_MS = 10 * 60_000;
const REPAIR_AT_MOST = 128;
const UNKNOWN_AGAIN_MS = 1000;

const isOn = (interfaces: Interfaces, port: Port): boolean =>
  interfaces === "*" || interfaces.includes(port.name);

const identity = ({ running: _, ...rest }: Port): string => JSON.stringify(rest);

/**
 * Starts following the interfaces of this network namespace.
 * @throws AppError `ERR_NO_CAPABILITY`, `ERR_ADDON_MISSING`, `ERR_PACKET_SOCKET`
 */
export function startAnnouncer(options: AnnouncerOptions): L2Announcer {
  requirePacketSockets();
  return new Announcing(options);
}

class Announcing implements L2Announcer {
  readonly #options: Required<AnnouncerOptions>;
  readonly #responders = new Map<number, Responder>();
  readonly #listeners = new Set<() => void>();
  readonly #rounds: Rounds;
  readonly #askers = new Askers();
  readonly #groups = new Groups();
  readonly #duels: Duels;
  readonly #failed = new Set<Ip>();
  readonly #probing: Probing;
  readonly #wards: Wards;
  readonly #unknown = new Map<Mac, number>();
  readonly #stopWatching: () => void;
  #announced: ReadonlyMap<Ip, Interfaces> = new Map();
  #watched: ReadonlySet<Ip> = new Set();
  #keys: ReadonlyMap<Ip, Ip> = new Map();
  #members: readonly Member[] = [];
  #attended = "";
  #ports: readonly Port[] = [];
  #ownMacs: ReadonlySet<Mac> = new Set();
  #cancelRetry: (() => void) | null = null;
  #cancelTick: (() => void) | null = null;
  #cancelCalm: (() => void) | null = null;
  #again = false;
  #repairs: Ip[] = [];
  #closed = false;
  /** Set while the addresses are being handed over: called when the last one is. */
  #handedOver: (() => void) | null = null;

  constructor(options: AnnouncerOptions) {
    this.#options = { refreshMs: 60_000, probeEveryMs: 1000, mayAnswer: () => true, ...options };
    const { clock } = options;
    this.#rounds = new Rounds(this.#options.refreshMs);
    this.#duels = new Duels({
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      announce: (ip) => this.#announceOnce(ip),
      probe: (ip) => this.#probe(ip),
      resume: (ip) => this.#begin([ip]),
    });
    this.#probing = new Probing({
      everyMs: this.#options.probeEveryMs,
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      probe: (ip) => this.#probe(ip),
    });
    this.#wards = new Wards({
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      ask: (ip, ward) => this.#askWard(ip, ward),
      onChange: ({ ip, node }, silent) =>
        options.onEvent({ kind: silent ? "notHeard" : "heardAgain", ip, node }),
    });
    this.#stopWatching = watchLinks(() => this.#rescanSoon());
    this.#rescan();
  }

  announce(addresses: ReadonlyMap<Ip, Interfaces>): void {
    const before = this.#announced;
    this.#announced = new Map(addresses);
    for (const ip of before.keys()) if (!this.#announced.has(ip)) this.#rounds.stop(ip);
    this.#probing.retain(this.#announced);
    this.#duels.retain(this.#announced);
    this.#attend();
    const changed = [...this.#announced].filter(
      ([ip, choice]) => JSON.stringify(before.get(ip)) !== JSON.stringify(choice),
    );
    this.#begin(changed.map(([ip]) => ip));
    this.#checkPlaces();
  }

  know({ watched, electionKeys, members, wards }: L2Facts): void {
    this.#watched = new Set(watched);
    this.#keys = electionKeys;
    this.#members = members;
    this.#unknown.clear();
    this.#attend();
    this.#wards.know(this.#handedOver === null ? (wards ?? new Map<Ip, Ward>()) : new Map());
  }

  announceAgain(): void {
    this.#begin([...this.#announced.keys()]);
  }

  handOver(limitMs: number): Promise<void> {
    const { clock } = this.#options;
    this.announce(new Map([...this.#announced].filter(([ip]) => !this.#duels.has(ip))));
    for (const ip of this.#announced.keys()) this.#rounds.stop(ip); // a word of ours would win caches back
    this.#repairs = [];
    return new Promise((resolve) => {
      const cancel = clock.after(limitMs, () => this.#handedOver?.());
      this.#handedOver = () => {
        cancel();
        this.#handedOver = null;
        this.announce(new Map());
        resolve();
      };
      if (this.#announced.size === 0) this.#handedOver();
    });
  }

  /** Another station has it now, and said so to everybody. */
  #giveUp(ip: Ip): void {
    const left = new Map(this.#announced);
    left.delete(ip);
    this.#announced = left;
    if (left.size === 0) this.#handedOver?.();
  }

  interfaces = (): readonly string[] =>
    this.#ports
      .filter((p) => p.running)
      .map((p) => p.name)
      .sort();

  ports = (): readonly Port[] => this.#ports;

  answering = (): ReadonlyMap<Ip, readonly string[]> => {
    const found = new Map<Ip, readonly string[]>();
    if (!this.#options.mayAnswer()) return found;
    for (const ip of this.#announced.keys()) {
      const on = this.#respondersFor(ip).filter((r) => r.port.running && r.speaksFor(ip));
      const names = on.map((r) => r.port.name).sort();
      if (names.length > 0 && !this.#duels.has(ip)) found.set(ip, names);
    }
    return found;
  };

  notHeard = (): readonly Silence[] => this.#wards.list();

  yielded = (): ReadonlyMap<Ip, string> => this.#duels.yielded();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#announced = new Map();
    this.#stopWatching();
    this.#cancelRetry?.();
    this.#cancelTick?.();
    this.#cancelCalm?.();
    this.#duels.close();
    this.#probing.close();
    this.#wards.close();
    for (const responder of this.#responders.values()) responder.close();
    this.#responders.clear();
    this.#groups.close();
    return Promise.resolve();
  }

  // --- interfaces ---

  /** At once, then at most every `CALM_MS`: a node whose pods come and go has many changes. */
  #rescanSoon(): void {
    if (this.#cancelCalm !== null) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#cancelCalm = this.#options.clock.after(CALM_MS, () => {
      this.#cancelCalm = null;
      if (this.#again) this.#rescanSoon();
    });
    this.#rescan();
  }

  #rescan(): void {
    if (this.#closed) return;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    const before = this.#ports;
    try {
      const links = readLinks();
      this.#ports = portsOf(links, this.#options.excludes);
      this.#ownMacs = new Set(links.flatMap(({ mac }) => mac ?? []));
    } catch (error) {
      this.#fail("*", error);
      return;
    }
    const fresh = this.#reopen();
    const known = new Map(before.map((p) => [p.index, JSON.stringify(p)]));
    if (before.length === this.#ports.length && fresh.size === 0)
      if (this.#ports.every((p) => known.get(p.index) === JSON.stringify(p))) return;
    const wasRunning = new Set(before.filter((p) => p.running).map((p) => p.index));
    for (const { index, running } of this.#ports)
      if (running && !wasRunning.has(index)) fresh.add(index);
    this.#joinGroups();
    this.#begin(
      [...this.#announced]
        .filter(([, on]) => this.#ports.some((p) => fresh.has(p.index) && isOn(on, p)))
        .map(([ip]) => ip),
    );
    this.#checkPlaces();
    for (const listener of this.#listeners) listener();
  }

  /** Opens what appeared or changed, closes what is gone. Returns the indices of what is new. */
  #reopen(): Set<number> {
    const wanted = new Map(this.#ports.map((p) => [p.index, p]));
    for (const [index, responder] of [...this.#responders]) {
      const port = wanted.get(index);
      if (port !== undefined && identity(port) === identity(responder.port)) continue;
      responder.close();
      this.#responders.delete(index);
    }
    const fresh = new Set<number>();
    for (const port of this.#ports) {
      if (this.#responders.has(port.index)) continue;
      const responder = new Responder(port, {
        ownMacs: () => this.#ownMacs,
        standingOf: (ip, on) => this.#standingOf(ip, on),
        onHeard: (heard, on) => this.#onHeard(heard, on),
        onSent: (ip) => this.#options.metrics.responseSent(ip),
        onError: (on) => this.#onLost(on),
      });
      try {
        responder.attend(this.#interesting());
      } catch (error) {
        responder.close();
        this.#fail(port.name, error);
        continue;
      }
      this.#groups.forget(port.index);
      this.#responders.set(port.index, responder);
      fresh.add(port.index);
    }
    return fresh;
  }

  /** The kernel says that the socket's interface went down or away: look at once. */
  #onLost({ index }: Port): void {
    this.#responders.get(index)?.close();
    this.#responders.delete(index);
    this.#rescan();
  }

  #fail(port: string, error: unknown): void {
    this.#options.onEvent({ kind: "interfaceFailed", port, error });
    this.#cancelRetry ??= this.#options.clock.after(RETRY_MS, () => this.#rescan());
  }

  #checkPlaces(): void {
    for (const ip of this.#failed) if (!this.#announced.has(ip)) this.#failed.delete(ip);
    for (const [ip, choice] of this.#announced) {
      if (choice === "*" || this.#ports.some((p) => isOn(choice, p))) this.#failed.delete(ip);
      else if (!this.#failed.has(ip)) {
        this.#failed.add(ip);
        this.#options.onEvent({ kind: "announceFailed", ip, interfaces: choice });
      }
    }
  }

  // --- what is listened for ---

  #interesting = (): readonly Ip[] => [...new Set([...this.#announced.keys(), ...this.#watched])];

  #attend(): void {
    const ips = this.#interesting();
    const key = [...ips].sort().join();
    if (key !== this.#attended) {
      this.#attended = key;
      for (const responder of this.#responders.values())
        try {
          responder.attend(ips);
        } catch (error) {
          responder.close();
          this.#responders.delete(responder.port.index);
          this.#fail(responder.port.name, error);
        }
    }
    this.#joinGroups();
  }

  #joinGroups(): void {
    const targets = [...this.#announced.keys()].filter((ip) => familyOf(ip) === 6);
    const groups = [...new Set(targets.map(solicitedNodeGroup))];
    const wanted = this.#ports
      .filter((p) => p.linkLocal !== null)
      .flatMap(({ index: ifindex }) => groups.map((group) => ({ ifindex, group })));
    try {
      const left = this.#groups.set(wanted);
      if (left.length > 0) this.#cancelRetry ??= this.#retryGroups();
    } catch (error) {
      this.#fail("*", error);
    }
  }

  #retryGroups = (): (() => void) =>
    this.#options.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#joinGroups();
    });

  #standingOf(ip: Ip, port: Port): Standing {
    const choice = this.#announced.get(ip);
    if (choice === undefined || this.#duels.has(ip) || !this.#options.mayAnswer()) return "no";
    return isOn(choice, port) ? "here" : "elsewhere";
  }

  #onHeard(heard: Heard, port: Port): boolean {
    const { ip, claim, asker, answer } = heard;
    const choice = this.#announced.get(ip);
    if (claim !== null) this.#wards.heard(ip);
    if (claim !== null && choice !== undefined && isOn(choice, port))
      if (this.#handedOver === null) this.#onClaim(ip, claim, port);
      else if (!this.#ownMacs.has(claim)) {
        this.#giveUp(ip);
        return false;
      }
    if (asker !== null && (choice !== undefined || this.#watched.has(ip)))
      this.#askers.remember(port.index, asker, this.#options.clock.now());
    if (typeof answer === "string" || this.#duels.has(ip)) return false;
    this.#options.metrics.requestReceived(ip);
    // Everybody heard the question, so a second owner answers it too, but only to the asker.
    if (heard.broadcast && asker !== null && this.#handedOver === null) this.#probing.wanted(ip);
    return true;
  }

  // --- unsolicited announcements ---

  #begin(ips: readonly Ip[]): void {
    if (this.#handedOver !== null) return;
    const now = this.#options.clock.now();
    for (const ip of ips) {
      if (this.#duels.has(ip)) continue;
      this.#rounds.start(ip, now);
      this.#announceOnce(ip);
      this.#repair(ip);
    }
    if (ips.length > 0)
      this.#options.clock.after(ROUND_EVERY_MS, () => {
        for (const ip of ips) this.#repair(ip); // again: Linux holds fresh entries for a second
      });
    if (this.#announced.size > 0) this.#cancelTick ??= this.#tickLater();
  }

  #tickLater = (): (() => void) =>
    this.#options.clock.after(ROUND_EVERY_MS, () => {
      this.#cancelTick = null;
      for (const ip of this.#rounds.due(this.#options.clock.now())) this.#announceOnce(ip);
      if (this.#announced.size > 0) this.#cancelTick = this.#tickLater();
    });

  #respondersFor(ip: Ip): readonly Responder[] {
    const choice = this.#announced.get(ip);
    if (choice === undefined) return [];
    return [...this.#responders.values()].filter((r) => isOn(choice, r.port));
  }

  #announceOnce(ip: Ip): void {
    if (!this.#options.mayAnswer()) return;
    if (this.#duels.has(ip)) return;
    let frames = 0;
    const atMs = this.#options.clock.now(); // before: whom a frame wakes may run before we do
    for (const responder of this.#respondersFor(ip)) frames += responder.announce(ip);
    if (frames > 0) this.#options.metrics.gratuitousSent(ip, frames, atMs);
  }

  /** Unicast to who asked lately, after the broadcasts of every address are out. */
  #repair(ip: Ip): void {
    if (!this.#announced.has(ip) || this.#handedOver !== null) return;
    this.#repairs.push(ip);
    if (this.#repairs.length === 1) this.#options.clock.after(0, () => this.#repairSome());
  }

  #repairSome(): void {
    if (this.#closed) return;
    const since = this.#options.clock.now() - REPAIR_MEMORY_MS;
    for (const ip of this.#repairs.splice(0, 50))
      if (!this.#duels.has(ip))
        for (const responder of this.#respondersFor(ip)) {
          const asked = this.#askers.recent(responder.port.index, since);
          responder.repair(ip, asked.slice(0, REPAIR_AT_MOST));
        }
    if (this.#repairs.length > 0) this.#options.clock.after(0, () => this.#repairSome());
  }

  // --- duels ---

  #onClaim(ip: Ip, mac: Mac, port: Port): void {
    if (this.#ownMacs.has(mac)) return; // another interface of this node on the same link
    const { node, onEvent, metrics } = this.#options;
    const claimant = this.#nodeWith(mac);
    if (claimant === node) return;
    const verdict = verdictFor(node, claimant, this.#keys.get(ip) ?? ip);
    if (!this.#duels.claimed(ip, verdict, mac)) return;
    metrics.duel(ip, verdict.kind);
    if (verdict.kind === "foreign") onEvent({ kind: "foreignHost", ip, mac, port: port.name });
    else {
      const opponent = verdict.kind === "yield" ? verdict.to : verdict.against;
      onEvent({ kind: "duel", ip, mac, port: port.name, outcome: verdict.kind, node: opponent });
    }
  }

  #nodeWith(mac: Mac): string | null {
    const now = this.#options.clock.now();
    if (now - (this.#unknown.get(mac) ?? -Infinity) < UNKNOWN_AGAIN_MS) return null;
    const found = memberOf(mac, this.#members, readNeighbours);
    if (found === null) {
      if (this.#unknown.size >= 1024) this.#unknown.clear();
      this.#unknown.set(mac, now);
    }
    return found;
  }

  /** Only where the owner's interface is a neighbour: of another segment nothing can be told. */
  #askWard(ip: Ip, { macs }: Ward): boolean {
    const near = new Set(
      readNeighbours().flatMap(({ mac, device }) => (macs.includes(mac) ? [device] : [])),
    );
    const on = [...this.#responders.values()].filter(
      ({ port }) => port.running && near.has(port.name),
    );
    for (const responder of on) responder.probe(ip);
    return on.length > 0;
  }

  #probe(ip: Ip): void {
    for (const responder of this.#respondersFor(ip)) responder.probe(ip);
  }
}

function readNeighbours(): readonly NeighbourEntry[] {
  try {
    return parseNeighbourTable(readFileSync("/proc/net/arp", "utf8"));
  } catch {
    return []; // no procfs: the members' own word must do
  }
}
