/** The records of all nodes by name, and the dead among them by address. */
import type { Member } from "./member.ts";

export interface Place {
  readonly addr: Uint8Array;
  readonly port: number;
}
const placeText = ({ addr, port }: Place): string => `${addr.join()}:${port}`;

export class Roster {
  readonly #records = new Map<string, Member>();
  /** Names of the dead by their address: every packet asks. */
  readonly #deadAt = new Map<string, string>();

  get size(): number {
    return this.#records.size;
  }

  get(name: string): Member | undefined {
    return this.#records.get(name);
  }

  all(): readonly Member[] {
    return [...this.#records.values()];
  }

  put(member: Member): void {
    this.#unbury(member.name);
    if (member.state === "dead") this.#deadAt.set(placeText(member), member.name);
    this.#records.set(member.name, member);
  }

  /** The dead member that had this address; undefined when another one lives there, under a new name. */
  deadAt(place: Place): Member | undefined {
    if (this.#deadAt.size === 0) return undefined;
    const text = placeText(place);
    const name = this.#deadAt.get(text);
    if (name === undefined) return undefined;
    const livesOn = (m: Member): boolean =>
      (m.state === "alive" || m.state === "suspect") && placeText(m) === text;
    return this.all().some(livesOn) ? undefined : this.#records.get(name);
  }

  /** Drops who has been dead or left for longer than `olderMs`. */
  forget(olderMs: number, nowMs: number): void {
    for (const { name, state, changedMs } of this.#records.values()) {
      if ((state !== "dead" && state !== "left") || nowMs - changedMs <= olderMs) continue;
      this.#unbury(name);
      this.#records.delete(name);
    }
  }

  #unbury(name: string): void {
    const known = this.#records.get(name);
    if (known?.state !== "dead") return;
    const text = placeText(known);
    if (this.#deadAt.get(text) === name) this.#deadAt.delete(text);
  }
}
