/** What gossip carries: each message a limited number of times, the news about a node replacing older news. */
export interface Broadcast {
  /** The node it is about. */
  readonly key: string;
  readonly message: Uint8Array;
  /** Called once, when it has been sent as often as it should or was replaced. */
  readonly done?: () => void;
}

interface Entry extends Broadcast {
  readonly id: number;
  sent: number;
}

export class BroadcastQueue {
  readonly #entries = new Map<string, Entry>();
  #nextId = 0;

  get size(): number {
    return this.#entries.size;
  }

  add(broadcast: Broadcast): void {
    this.#entries.get(broadcast.key)?.done?.();
    this.#entries.set(broadcast.key, { ...broadcast, id: this.#nextId++, sent: 0 });
  }

  /**
   * Fills `room` octets: fewest transmissions first, then the longest that fits, newest first among
   * equals. Each message costs its length and `overhead`; it leaves the queue at `limit` transmissions.
   */
  draw(room: number, overhead: number, limit: number): Uint8Array[] {
    if (this.#entries.size === 0) return [];
    const order = [...this.#entries.values()].sort(
      (a, b) => a.sent - b.sent || b.message.length - a.message.length || b.id - a.id,
    );
    const taken: Uint8Array[] = [];
    let left = room;
    for (const entry of order) {
      const cost = entry.message.length + overhead;
      if (cost > left) continue;
      left -= cost;
      taken.push(entry.message);
      entry.sent++;
      if (entry.sent < limit) continue;
      this.#entries.delete(entry.key);
      entry.done?.();
    }
    return taken;
  }

  clear(): void {
    this.#entries.clear();
  }
}
