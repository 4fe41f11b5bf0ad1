/** What is known of a node, and what news of it brings about. */
import type { SuspicionTimes } from "./formulas.ts";
import type { Alive, Message } from "./messages.ts";

export type State = "alive" | "suspect" | "dead" | "left";
export const STATES: readonly State[] = ["alive", "suspect", "dead", "left"];

export interface Suspicion extends SuspicionTimes {
  readonly startedMs: number;
  /** The first accuser, who never counts again. */
  readonly by: string;
  readonly confirmedBy: ReadonlySet<string>;
}

export interface Member {
  readonly name: string;
  readonly addr: Uint8Array;
  readonly port: number;
  readonly meta: Uint8Array | null;
  readonly vsn: Uint8Array;
  readonly incarnation: number;
  readonly state: State;
  readonly changedMs: number;
  /** Runs while the state is suspect. */
  readonly suspicion: Suspicion | null;
}

export type TableEvent =
  | { readonly kind: "join" | "leave" | "update"; readonly node: Member }
  | { readonly kind: "conflict"; readonly known: Member; readonly claim: Alive };

/** What follows from a message. */
export interface Effects {
  readonly broadcasts: readonly { readonly key: string; readonly message: Message }[];
  readonly events: readonly TableEvent[];
  /** Added to the health score. */
  readonly health: number;
}
export const NOTHING: Effects = { broadcasts: [], events: [], health: 0 };

export const aliveOf = (r: Member): Alive => ({
  kind: "alive",
  incarnation: r.incarnation,
  node: r.name,
  addr: r.addr,
  port: r.port,
  meta: r.meta,
  vsn: r.vsn,
});
