/** Other stations that say they have an address of ours: who they are, and what comes of it. */
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import type { AnnouncerOptions } from "./announcer-ports.ts";
import { Duels, verdictFor } from "./duel.ts";
import type { Port } from "./interfaces.ts";
import { memberOf } from "./members.ts";
import type { Member, NeighbourEntry } from "./members.ts";
import { readNeighbours } from "./socket.ts";

/** Who is nobody's is looked up again after this time. */
const UNKNOWN_AGAIN_MS = 1000;
const UNKNOWN_AT_MOST = 1024;

export interface ClaimPorts extends Pick<
  AnnouncerOptions,
  "node" | "clock" | "metrics" | "onEvent"
> {
  /** One unsolicited round for the address. */
  announce(ip: Ip): void;
  /** Asks on the wire who has it. */
  probe(ip: Ip): void;
  /** The winner of a duel fell silent: ours again. */
  resume(ip: Ip): void;
}

export class Claims {
  readonly #o: ClaimPorts;
  readonly #duels: Duels;
  readonly #unknown = new Map<Mac, number>();
  #keys: ReadonlyMap<Ip, Ip> = new Map();
  #members: readonly Member[] = [];

  constructor(options: ClaimPorts) {
    this.#o = options;
    const { clock } = options;
    this.#duels = new Duels({
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      announce: (ip) => options.announce(ip),
      probe: (ip) => options.probe(ip),
      resume: (ip) => options.resume(ip),
    });
  }

  /** `keys`: by which address the election of an address is held, where it is another one. */
  know(keys: ReadonlyMap<Ip, Ip>, members: readonly Member[]): void {
    this.#keys = keys;
    this.#members = members;
    this.#unknown.clear();
  }

  /** Left to another node by a duel. */
  isYielded(ip: Ip): boolean {
    return this.#duels.has(ip);
  }

  yielded(): ReadonlyMap<Ip, string> {
    return this.#duels.yielded();
  }

  heard(ip: Ip, mac: Mac, port: Port): void {
    const { node, onEvent, metrics } = this.#o;
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

  retain(announced: { has(ip: Ip): boolean }): void {
    this.#duels.retain(announced);
  }

  close(): void {
    this.#duels.close();
  }

  #nodeWith(mac: Mac): string | null {
    const now = this.#o.clock.now();
    if (now - (this.#unknown.get(mac) ?? -Infinity) < UNKNOWN_AGAIN_MS) return null;
    const found = memberOf(mac, this.#members, neighbours);
    if (found === null) {
      if (this.#unknown.size >= UNKNOWN_AT_MOST) this.#unknown.clear();
      this.#unknown.set(mac, now);
    }
    return found;
  }
}

/** The kernel's neighbours; none when it does not say: then the members' own word must do. */
export function neighbours(): readonly NeighbourEntry[] {
  try {
    return readNeighbours();
  } catch {
    return [];
  }
}
