/** Which stations answered for addresses of ours lately: what the announcer's events come to. */
import type { L2Event } from "../l2/announcer-ports.ts";
import type { AddressConflict } from "../reconciler/speaker-ports.ts";
import type { Clock } from "../runtime/clock.ts";

/** The announcer tells a conflict that lasts every ten seconds. */
const LASTS_MS = 25_000;
const MOST = 256;

export interface ConflictBook {
  note(event: L2Event): void;
  /** Sorted by address and MAC. */
  list(): readonly AddressConflict[];
}

export function conflictBook(clock: Clock): ConflictBook {
  const known = new Map<string, { atMs: number; readonly conflict: AddressConflict }>();
  return {
    note(event) {
      if (event.kind !== "foreignHost" && event.kind !== "duel") return;
      const key = `${event.ip} ${event.mac}`;
      const before = known.get(key);
      if (before === undefined && known.size >= MOST) return;
      const since = before?.conflict.since ?? clock.date().toISOString();
      const { ip, mac, port } = event;
      const node = event.kind === "duel" ? { node: event.node } : {};
      known.set(key, { atMs: clock.now(), conflict: { ip, mac, interface: port, ...node, since } });
    },
    list() {
      for (const [key, { atMs }] of known) if (clock.now() - atMs > LASTS_MS) known.delete(key);
      return [...known.keys()].sort().flatMap((key) => known.get(key)?.conflict ?? []);
    },
  };
}
