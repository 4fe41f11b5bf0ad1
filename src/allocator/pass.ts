/**
 * One level-triggered pass over all Services: who keeps, who gives up, who gets which address.
 * Behaviour reference 1.4 to 1.11. First everybody who may keep what they hold does (as after a restart),
 * then the others choose, holders first, then by age, then by name; so the answer does not depend on the
 * order in which things arrived, and a second pass over its own result changes nothing.
 */
import type { Service, ServiceKey } from "../api/objects.ts";
import { isOurs } from "../api/service-view.ts";
import type { PoolCounters } from "../api/store.ts";
import type { Pool } from "../config/config.ts";
import type { Ip } from "../net/ip.ts";
import {
  badRequestOf,
  byAge,
  byKey,
  holdersFirst,
  otherFamily,
  secondMissing,
  wantsSecond,
} from "./case.ts";
import type { Case, Hold, Waiting } from "./case.ts";
import { choose } from "./choose.ts";
import {
  additionalAllocated,
  allocated,
  allocationFailed,
  clearAssignment,
  deprecatedAnnotation,
} from "./events.ts";
import type { AllocationEvent } from "./events.ts";
import { Ledger, placeOf } from "./ledger.ts";
import type { InUse, Place } from "./ledger.ts";
import { PassMemo } from "./memo.ts";
import { messageOf } from "./messages.ts";
import { freshEvents, heldBy, isSettled, needsWrite } from "./outcome.ts";
import type { Outcome, Outcomes } from "./outcome.ts";
import type { PoolIndex } from "./pool-index.ts";
import type { PendingReason } from "./reasons.ts";
import { keepAll, retainedAfter, stillKept } from "./retention.ts";
import type { Lost, Retained } from "./retention.ts";
import { released } from "./verdict.ts";
import type { FamilySource, Wish } from "./wish.ts";

export interface PassInput {
  readonly pools: readonly Pool[];
  /** Names of pools that are in the manifests but could not be read: their addresses are left alone. */
  readonly leftOut: ReadonlySet<string>;
  readonly services: readonly Service[];
  readonly lbClass: string;
  /** `derived` where no API server gives cluster IPs. */
  readonly familySource: FamilySource;
  readonly previous: Outcomes;
  readonly retained: Retained;
  /** How long addresses are kept after their Service went, in seconds; a pool may say otherwise. */
  readonly retainS: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface PassResult {
  /** The Services that want an address, or still show one; in no order. */
  readonly outcomes: Outcomes;
  /** Sorted by key. */
  readonly writes: readonly Outcome[];
  /** What began in this pass, sorted by key. */
  readonly news: readonly { readonly key: ServiceKey; readonly event: AllocationEvent }[];
  /** Sorted by pool name. */
  readonly counters: ReadonlyMap<string, PoolCounters>;
  readonly retained: Retained;
}

export function allocatePass(input: PassInput, memo: PassMemo = new PassMemo()): PassResult {
  return new Pass(input, memo.indexOf(input.pools)).run(memo);
}

class Pass {
  readonly #input: PassInput;
  readonly #index: PoolIndex;
  readonly #ledger: Ledger;
  #retained: Retained;
  readonly #outcomes = new Map<ServiceKey, Outcome>();
  readonly #present = new Set<ServiceKey>();
  #lost: Lost[] = [];
  readonly #holders: Case<Hold>[] = [];
  readonly #left: Case[] = [];
  readonly #seekers: Case[] = [];
  readonly #waiting: Waiting[] = [];
  /** How often something was given to somebody who chose. */
  #given = 0;

  constructor(input: PassInput, index: PoolIndex) {
    this.#input = input;
    this.#index = index;
    this.#ledger = new Ledger(index);
    this.#retained = stillKept(input.retained, input.nowMs);
  }

  run(memo: PassMemo): PassResult {
    for (const service of this.#input.services) this.#sort(service, memo);
    for (const found of this.#holders.sort(byAge)) this.#adopt(found);
    for (const found of this.#left.sort(byAge)) this.#leave(found);
    this.#keepForThoseGone();
    const kept = new Map(this.#retained.map((r) => [r.key, r.ips]));
    for (const found of this.#seekers.sort(holdersFirst))
      if (found.verdict.kind === "hold") this.#topUp(found.wish, found.verdict);
      else this.#seek(found, kept.get(found.wish.key) ?? []);
    for (const waiting of this.#waiting) this.#leaveWaiting(waiting);
    return this.#result();
  }

  /** The reason is the one that holds when all is given, so that the next pass finds the same. */
  #leaveWaiting({ found, told, reason, given }: Waiting): void {
    const { wish } = found;
    const choice = given === this.#given ? null : choose(wish, this.#index, this.#ledger, []);
    const last = choice?.kind === "pending" ? choice.reason : reason;
    this.#finish(found, [], null, last, [...told, allocationFailed(wish.key, last)]);
  }

  /** Before anybody chooses: a Service that came with the same change must not get what one that left had. */
  #keepForThoseGone(): void {
    const seeking = new Set(
      this.#seekers.filter((s) => s.held.length === 0).map((s) => s.wish.key),
    );
    for (const { key, ips } of this.#input.previous.values())
      if (ips.length > 0 && (seeking.has(key) || !this.#present.has(key)))
        this.#lost.push({ key, ips });
    this.#retain(() => false);
    keepAll(this.#retained, this.#index, this.#ledger);
  }

  #retain(holds: (key: ServiceKey) => boolean): void {
    const { retainS, nowMs } = this.#input;
    const lost = this.#lost;
    this.#lost = [];
    this.#retained = retainedAfter(this.#retained, lost, holds, this.#index, retainS, nowMs);
  }

  /** Those who keep what they held, as they held it, are done at once: nobody is in their way. */
  #sort(service: Service, memo: PassMemo): void {
    const { lbClass, familySource, leftOut, previous } = this.#input;
    const wish = memo.wishOf(service, familySource);
    if (!isOurs(service, lbClass) && !this.#hasLostItsClass(wish)) return;
    this.#present.add(wish.key);
    const before = previous.get(wish.key);
    const held = heldBy(wish, before);
    const verdict = memo.verdictFor(wish, held, leftOut);
    switch (verdict.kind) {
      case "ignore":
        return;
      case "clear":
        this.#finish({ wish, held }, [], null, verdict.reason, verdict.events);
        return;
      case "leave":
        this.#left.push({ wish, held, verdict });
        return;
      case "seek":
        this.#seekers.push({ wish, held, verdict });
        return;
      case "hold":
        if (!isSettled(wish, held, before)) this.#holders.push({ wish, held, verdict });
        else this.#adopt({ wish, held, verdict });
        return;
      default:
        verdict satisfies never;
    }
  }

  /** With a class, a Service that stops being a LoadBalancer loses it; what we gave must still go. */
  #hasLostItsClass(wish: Wish): boolean {
    if (wish.isLoadBalancer || wish.poolWritten === null) return false;
    return wish.current.some((ip) => ip !== null && placeOf(this.#index, ip) !== null);
  }

  #conflictOf(places: readonly Place[], wish: Wish): InUse | null {
    for (const { ip } of places) {
      const inUse = this.#ledger.conflict(ip, wish);
      if (inUse !== null) return inUse;
    }
    return null;
  }

  #adopt({ wish, held, verdict }: Case<Hold>): void {
    const { places, events } = verdict;
    const inUse = this.#conflictOf(places, wish);
    if (inUse === null) {
      for (const place of places) this.#ledger.add(place, wish);
      if (wantsSecond(wish, places)) this.#seekers.push({ wish, held, verdict });
      else this.#keep(wish, verdict, events);
      return;
    }
    const why = messageOf({ kind: "inUse", ...inUse });
    const next = released(wish, [clearAssignment(wish.key, why)]);
    if (next.kind === "clear") this.#finish({ wish, held }, [], null, next.reason, next.events);
    else this.#seekers.push({ wish, held, verdict: next });
  }

  #keep(wish: Wish, { places, pool }: Hold, events: readonly AllocationEvent[]): void {
    const before = this.#input.previous.get(wish.key);
    if (before !== undefined && saysTheSame(before, wish, places, pool.name, events)) {
      this.#outcomes.set(wish.key, before);
      return;
    }
    const ips = places.map((p) => p.ip);
    const pending = badRequestOf(wish);
    this.#finish({ wish, held: ips }, ips, pool.name, pending, events);
  }

  #leave({ wish, held, verdict }: Case): void {
    if (verdict.kind !== "leave") return;
    if (this.#conflictOf(verdict.places, wish) === null)
      for (const place of verdict.places) this.#ledger.add(place, wish);
    const { events, reason: pending } = verdict;
    const ips = held.filter((ip) => ip !== null);
    const pool = wish.poolWritten;
    this.#outcomes.set(wish.key, { key: wish.key, ips, pool, pending, events, write: false, wish });
  }

  #topUp(wish: Wish, verdict: Hold): void {
    const { places, pool, events } = verdict;
    const family = otherFamily(wish, places);
    const place = pool.pool.draining ? null : this.#ledger.firstFitting(pool, family, wish);
    if (place === null) {
      this.#keep(wish, verdict, [...events, secondMissing(wish, places, pool)]);
      return;
    }
    this.#ledger.add(place, wish);
    this.#given++;
    const added = [...events, additionalAllocated(place.ip)];
    this.#keep(wish, { ...verdict, places: [...places, place] }, added);
  }

  #seek(found: Case, kept: readonly Ip[]): void {
    const { wish, verdict } = found;
    const told = "events" in verdict ? verdict.events : [];
    const choice = choose(wish, this.#index, this.#ledger, kept);
    if (choice.kind === "pending") {
      this.#waiting.push({ found, told, reason: choice.reason, given: this.#given });
      return;
    }
    this.#given++;
    for (const place of choice.places) this.#ledger.add(place, wish);
    const { places, pool } = choice;
    const ips = places.map((p) => p.ip);
    const events = [...told, allocated(ips)];
    if (wantsSecond(wish, places)) events.push(secondMissing(wish, places, pool));
    this.#finish(found, ips, pool.name, null, events);
  }

  #finish(
    { wish, held }: Pick<Case, "wish" | "held">,
    ips: readonly Ip[],
    pool: string | null,
    pending: PendingReason | null,
    events: readonly AllocationEvent[],
  ): void {
    const { key } = wish;
    if (ips.length === 0 && held.length > 0)
      this.#lost.push({ key, ips: held.filter((ip) => ip !== null) });
    const write = needsWrite(wish, ips, pool);
    const all = write ? [...events, ...wish.deprecated.map(deprecatedAnnotation)] : events;
    this.#outcomes.set(key, { key, ips, pool, pending, events: all, write, wish });
  }

  #result(): PassResult {
    const { previous } = this.#input;
    const outcomes = this.#outcomes;
    const writes: Outcome[] = [];
    const news: { key: ServiceKey; event: AllocationEvent }[] = [];
    for (const outcome of outcomes.values()) {
      if (outcome.write) writes.push(outcome);
      if (outcome.events.length === 0) continue;
      for (const event of freshEvents(outcome, previous.get(outcome.key)))
        news.push({ key: outcome.key, event });
    }
    this.#retain((key) => (outcomes.get(key)?.ips.length ?? 0) > 0);
    return {
      outcomes,
      writes: writes.sort(byKey),
      news: news.sort(byKey),
      counters: new Map(this.#index.pools.map((p) => [p.name, this.#ledger.counters(p)])),
      retained: this.#retained,
    };
  }
}

/** Nothing changed and there is nothing to tell: thousands of these are not worth a new object each. */
const saysTheSame = (
  before: Outcome,
  wish: Wish,
  places: readonly Place[],
  pool: string,
  events: readonly AllocationEvent[],
): boolean =>
  before.wish === wish &&
  !before.write &&
  before.events.length === 0 &&
  events.length === 0 &&
  before.pool === pool &&
  before.ips.length === places.length &&
  places.every((place, i) => place.ip === before.ips[i]);
