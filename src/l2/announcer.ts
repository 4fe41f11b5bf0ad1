/**
 * ARP and NDP of this node: answers for the addresses it is told to, announces what it takes over, and
 * follows the interfaces as they come and go. Fits the `Announcer` port of the reconciler.
 */
import type { Ip } from "../net/ip.ts";
import { Announcements } from "./announcements.ts";
import type { AnnouncerOptions, L2Announcer, L2Facts } from "./announcer-ports.ts";
import type { Heard, Standing } from "./answer.ts";
import { Claims, neighbours } from "./claims.ts";
import { Groups, membershipsFor } from "./groups.ts";
import { isOn } from "./interfaces.ts";
import type { Interfaces, Port } from "./interfaces.ts";
import { Links } from "./links.ts";
import { Places } from "./places.ts";
import { Probing } from "./probing.ts";
import { Responder } from "./responder.ts";
import { requirePacketSockets } from "./socket.ts";
import { Wards } from "./wards.ts";
import type { Silence, Ward } from "./wards.ts";

const GROUPS_RETRY_MS = 500;

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
  readonly #links: Links;
  readonly #announcements: Announcements;
  readonly #claims: Claims;
  readonly #probing: Probing;
  readonly #wards: Wards;
  readonly #groups = new Groups();
  readonly #listeners = new Set<() => void>();
  readonly #places = new Places();
  #announced: ReadonlyMap<Ip, Interfaces> = new Map();
  #watched: ReadonlySet<Ip> = new Set();
  #attended = "";
  #cancelGroups: (() => void) | null = null;
  /** Set while the addresses are being handed over: called when the last one is. */
  #handedOver: (() => void) | null = null;

  constructor(options: AnnouncerOptions) {
    this.#options = { refreshMs: 60_000, probeEveryMs: 1000, mayAnswer: () => true, ...options };
    const { clock, refreshMs, probeEveryMs, mayAnswer, excludes, metrics } = this.#options;
    const probe = (ip: Ip): void => {
      for (const responder of this.#respondersFor(ip)) responder.probe(ip);
    };
    this.#announcements = new Announcements({
      clock,
      refreshMs,
      holds: (ip) =>
        this.#announced.has(ip) && this.#handedOver === null && !this.#claims.isYielded(ip),
      mayAnswer,
      respondersFor: (ip) => this.#respondersFor(ip),
      gratuitousSent: (ip, frames, atMs) => metrics.gratuitousSent(ip, frames, atMs),
    });
    this.#claims = new Claims({
      ...this.#options,
      announce: (ip) => this.#announcements.once(ip),
      probe,
      resume: (ip) => this.#announcements.begin([ip]),
    });
    this.#probing = new Probing({
      everyMs: probeEveryMs,
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      probe,
    });
    this.#wards = new Wards({
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      ask: (ip, ward) => this.#askWard(ip, ward),
      onChange: ({ ip, node }, silent) =>
        options.onEvent({ kind: silent ? "notHeard" : "heardAgain", ip, node }),
    });
    this.#links = new Links({
      clock,
      excludes,
      open: (port) => this.#open(port),
      changed: (fresh) => this.#onLinks(fresh),
      failed: (port, error) => options.onEvent({ kind: "interfaceFailed", port, error }),
    });
    this.#links.rescan();
  }

  announce(addresses: ReadonlyMap<Ip, Interfaces>): void {
    const before = this.#announced;
    this.#announced = new Map(addresses);
    this.#announcements.hold(
      this.#announced,
      [...before.keys()].filter((ip) => !this.#announced.has(ip)),
    );
    this.#probing.retain(this.#announced);
    this.#claims.retain(this.#announced);
    this.#attend();
    const changed = [...this.#announced].filter(
      ([ip, choice]) => JSON.stringify(before.get(ip)) !== JSON.stringify(choice),
    );
    this.#begin(changed.map(([ip]) => ip));
    this.#checkPlaces();
  }

  know({ watched, electionKeys, members, wards }: L2Facts): void {
    this.#watched = new Set(watched);
    this.#claims.know(electionKeys, members);
    this.#attend();
    this.#wards.know(this.#handedOver === null ? (wards ?? new Map<Ip, Ward>()) : new Map());
  }

  announceAgain(): void {
    this.#begin([...this.#announced.keys()]);
  }

  handOver(limitMs: number): Promise<void> {
    const { clock } = this.#options;
    this.announce(new Map([...this.#announced].filter(([ip]) => !this.#claims.isYielded(ip))));
    this.#announcements.stop(this.#announced.keys()); // a word of ours would win caches back
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
    this.#links.ports
      .filter((p) => p.running)
      .map((p) => p.name)
      .sort();

  ports = (): readonly Port[] => this.#links.ports;

  answering = (): ReadonlyMap<Ip, readonly string[]> => {
    const found = new Map<Ip, readonly string[]>();
    if (!this.#options.mayAnswer()) return found;
    for (const ip of this.#announced.keys()) {
      const on = this.#respondersFor(ip).filter((r) => r.port.running && r.speaksFor(ip));
      const names = on.map((r) => r.port.name).sort();
      if (names.length > 0 && !this.#claims.isYielded(ip)) found.set(ip, names);
    }
    return found;
  };

  notHeard = (): readonly Silence[] => this.#wards.list();

  yielded = (): ReadonlyMap<Ip, string> => this.#claims.yielded();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#announced = new Map();
    this.#announcements.close();
    this.#cancelGroups?.();
    this.#claims.close();
    this.#probing.close();
    this.#wards.close();
    this.#links.close();
    this.#groups.close();
    return Promise.resolve();
  }

  #begin(ips: readonly Ip[]): void {
    if (this.#handedOver === null) this.#announcements.begin(ips);
  }

  #respondersFor(ip: Ip): readonly Responder[] {
    const choice = this.#announced.get(ip);
    if (choice === undefined) return [];
    return this.#links.responders().filter((r) => isOn(choice, r.port));
  }

  // --- interfaces ---

  #open(port: Port): Responder {
    const responder = new Responder(port, {
      ownMacs: () => this.#links.ownMacs,
      standingOf: (ip, on) => this.#standingOf(ip, on),
      onHeard: (heard, on) => this.#onHeard(heard, on),
      onSent: (ip) => this.#options.metrics.responseSent(ip),
      onError: (on) => this.#links.lost(on),
    });
    try {
      responder.attend(this.#interesting());
    } catch (error) {
      responder.close();
      throw error;
    }
    this.#groups.forget(port.index);
    return responder;
  }

  #onLinks(fresh: readonly Port[]): void {
    this.#joinGroups();
    this.#begin(
      [...this.#announced].filter(([, on]) => fresh.some((p) => isOn(on, p))).map(([ip]) => ip),
    );
    this.#checkPlaces();
    for (const listener of this.#listeners) listener();
  }

  #checkPlaces(): void {
    for (const { ip, interfaces } of this.#places.check(this.#announced, this.#links.ports))
      this.#options.onEvent({ kind: "announceFailed", ip, interfaces });
  }

  /** Only where the owner's interface is a neighbour: of another segment nothing can be told. */
  #askWard(ip: Ip, { macs }: Ward): boolean {
    const near = new Set(neighbours().flatMap(({ mac, port }) => (macs.includes(mac) ? port : [])));
    const isNear = ({ port }: Responder): boolean => port.running && near.has(port.index);
    const on = this.#links.responders().filter(isNear);
    for (const responder of on) responder.probe(ip);
    return on.length > 0;
  }

  // --- what is listened for ---

  #interesting = (): readonly Ip[] => [...new Set([...this.#announced.keys(), ...this.#watched])];

  #attend(): void {
    const ips = this.#interesting();
    const key = [...ips].sort().join();
    if (key !== this.#attended) {
      this.#attended = key;
      for (const responder of this.#links.responders())
        try {
          responder.attend(ips);
        } catch (error) {
          this.#links.lose(responder, error);
        }
    }
    this.#joinGroups();
  }

  #joinGroups(): void {
    const wanted = membershipsFor(this.#links.ports, this.#announced.keys());
    let isComplete = false;
    try {
      isComplete = this.#groups.set(wanted).length === 0;
    } catch (error) {
      this.#options.onEvent({ kind: "interfaceFailed", port: "*", error });
    }
    if (isComplete) return;
    this.#cancelGroups ??= this.#options.clock.after(GROUPS_RETRY_MS, () => {
      this.#cancelGroups = null;
      this.#joinGroups();
    });
  }

  #standingOf(ip: Ip, port: Port): Standing {
    const choice = this.#announced.get(ip);
    if (choice === undefined || this.#claims.isYielded(ip) || !this.#options.mayAnswer())
      return "no";
    return isOn(choice, port) ? "here" : "elsewhere";
  }

  #onHeard(heard: Heard, port: Port): boolean {
    const { ip, claim, asker, answer } = heard;
    const choice = this.#announced.get(ip);
    if (claim !== null) this.#wards.heard(ip);
    if (claim !== null && choice !== undefined && isOn(choice, port))
      if (this.#links.ownMacs.has(claim)) {
        // another interface of this node on the same link
      } else if (this.#handedOver === null) this.#claims.heard(ip, claim, port);
      else {
        this.#giveUp(ip);
        return false;
      }
    if (asker !== null && (choice !== undefined || this.#watched.has(ip)))
      this.#announcements.asked(port, asker);
    if (typeof answer === "string" || this.#claims.isYielded(ip)) return false;
    this.#options.metrics.requestReceived(ip);
    // Everybody heard the question, so a second owner answers it too, but only to the asker.
    if (heard.broadcast && asker !== null && this.#handedOver === null) this.#probing.wanted(ip);
    return true;
  }
}
