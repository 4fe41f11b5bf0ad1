/**
 * What the reconciler needs from the world beside the store (`src/api/store.ts`), as plain objects of
 * functions: adapters fit by shape (`src/frr`, `src/l2`, `src/membership`), tests pass literals.
 */
import type { Applied, Desired } from "../api/frr-desired.ts";
import type { SentRoutes } from "../api/sent-routes.ts";
import type { Ip } from "../net/ip.ts";

/** Who is alive. `null`: membership is switched off, every node counts. */
export interface Membership {
  alive(): ReadonlySet<string> | null;
  onChange(listener: () => void): () => void;
  leave(): Promise<void>;
}

/** ARP and NDP of this node. */
export interface Announcer {
  /** The addresses this node answers for, and where; what is missing stops at once. */
  announce(addresses: ReadonlyMap<Ip, InterfaceChoice>): void;
  /** Names of the interfaces that can answer now. */
  interfaces(): readonly string[];
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
export type InterfaceChoice = "*" | readonly string[];

/** The FRR sidecar behind vtysh. */
export interface FrrEngine {
  /**
   * Brings the running configuration to `desired` by an exact delta in one batch, reads back, rolls back
   * on a refusal, and replaces frr.conf on disk.
   * @throws AppError `ERR_FRR_UNREACHABLE` (transient)
   */
  apply(desired: Desired, signal: AbortSignal): Promise<Applied>;
  /** What each session was really sent, as FRR says. @throws AppError `ERR_FRR_UNREACHABLE` */
  sent(): Promise<SentRoutes>;
  /** FRR restarted, was edited by hand, or came back: apply again. */
  onDrift(listener: () => void): () => void;
  close(): Promise<void>;
}
