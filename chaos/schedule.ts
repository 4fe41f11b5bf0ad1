/** A seed to what will happen: faults with their durations, and changes of Services meanwhile. */
import { NODES, ROUTERS } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import { kindOf } from "./kinds.ts";
import type { Target } from "./kind.ts";
import type { KindName } from "./kinds.ts";
import { randomFrom } from "./random.ts";
import type { Random } from "./random.ts";
import type { Spot } from "./world.ts";

export interface Fault {
  readonly id: number;
  readonly kind: KindName;
  readonly target: Target;
  readonly atMs: number;
  readonly untilMs: number;
  /** For kinds that choose among files or numbers. */
  readonly dice: number;
}

/** What a person or a controller of Deployments does meanwhile. */
export interface Change {
  readonly atMs: number;
  readonly service: string;
  readonly what: "create" | "delete" | "move";
  /** Nodes with a ready endpoint, for `create` and `move`. */
  readonly on: readonly NodeName[];
}

export interface Schedule {
  readonly faults: readonly Fault[];
  readonly changes: readonly Change[];
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly lastsMs: number;
  readonly kinds: readonly KindName[];
  /** Services that come and go; the others stay. */
  readonly restless: readonly Spot[];
}

const MEAN_BETWEEN_FAULTS_MS = 2500;
const MEAN_BETWEEN_CHANGES_MS = 900;
const AT_ONCE = 3;
/** Two nodes of three leave no quorum: allowed, since then nobody may answer, but not more. */
const NODES_AT_ONCE = 2;

export function scheduleFor(options: ScheduleOptions): Schedule {
  const random = randomFrom(options.seed);
  return {
    faults: faultsFor(random, options.lastsMs, options.kinds),
    changes: changesFor(random, options.lastsMs, options.restless),
  };
}

/** Every kind once in each round of the deck, so that an hour and a minute both meet all they can. */
function faultsFor(random: Random, lastsMs: number, kinds: readonly KindName[]): readonly Fault[] {
  const faults: Fault[] = [];
  let deck: readonly KindName[] = [];
  for (let atMs = 500; atMs < lastsMs; atMs += random.between(200, 2 * MEAN_BETWEEN_FAULTS_MS)) {
    if (deck.length === 0) deck = random.shuffled(kinds);
    const active = faults.filter((f) => f.untilMs > atMs);
    if (active.length >= AT_ONCE) continue;
    const [kind, ...rest] = deck;
    if (kind === undefined) break;
    const target = targetFor(random, kind, active);
    const [least, most] = kindOf(kind).lastsMs;
    const untilMs = atMs + random.between(least, most);
    const dice = random.between(0, 2 ** 16 - 1);
    if (target === null) {
      deck = [...rest, kind]; // its turn comes later
      continue;
    }
    deck = rest;
    if (untilMs <= lastsMs) faults.push({ id: faults.length, kind, target, atMs, untilMs, dice });
  }
  return faults;
}

/** Null: everything it could hit is taken. */
function targetFor(random: Random, kind: KindName, active: readonly Fault[]): Target | null {
  const taken = new Set(active.map((f) => f.target));
  const { on } = kindOf(kind);
  const free = (on === "node" ? NODES : on === "router" ? ROUTERS : ([on] as const)).filter(
    (target) => !taken.has(target),
  );
  const nodes = NODES.filter((node) => taken.has(node)).length;
  if (free.length === 0 || (on === "node" && nodes >= NODES_AT_ONCE)) return null;
  return random.pick<Target>(free);
}

function changesFor(random: Random, lastsMs: number, restless: readonly Spot[]): readonly Change[] {
  if (restless.length === 0) return [];
  const there = new Set(restless.map((s) => s.name));
  const changes: Change[] = [];
  const mean = MEAN_BETWEEN_CHANGES_MS;
  for (let atMs = 800; atMs < lastsMs; atMs += random.between(mean / 4, (7 * mean) / 4)) {
    const spot = random.pick(restless);
    const on = NODES.filter(() => random.next() < 0.6);
    const what = !there.has(spot.name)
      ? "create"
      : spot.local && random.next() < 0.5
        ? "move"
        : "delete";
    if (what === "delete") there.delete(spot.name);
    else there.add(spot.name);
    changes.push({ atMs, service: spot.name, what, on });
  }
  return changes;
}
