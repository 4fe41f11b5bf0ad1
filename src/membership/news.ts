/** What a change of the table brings about: events here, messages to the others. */
import { othersOf } from "./core.ts";
import type { Core } from "./core.ts";
import { encodeMessage } from "./messages.ts";
import type { Effects, Member, TableEvent } from "./member.ts";
import type { Voice } from "./voice.ts";

export interface NewsPorts {
  joined(name: string): void;
  /** Our own word against a member was recorded. */
  accused(name: string): void;
  /** Lifeguard's health. */
  worsen(by: number): void;
  event(event: TableEvent): void;
}

export class News {
  readonly #core: Core;
  readonly #voice: Voice;
  readonly #ports: NewsPorts;

  constructor(core: Core, voice: Voice, ports: NewsPorts) {
    this.#core = core;
    this.#voice = voice;
    this.#ports = ports;
  }

  /** For gossip to carry; `done` when it has. */
  apply(effects: Effects, done?: () => void): void {
    for (const { key, message } of effects.broadcasts)
      this.#voice.spread({ key, message: encodeMessage(message), ...(done && { done }) });
    this.#ports.worsen(effects.health);
    for (const event of effects.events) {
      if (event.kind === "join") this.#ports.joined(event.node.name);
      this.#ports.event(event);
    }
  }

  /** What this node found out by itself: the same, and in a small cluster sent to everybody at once. */
  tell(effects: Effects): void {
    this.apply(effects);
    if (effects.broadcasts.length === 0) return; // most of what a push/pull brings is known
    const others = othersOf(this.#core);
    if (others.length > this.#core.timing.directNews) return;
    for (const { key, message } of effects.broadcasts) {
      // What is about ourselves also goes to those we hold for dead: they may be the ones that accuse us.
      const lost = key === this.#core.name ? this.#recentlyDead() : [];
      for (const other of [...others, ...lost]) this.#voice.send(other, encodeMessage(message));
    }
  }

  accuse(kind: "suspect" | "dead", { name: node, incarnation }: Member): void {
    const { table, clock, name: from } = this.#core;
    this.tell(table.receive({ kind, incarnation, node, from }, clock.now()));
    this.#ports.accused(node);
  }

  #recentlyDead(): readonly Member[] {
    const { table, clock, timing } = this.#core;
    const sinceMs = clock.now() - timing.gossipToTheDeadMs;
    return table.records().filter((m) => m.state === "dead" && m.changedMs >= sinceMs);
  }
}
