/**
 * Random pairs on real bgpd, both versions. `FERROLB_PAIRS` sets how many (default 100), `FERROLB_SEED` where
 * to begin: always the same place unless told, so that a test run replays; `npm run soak` begins elsewhere each time. A failure is cut down and kept below `cases/`, which are checked first, each from nothing.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { startBench, type Bench, type Observation } from "../support/bench.ts";
import { engineOn, type TestEngine } from "../support/engine.ts";
import { modelArb, nearTo, type Model } from "../support/frr-model.ts";
import { checkDelta, checkPair, loadFresh, smaller } from "../support/frr-pair.ts";

const PAIRS = Number(process.env["FERROLB_PAIRS"] ?? 100);
const SEED = Number(process.env["FERROLB_SEED"] ?? 20_261_121);
/** Fresh loads are slow and idle: several wait at a time. */
const FRESH = Number(process.env["FERROLB_FRESH"] ?? 3);
const CASES = new URL("cases/", import.meta.url);
const CUTS = Number(process.env["FERROLB_CUTS"] ?? 25);

const sample = <T>(arb: fc.Arbitrary<T>, seed: number): T =>
  fc.sample(arb, { numRuns: 1, seed })[0]!;

/** Small changes and great ones in turn. */
function* walk(seed: number): Generator<Model> {
  let model = sample(modelArb, seed);
  for (let i = 1; ; i++) {
    yield model;
    model = i % 3 === 0 ? sample(modelArb, seed + i) : sample(nearTo(model), seed + i);
  }
}

const cases = readdirSync(CASES)
  .filter((name) => name.endsWith(".json"))
  .sort();

for (const version of FRR_VERSIONS)
  describe(`delta(A, B) on FRR ${version}`, function () {
    this.timeout(3_600_000);
    this.retries(0); // a failure is cut down and kept, not tried again
    let bench: Bench;
    let others: readonly Bench[] = [];
    before(async () => {
      [bench, ...others] = (await Promise.all(
        Array.from({ length: FRESH + 1 }, () => startBench(version)),
      )) as [Bench, ...Bench[]];
    });
    after(() => Promise.all([bench, ...others].map((one) => one.close())));

    for (const name of cases)
      it(`kept case ${name}`, async () => {
        const pair = JSON.parse(readFileSync(new URL(name, CASES), "utf8")) as [Model, Model];
        await checkPair(bench, others[0]!, pair);
      });

    it(`${PAIRS} random pairs from seed ${SEED}`, async () => {
      const models = walk(SEED);
      const chain = Array.from({ length: PAIRS + 1 }, () => models.next().value as Model);
      const loads = loadAhead(others, chain);
      await loadFresh(bench, chain[0]!);
      const engine = engineOn(bench.node);
      try {
        for (let i = 1; i <= PAIRS; i++)
          await step(engine, [chain[i - 1]!, chain[i]!], loads(i), i);
      } finally {
        await engine.close();
      }
    });

    async function step(
      engine: TestEngine,
      pair: readonly [Model, Model],
      fresh: Promise<Observation>,
      i: number,
    ): Promise<void> {
      try {
        await checkDelta(bench, engine, pair, fresh);
      } catch (error) {
        await Promise.allSettled([fresh]);
        const kept = await cutDown(pair);
        throw new Error(`pair ${i} of seed ${SEED}: ${String(error)}; kept as ${kept}`, {
          cause: error,
        });
      }
    }

    async function cutDown(pair: readonly [Model, Model]): Promise<string> {
      let [smallest, tries] = [pair, 0];
      for (let found = true; found && tries < CUTS;) {
        found = false;
        for (const next of smaller(smallest)) {
          if (++tries > CUTS) break;
          const fails = await checkPair(bench, others[0]!, next).then(
            () => false,
            () => true,
          );
          if (!fails) continue;
          [smallest, found] = [next, true];
          break;
        }
      }
      const text = `${JSON.stringify(smallest, null, 1)}\n`;
      const name = `${createHash("sha256").update(text).digest("hex").slice(0, 12)}.json`;
      writeFileSync(new URL(name, CASES), text);
      return name;
    }
  });

/** Fresh loads of the models 1, 2, ... in turn on the benches, a few ahead of what is asked for. */
function loadAhead(
  benches: readonly Bench[],
  chain: readonly Model[],
): (i: number) => Promise<Observation> {
  const free = benches.map(() => Promise.resolve());
  const loads = chain.map((model, i) => {
    const at = i % benches.length;
    const load = free[at]!.then(() => (i === 0 ? UNUSED : loadFresh(benches[at]!, model)));
    free[at] = load.then(
      () => undefined,
      () => undefined,
    );
    return load;
  });
  return (i) => loads[i]!;
}
/** The first model is where the walk begins: nothing is compared with it. */
const UNUSED: Observation = { running: new Map(), sessions: {}, sent: {}, received: {} };
