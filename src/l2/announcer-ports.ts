/** What an announcer is told, what it tells, and what it can be asked. */
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Verdict } from "./duel.ts";
import type { Interfaces, NameTest, Port } from "./interfaces.ts";
import type { Member } from "./members.ts";
import type { Silence, Ward } from "./wards.ts";

export type L2Event =
  /** None of the listed interfaces can answer: MetalLB's event of the same name. */
  | { readonly kind: "announceFailed"; readonly ip: Ip; readonly interfaces: readonly string[] }
  /** Another node answers for the address too; who keeps it follows from the election's order. */
  | ({ readonly kind: "duel"; readonly ip: Ip; readonly mac: Mac; readonly port: string } & {
      readonly outcome: "yield" | "defend";
      readonly node: string;
    })
  /** A station that is no node of the cluster has the address. */
  | { readonly kind: "foreignHost"; readonly ip: Ip; readonly mac: Mac; readonly port: string }
  /** Another node owns the address, is a neighbour here, and is not heard to answer for it; or is heard again. */
  | { readonly kind: "notHeard" | "heardAgain"; readonly ip: Ip; readonly node: string }
  | { readonly kind: "interfaceFailed"; readonly port: string; readonly error: unknown };

/** Counters, by address. */
export interface L2Metrics {
  requestReceived(ip: Ip): void;
  responseSent(ip: Ip): void;
  /** Unsolicited frames that went out; the first of them right after `atMs` of the clock. */
  gratuitousSent(ip: Ip, frames: number, atMs: number): void;
  duel(ip: Ip, outcome: Verdict["kind"]): void;
}

/** What helps to recognise others; the announcer works without. */
export interface L2Facts {
  /** Addresses that other nodes answer for: who asks for them is told after a takeover. */
  readonly watched: Iterable<Ip>;
  /** Where an address is elected by another one (the first of its Service). */
  readonly electionKeys: ReadonlyMap<Ip, Ip>;
  /** Every known node, alive or not. */
  readonly members: readonly Member[];
  /** Addresses of the node that this one looks after. */
  readonly wards?: ReadonlyMap<Ip, Ward>;
}

export interface AnnouncerOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Interfaces whose name one of these finds never answer (`parseExcludes`). */
  readonly excludes: readonly NameTest[];
  /** How often a held address is announced anew; 0: never. Default one minute. */
  readonly refreshMs?: number;
  /** At most this often an address that others ask for is checked for a second owner; 0: never. Default 1 s. */
  readonly probeEveryMs?: number;
  readonly metrics: L2Metrics;
  readonly onEvent: (event: L2Event) => void;
  /** Asked before every answer: false when this process was frozen and others may have taken over. */
  readonly mayAnswer?: () => boolean;
}

export interface L2Announcer {
  announce(addresses: ReadonlyMap<Ip, Interfaces>): void;
  know(facts: L2Facts): void;
  /** Announces everything held once more: stations that were apart may have learned another owner. */
  announceAgain(): void;
  /**
   * For the end: goes on answering for each address until another station announces it, so that there is no
   * gap, and for `limitMs` at most. Resolves when nothing is answered any more.
   */
  handOver(limitMs: number): Promise<void>;
  /** Names of the interfaces that can answer now, sorted; those without carrier cannot. */
  interfaces(): readonly string[];
  /** The same with their MACs: what the other nodes should be told. */
  ports(): readonly Port[];
  /** The addresses that are answered for now, and the interfaces where, sorted. */
  answering(): ReadonlyMap<Ip, readonly string[]>;
  /** Addresses that were left to another node by a duel, though the election gives them to this one. */
  yielded(): ReadonlyMap<Ip, string>;
  /** Addresses of other nodes that are not heard here. */
  notHeard(): readonly Silence[];
  /** The interfaces changed. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
