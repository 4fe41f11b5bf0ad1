/**
 * Membership as the speaker uses it: who may announce, by the ring's word, the fence chosen, and whether
 * this process itself kept up. The protocol is in `src/membership`.
 */
import { ipFromOctets } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { every } from "../membership/clock.ts";
import { Memberlist } from "../membership/memberlist.ts";
import type { MemberlistEvent, MemberlistOptions } from "../membership/options.ts";
import { suspicionTimes } from "../membership/formulas.ts";
import { quorumOf } from "../membership/quorum.ts";
import type { QuorumState } from "../membership/quorum.ts";
import type { Log } from "./log.ts";
import { decodeMemberMeta, encodeMemberMeta } from "./member-meta.ts";
import type { MemberPort } from "./member-meta.ts";
import type { Membership } from "./ports.ts";

/** `gossip`: whoever the ring calls alive, as MetalLB. `quorum`: nobody, while half or fewer of the known are alive. */
export type Fencing = "gossip" | "quorum";

export interface SpeakerMembershipOptions extends Omit<MemberlistOptions, "onEvent" | "meta"> {
  readonly fencing: Fencing;
  readonly log: Log;
  /** Whether a member's Node still exists; null while that is unknown. */
  readonly exists: () => ((name: string) => boolean) | null;
  /** Members known from before a restart; and where to keep them. */
  readonly known: QuorumState;
  readonly keepKnown: (state: QuorumState) => void;
  /** A member that was given up is there again: what was said meanwhile did not reach everybody. */
  readonly onReturn?: () => void;
}

/** What the others said of themselves. */
export interface MemberFacts {
  readonly name: string;
  readonly address: Ip;
  readonly alive: boolean;
  /** Null: not FerroLB, or it could not say all. */
  readonly ports: readonly MemberPort[] | null;
}

export interface SpeakerMembership extends Membership {
  /** Every alive member is FerroLB: elections may go by address. */
  allFerrolb(): boolean;
  facts(): readonly MemberFacts[];
  lastHeardMs(name: string): number | null;
  /** The interfaces this node can answer on; whoever is missing is looked for at once. */
  tell(ports: readonly MemberPort[]): void;
  /** False when this process was frozen for so long that others may have taken over: asked before each answer. */
  mayAnswer(): boolean;
  /** Looks at once for members that are missing. */
  lookAround(): void;
  /** Why `alive` is empty, where it is. */
  fenced(): "arriving" | "quorumLost" | "stalled" | null;
}

const STALL_CHECK_MS = 200;
const REVIEW_MS = 50;
/** A seed whose host is gone lets nobody wait longer than this. */
const ARRIVAL_MS = 1000;

export function startSpeakerMembership(options: SpeakerMembershipOptions): SpeakerMembership {
  const { log, clock, timing } = options;
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  let quorum: QuorumState = options.known;
  let holds = true;
  let stalled = false;
  const lost = new Set<string>();

  const reviewQuorum = (): void => {
    const members = ring
      .records()
      .map(
        ({ name, state }) => ({ name, state: ring.isOutOfReach(name) ? "dead" : state }) as const,
      );
    const view = quorumOf(quorum, members, options.exists());
    if (view.state.known.join() !== quorum.known.join()) options.keepKnown(view.state);
    quorum = view.state;
    if (view.holds === holds) return;
    holds = view.holds;
    if (options.fencing !== "quorum") return;
    const fields = { alive: view.alive, known: quorum.known.length };
    if (holds) log.info(fields, "quorum is back");
    else log.warn(fields, "quorum lost: half or fewer of the known speakers are alive");
  };

  /** After a freeze nothing known is trusted until somebody else has answered. */
  const recover = async (lateMs: number): Promise<void> => {
    if (stalled) return;
    stalled = true;
    log.warn(
      { lateMs: Math.round(lateMs) },
      "this process was frozen: asking the others before answering",
    );
    changed();
    for (;;) {
      const others = ring.members().filter((m) => m.name !== options.name);
      if (others.length === 0 || (await ring.joinAny(others)) || closed) break;
      await new Promise<void>((resolve) => clock.after(STALL_CHECK_MS, resolve));
    }
    stalled = false;
    if (!closed) changed();
  };

  const onEvent = (event: MemberlistEvent): void => {
    switch (event.kind) {
      case "join":
      case "leave":
      case "update": {
        const { name, state, addr } = event.node;
        const fields = { node: name, address: ipFromOctets(addr), state };
        if (event.kind === "join") log.info(fields, "member joined");
        else if (event.kind === "leave") log.info(fields, "member left");
        else log.debug(fields, "member updated");
        reviewQuorum();
        changed();
        if (state === "dead") lost.add(name);
        else if (lost.delete(name) && event.kind === "join") options.onReturn?.();
        return;
      }
      case "suspect":
        log.debug({ node: event.node.name }, "member is silent, and suspected");
        return;
      case "conflict":
        log.error(
          { node: event.known.name, address: ipFromOctets(event.known.addr) },
          "two members claim one name",
        );
        return;
      case "udpBroken":
        log.warn(
          { node: event.node.name },
          "member answers by TCP only: is UDP blocked between the nodes?",
        );
        return;
      case "stall":
        if (event.lateMs > patienceMs()) void recover(event.lateMs);
        return;
      default:
        event satisfies never;
    }
  };

  /** So long a silence and the others may have buried us. */
  const patienceMs = (): number =>
    suspicionTimes(ring.records().length, timing).minMs + timing.probeIntervalMs;

  let closed = false;
  const ring = new Memberlist({ ...options, meta: encodeMemberMeta([]), onEvent });
  ring.start();
  reviewQuorum();
  /** Who is out of reach counts before the ring gives it up: the larger side must not take over before we stop. */
  const stopReviews =
    options.fencing === "quorum"
      ? every(
          clock,
          () => REVIEW_MS,
          () => {
            const before = holds;
            reviewQuorum();
            if (holds !== before) changed();
          },
        )
      : () => undefined;

  /** Who has not greeted anybody yet takes itself for the only one, and would answer for every address. */
  let arrival: "ahead" | "under way" | "over" = "ahead";
  const arrive = async (): Promise<void> => {
    const seeds = options.seeds?.() ?? [];
    if (seeds.length > 0) {
      arrival = "under way";
      const limit = new Promise<void>((resolve) => clock.after(ARRIVAL_MS, resolve));
      await Promise.race([ring.join(seeds), limit]);
    }
    arrival = "over";
    if (!closed) changed();
  };

  const fenced = (): ReturnType<SpeakerMembership["fenced"]> => {
    if (arrival !== "over") return "arriving";
    return stalled ? "stalled" : options.fencing === "quorum" && !holds ? "quorumLost" : null;
  };

  return {
    alive() {
      reviewQuorum(); // a Node may have been deleted since the ring's last word
      // Not before somebody asks: the seeds are known by then.
      if (arrival === "ahead") void arrive();
      return fenced() === null ? new Set(ring.members().map((m) => m.name)) : new Set<string>();
    },
    allFerrolb: () => ring.members().every((m) => decodeMemberMeta(m.meta) !== null),
    facts: () =>
      ring.records().map((m) => ({
        name: m.name,
        address: ipFromOctets(m.addr),
        alive: m.state === "alive" || m.state === "suspect",
        ports: decodeMemberMeta(m.meta)?.ports ?? null,
      })),
    lastHeardMs: (name) => ring.lastHeardMs(name),
    lookAround: () => ring.reconnect(),
    tell(ports) {
      ring.setMeta(encodeMemberMeta(ports));
      ring.reconnect();
    },
    mayAnswer: () => !stalled && ring.sinceTickMs() < patienceMs(),
    fenced,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    leave: async () => {
      closed = true;
      stopReviews();
      await ring.leave(1000);
      await ring.close();
    },
  };
}
