import type { Neighbour } from "./answer.ts";

interface Asker extends Neighbour {
  readonly port: number;
  readonly at: number;
}

/**
 * Neighbours that asked for any of the cluster's addresses lately, per interface index. They hold, or
 * are about to hold, a cache entry that a takeover makes wrong. Bounded: the longest silent one goes.
 */
export class Askers {
  readonly #limit: number;
  readonly #byKey = new Map<string, Asker>(); // insertion order: longest silent first

  constructor(limit = 512) {
    this.#limit = limit;
  }

  remember(port: number, { mac, ip }: Neighbour, at: number): void {
    const key = `${port} ${mac} ${ip}`;
    if (!this.#byKey.delete(key) && this.#byKey.size >= this.#limit) {
      const oldest = this.#byKey.keys().next();
      if (oldest.done !== true) this.#byKey.delete(oldest.value);
    }
    this.#byKey.set(key, { port, mac, ip, at });
  }

  /** Who asked on this interface at `since` or later, last one first. */
  recent(port: number, since: number): readonly Neighbour[] {
    return [...this.#byKey.values()].filter((a) => a.port === port && a.at >= since).reverse();
  }
}
