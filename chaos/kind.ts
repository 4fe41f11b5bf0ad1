/** What a kind of fault is: whom it hits, how long it lasts, what it excuses. */
import type { NodeName, RouterName } from "../src/lab/plan.ts";

/** What a fault excuses while it lasts, at its node or router. */
export type Effect =
  /** The speaker does not act: others answer in its place; changes do not reach its FRR. */
  | "speaker"
  /** Others may lose sight of the node: it does not count for the quorum. */
  | "gossip"
  /** Routes through the node may be missing. */
  | "bgp"
  /** Routes through the node must go. */
  | "cut"
  /** Changes may not reach the node's FRR. */
  | "writes"
  /** The node must announce nothing. */
  | "excluded"
  /** Nobody gives addresses. */
  | "controller"
  /** A router has no routes. */
  | "router"
  /** No speaker learns of changes: what is asked for now waits, whatever stands goes on. */
  | "unheard"
  /** Nothing is to be announced by BGP. */
  | "noBgp"
  /** ... or by ARP and NDP. */
  | "noL2";

/** `api`: the API server, and who may do what there. */
export type Target = NodeName | RouterName | "controller" | "manifests" | "machine" | "api";

export interface Kind {
  readonly on: "node" | "router" | "controller" | "manifests" | "machine" | "api";
  /** Where the lab follows that alone; absent: everywhere. */
  readonly only?: Source;
  readonly effects: readonly Effect[];
  /** Shortest and longest, in ms. */
  readonly lastsMs: readonly [number, number];
  /** How long the wire may be wrong after it began: who answers (ARP, NDP), and routes. In ms. */
  readonly begin: Bounds;
  /** ... and after it was healed. */
  readonly heal: Bounds;
  /** Why so long. */
  readonly why: string;
}
/** What the lab follows. */
export type Source = "directory" | "cluster";
export interface Bounds {
  readonly l2: number;
  readonly bgp: number;
}

export const at = (l2: number, bgp: number): Bounds => ({ l2, bgp });
export const NONE = at(0, 0);
