/** Which addresses of a Service this node should answer for, and for which it really does. Pure. */
import type { AddressDecision, L2Cause, L2Decision } from "../l2/decision.ts";
import type { Ip } from "../net/ip.ts";

export type NotAnswered =
  | L2Cause
  /** A duel on the wire was lost: the address is left to another node. */
  | "yieldedInDuel";

/** What the announcer says; null: it cannot say, and what it was told counts. */
export interface Answering {
  readonly on: ReadonlyMap<Ip, readonly string[]>;
  readonly yielded: ReadonlyMap<Ip, string>;
}

export interface AddressTruth {
  readonly ip: Ip;
  readonly announced: boolean;
  /** Node elected, or that a duel left it to. */
  readonly owner: string | null;
  /** Null when it is announced. */
  readonly reason: NotAnswered | null;
}

export interface L2Truth {
  readonly announced: boolean;
  readonly addresses: readonly AddressTruth[];
  /** Of the first address announced here; empty for all. */
  readonly interfaces: readonly string[];
  /** Of the first address that is not announced here. */
  readonly reason: NotAnswered | null;
}

export function l2Truth(decision: L2Decision, answering: Answering | null): L2Truth {
  const addresses = decision.addresses.map((a) => addressTruth(a, answering));
  const here = addresses.findIndex((a) => a.announced);
  const notHere = addresses.find((a) => !a.announced);
  return {
    announced: here >= 0,
    addresses,
    interfaces: here < 0 ? [] : interfacesOf(decision.addresses[here], answering),
    reason:
      addresses.length === 0
        ? (decision.cause ?? decision.reason ?? "notOwner")
        : (notHere?.reason ?? null),
  };
}

function addressTruth(address: AddressDecision, answering: Answering | null): AddressTruth {
  const { ip, winner, announce } = address;
  if (!announce) {
    const reason = address.cause ?? address.reason ?? "notOwner";
    return { ip, announced: false, owner: winner, reason };
  }
  const to = answering?.yielded.get(ip);
  if (to !== undefined) return { ip, announced: false, owner: to, reason: "yieldedInDuel" };
  const announced = answering?.on.has(ip) ?? true;
  return { ip, announced, owner: winner, reason: announced ? null : "noInterface" };
}

/** `[]` stands for all; of a list, those that really answer. */
function interfacesOf(
  address: AddressDecision | undefined,
  answering: Answering | null,
): readonly string[] {
  if (address === undefined || address.interfaces === "*") return [];
  return answering?.on.get(address.ip) ?? address.interfaces;
}
