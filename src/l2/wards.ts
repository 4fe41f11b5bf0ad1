/**
 * Addresses that another node owns, asked for from here now and then: an owner cannot know that its word does not
 * reach the segment (a switch that filters ARP, a port in the wrong VLAN, a deaf interface). Each node looks after
 * the next one alive, so that there is one question per node and round, however many addresses there are.
 */
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";

/** Whom an address belongs to, and the MACs of the interfaces where that node answers for it. */
export interface Ward {
  readonly node: string;
  readonly macs: readonly Mac[];
}

export interface Silence {
  readonly ip: Ip;
  readonly node: string;
  /** The first question without an answer, by the clock. */
  readonly sinceMs: number;
}

export interface WardsOptions {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
  /** Asks on the wire, where the owner is a neighbour. False: it is none, so nothing can be told. */
  readonly ask: (ip: Ip, ward: Ward) => boolean;
  /** An address is silent, or heard again. */
  readonly onChange: (silence: Silence, silent: boolean) => void;
}

export const ROUND_MS = 2000;
/** Questions in a row without an answer; one or two may be lost. */
const MISSES = 3;

/** The node that `node` looks after: the next one alive by name; null: there is no other. */
export function wardOf(node: string, alive: Iterable<string>): string | null {
  const others = [...alive].filter((name) => name !== node).sort();
  return others.find((name) => name > node) ?? others[0] ?? null;
}

export class Wards {
  readonly #options: WardsOptions;
  readonly #silent = new Map<Ip, Silence>();
  #wards: ReadonlyMap<Ip, Ward> = new Map();
  /** Asked and not heard since. */
  #asked: { readonly ip: Ip; readonly sinceMs: number; misses: number } | null = null;
  #order: readonly Ip[] = [];
  #turn = 0;
  #cancel: (() => void) | null = null;

  constructor(options: WardsOptions) {
    this.#options = options;
  }

  know(wards: ReadonlyMap<Ip, Ward>): void {
    for (const [ip, silence] of this.#silent)
      if (wards.get(ip)?.node !== silence.node) this.#end(silence);
    if (this.#asked !== null) {
      const { ip } = this.#asked;
      if (wards.get(ip)?.node !== this.#wards.get(ip)?.node) this.#asked = null;
    }
    this.#wards = wards;
    this.#order = [...wards.keys()].sort();
    if (wards.size > 0) this.#cancel ??= this.#later();
    else this.close();
  }

  /** A station said that it has the address. */
  heard(ip: Ip): void {
    if (this.#asked?.ip === ip) this.#asked = null;
    const silence = this.#silent.get(ip);
    if (silence !== undefined) this.#end(silence);
  }

  /** Sorted. */
  list(): readonly Silence[] {
    return [...this.#silent.values()].sort((a, b) => (a.ip < b.ip ? -1 : 1));
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#asked = null;
  }

  #end(silence: Silence): void {
    this.#silent.delete(silence.ip);
    this.#options.onChange(silence, false);
  }

  #later = (): (() => void) =>
    this.#options.after(ROUND_MS, () => {
      this.#cancel = null;
      this.#round();
      if (this.#wards.size > 0) this.#cancel = this.#later();
    });

  #round(): void {
    const before = this.#asked;
    if (before !== null && ++before.misses >= MISSES) {
      this.#asked = null;
      this.#tell(before.ip, before.sinceMs);
    }
    // One that gave no answer is asked again; else the next in turn, the silent ones among them.
    const ip = this.#asked?.ip ?? this.#order[this.#turn++ % this.#order.length];
    const ward = ip === undefined ? undefined : this.#wards.get(ip);
    if (ip === undefined || ward === undefined) return;
    if (!this.#options.ask(ip, ward)) this.#asked = null;
    else this.#asked ??= { ip, sinceMs: this.#options.now(), misses: 0 };
  }

  #tell(ip: Ip, sinceMs: number): void {
    const node = this.#wards.get(ip)?.node;
    if (node === undefined || this.#silent.has(ip)) return;
    const silence = { ip, node, sinceMs };
    this.#silent.set(ip, silence);
    this.#options.onChange(silence, true);
  }
}
