/**
 * Fencing by numbers: a node that sees half or fewer of the known members alive is in the smaller part of
 * a split network, or can't tell, and should stop acting. A member is known from when it is first seen;
 * it is forgotten by its own good-bye or when `exists` says so, never by its death.
 */
export interface QuorumState {
  /** Names, sorted. Worth keeping over restarts. */
  readonly known: readonly string[];
}

export interface QuorumView {
  readonly state: QuorumState;
  readonly alive: number;
  readonly holds: boolean;
}

/** `members` carry their state; `exists`: whether the node is still part of the cluster (null: can't tell). */
export function quorumOf(
  before: QuorumState,
  members: readonly {
    readonly name: string;
    readonly state: "alive" | "suspect" | "dead" | "left";
  }[],
  exists: ((name: string) => boolean) | null,
): QuorumView {
  const left = new Set(members.filter((m) => m.state === "left").map((m) => m.name));
  const alive = members.filter((m) => m.state === "alive" || m.state === "suspect");
  const known = [...new Set([...before.known, ...members.map((m) => m.name)])]
    .filter((name) => !left.has(name) && (exists === null || exists(name)))
    .sort();
  const count = alive.filter((m) => known.includes(m.name)).length;
  return { state: { known }, alive: count, holds: count * 2 > known.length };
}
