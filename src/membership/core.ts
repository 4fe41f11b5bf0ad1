/** What the parts of one live member share. */
import type { Acks } from "./acks.ts";
import type { Lateness } from "./lateness.ts";
import type { Member } from "./member.ts";
import type { WireSettings } from "./packet.ts";
import type { Timing } from "./profiles.ts";
import type { Table } from "./table.ts";
import type { Transport } from "./transport.ts";

export interface Core {
  readonly name: string;
  readonly timing: Timing;
  readonly transport: Transport;
  readonly clock: Lateness;
  readonly random: () => number;
  readonly wire: WireSettings;
  readonly table: Table;
  readonly acks: Acks;
}

export function ownOf({ table, name }: Core): Member {
  const own = table.get(name);
  if (own === undefined) throw new Error("not started");
  return own;
}

/** Alive and suspect members, oneself included, sorted by name. */
export const membersOf = ({ table }: Core): readonly Member[] =>
  table
    .records()
    .filter((m) => m.state === "alive" || m.state === "suspect")
    .sort((a, b) => (a.name < b.name ? -1 : 1));

export const othersOf = (core: Core): readonly Member[] =>
  membersOf(core).filter((m) => m.name !== core.name);

/** Up to `count` others at random. */
export function pick(core: Core, count: number, fits: (m: Member) => boolean): readonly Member[] {
  const found = core.table.records().filter((m) => m.name !== core.name && fits(m));
  shuffle(found, core.random);
  return found.slice(0, count);
}

/** In place. */
export function shuffle(list: unknown[], random: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}
