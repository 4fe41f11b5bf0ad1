/**
 * The property that matters, for one pair: load A, apply the delta to B; the running configuration, what every
 * neighbour is sent, and the sessions equal what was predicted and what a fresh load of B gives.
 */
import { writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { adjRibOutOf } from "../../src/frr-config/adj-rib-out.ts";
import { deltaFor } from "../../src/frr-config/delta.ts";
import type { PeerEffect } from "../../src/frr-config/effects.ts";
import { normalise } from "../../src/frr-config/normalise.ts";
import { parseTree, paths, sameTree, type Block } from "../../src/frr-config/tree.ts";
import { nodeSeenFrom, type Bench, type Observation } from "./bench.ts";
import { engineOn, type TestEngine } from "./engine.ts";
import { liveSlots, renderModel, SLOTS, type Model, type Slot } from "./frr-model.ts";
import { eventually } from "./wait.ts";

const LIMIT_MS = Number(process.env["FERROLB_SETTLE_MS"] ?? 60_000);

/** What should be seen outside under a model. */
function expected(model: Model): ReadonlyMap<Slot, readonly string[]> {
  const rib = adjRibOutOf(normalise(parseTree(renderModel(model))));
  return new Map(
    liveSlots(model).map((slot) => [
      slot,
      [...(rib.get(SLOTS[slot].peer) ?? new Map()).keys()].sort(),
    ]),
  );
}

/** What is wrong with an observation, in words; `null` when all sessions are up and carry what they should. */
function unsettled(seen: Observation, model: Model): string | null {
  for (const [slot, prefixes] of expected(model)) {
    const { peer } = SLOTS[slot];
    if (seen.sessions[peer]?.state !== "Established")
      return `${slot} is ${seen.sessions[peer]?.state ?? "absent"}`;
    const sent = Object.keys(seen.sent[peer] ?? {}).sort();
    if (sent.join() !== prefixes.join())
      return `${slot} is sent ${sent.join(" ")} instead of ${prefixes.join(" ")}`;
    const from = nodeSeenFrom(slot);
    const got = Object.keys(seen.received)
      .filter((prefix) => seen.received[prefix]?.[from] !== undefined)
      .sort();
    if (got.join() !== prefixes.join())
      return `${slot} received ${got.join(" ")} instead of ${prefixes.join(" ")}`;
  }
  return null;
}

export async function settle(bench: Bench, model: Model): Promise<Observation> {
  let wrong: string | null = "nothing seen";
  let seen: Observation | undefined;
  await eventually(
    "the sessions and routes of a model",
    async () => {
      seen = await bench.observe();
      wrong = unsettled(seen, model);
      return wrong === null;
    },
    LIMIT_MS,
    150,
  ).catch((error: unknown) => {
    throw new Error(`not settled: ${wrong ?? ""}`, { cause: error });
  });
  return seen!;
}

/** A fresh FRR that loads the model by itself from frr.conf. */
export async function loadFresh(bench: Bench, model: Model): Promise<Observation> {
  await bench.node.stop();
  await writeFile(bench.node.confFile, renderModel(model));
  await bench.node.restart();
  return await settle(bench, model);
}

/**
 * Applies B where A is in force, and compares.
 * @throws Error saying what differs
 */
export async function checkDelta(
  bench: Bench,
  engine: TestEngine,
  [a, b]: readonly [Model, Model],
  fresh: Promise<Observation>,
): Promise<void> {
  const before = await bench.observe();
  const [from, to] = [parseTree(renderModel(a)), parseTree(renderModel(b))];
  const predicted = deltaFor(before.running, to, { ours: from });
  const applied = await engine.bringTo(renderModel(b));
  if (applied.kind === "refused") throw new Error(`refused: ${JSON.stringify(applied.refusals)}`);
  const given = applied.kind === "applied" ? applied.commands : 0;
  if (given !== predicted.commands.length)
    throw new Error(`${given} commands were needed, ${predicted.commands.length} predicted`);
  const after = await settle(bench, b);
  const loaded = await fresh;
  compareRunning(after.running, loaded.running);
  compareOutside(after, loaded, b);
  compareRoutes(before, after, a, b, predicted.effects.peers);
  compareSessions(
    before,
    after,
    a,
    b,
    new Set(predicted.effects.sessionsReset.map(({ peer }) => peer)),
  );
}

/** FRR 10 prints `bfd` with nothing in it once there has been something. */
const withoutEmptyBfd = (tree: Block): Block =>
  new Map([...tree].filter(([line, below]) => line !== "bfd" || below.size > 0));

function compareRunning(delta: Block, fresh: Block): void {
  const [left, right] = [withoutEmptyBfd(delta), withoutEmptyBfd(fresh)];
  if (sameTree(left, right)) return;
  const [l, r] = [left, right].map((tree) => [...paths(tree)].map((path) => path.join(" > ")));
  const only = (xs: string[], ys: string[]): string[] => xs.filter((x) => !ys.includes(x));
  throw new Error(
    `the running configurations differ: delta has ${JSON.stringify(only(l!, r!))}, fresh has ${JSON.stringify(only(r!, l!))}`,
  );
}

function compareOutside(left: Observation, right: Observation, model: Model): void {
  for (const slot of liveSlots(model)) {
    const { peer } = SLOTS[slot];
    if (!isDeepStrictEqual(left.sent[peer], right.sent[peer]))
      throw new Error(`Adj-RIB-Out of ${slot} differs`);
    const from = nodeSeenFrom(slot);
    for (const [prefix, paths] of Object.entries(left.received)) {
      const other = right.received[prefix]?.[from];
      if (!isDeepStrictEqual(paths[from], other))
        throw new Error(
          `${prefix} from ${slot} differs: ${JSON.stringify(paths[from])}, fresh ${JSON.stringify(other)}`,
        );
    }
  }
}

/** What each neighbour that stays is sent anew and no longer: as `ferrolb diff` foretells it. */
function compareRoutes(
  before: Observation,
  after: Observation,
  a: Model,
  b: Model,
  predicted: readonly PeerEffect[],
): void {
  for (const slot of liveSlots(b).filter((one) => liveSlots(a).includes(one))) {
    const { peer } = SLOTS[slot];
    const [had, has] = [before, after].map(({ sent }) => Object.keys(sent[peer] ?? {}).sort());
    const seen = {
      added: has!.filter((prefix) => !had!.includes(prefix)),
      withdrawn: had!.filter((prefix) => !has!.includes(prefix)),
    };
    const { added, withdrawn } = predicted.find((one) => one.peer === peer) ?? NO_EFFECT;
    if (!isDeepStrictEqual(seen, { added, withdrawn }))
      throw new Error(`${slot}: ${JSON.stringify(seen)}, not as predicted`);
  }
}
const NO_EFFECT = { added: [], withdrawn: [] };

function compareSessions(
  before: Observation,
  after: Observation,
  a: Model,
  b: Model,
  predicted: ReadonlySet<string>,
): void {
  const live = liveSlots(b).filter((slot) => liveSlots(a).includes(slot));
  for (const slot of live) {
    const { peer } = SLOTS[slot];
    const [then, now] = [before.sessions[peer], after.sessions[peer]];
    // The second of coming up is derived from the age, and may be off by one.
    const moved = Math.abs((then?.upSince ?? 0) - (now?.upSince ?? 0)) > 1;
    const reset = moved || then?.established !== now?.established;
    if (reset !== predicted.has(peer))
      throw new Error(`${slot} was ${reset ? "" : "not "}reset, the opposite was predicted`);
  }
}

/** The whole property from nothing: for kept cases, and for shrinking. */
export async function checkPair(
  bench: Bench,
  other: Bench,
  [a, b]: readonly [Model, Model],
): Promise<void> {
  const fresh = loadFresh(other, b);
  fresh.catch(() => undefined); // awaited below
  await loadFresh(bench, a);
  const engine = engineOn(bench.node);
  try {
    await checkDelta(bench, engine, [a, b], fresh);
  } finally {
    await engine.close();
    await fresh.catch(() => undefined);
  }
}

/** The same pair with a bit less in it, biggest bites first. */
export function* smaller([a, b]: readonly [Model, Model]): Generator<readonly [Model, Model]> {
  const cuts: ((model: Model) => Model)[] = [
    (m) => ({ ...m, extra: null }),
    (m) => ({ ...m, debug: false, log: "informational" }),
    (m) => ({ ...m, networks: {} }),
    (m) => ({ ...m, profiles: {} }),
    ...(Object.keys({ ...a.peers, ...b.peers }) as Slot[]).map((slot) => (m: Model) => ({
      ...m,
      peers: without(m.peers, slot),
    })),
    ...Object.keys({ ...a.networks, ...b.networks }).map((prefix) => (m: Model) => ({
      ...m,
      networks: without(m.networks, prefix),
    })),
  ];
  for (const cut of cuts) {
    const pair = [cut(a), cut(b)] as const;
    if (!isDeepStrictEqual(pair, [a, b])) yield pair;
  }
}

function without<T extends object>(record: T, key: string): T {
  const copy = { ...record };
  Reflect.deleteProperty(copy, key);
  return copy;
}
