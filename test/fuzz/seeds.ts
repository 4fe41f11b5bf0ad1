/** Where the fuzzers begin. Kept seeds are tried first, always: each once showed a defect. */
import { randomFrom } from "../../chaos/random.ts";
import type { Random } from "../../chaos/random.ts";

export const KEPT: Readonly<Record<Fuzzer, readonly number[]>> = {
  manifests: [212, 1317, 3285, 4050],
  reviews: [],
  vtysh: [],
  api: [124, 142, 201, 5572, 7830, 8108, 8779],
};
export type Fuzzer = "manifests" | "reviews" | "vtysh" | "api";

/** How many cases; the full counts are `scripts/soak fuzz`. */
export const CASES = Number(process.env["FERROLB_FUZZ"] ?? 40);
/** The same cases each time unless told: a failure names its own seed. */
const FIRST = Number(process.env["FERROLB_SEED"] ?? 1);

const SLOW_MS = 10_000;

const MOST_FAULTS = 10;

/** Runs every case; what it throws names a seed for each fault that was found, by where it came from. */
export async function fuzz(
  name: Fuzzer,
  cases: number,
  run: (random: Random, seed: number) => unknown,
): Promise<void> {
  const seeds = [...KEPT[name], ...Array.from({ length: cases }, (_, i) => FIRST + i)];
  const faults = new Map<string, string>();
  for (const seed of seeds) {
    const began = performance.now();
    try {
      await run(randomFrom(seed), seed);
    } catch (error) {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const where = /at .*$/m.exec(said)?.[0] ?? said;
      if (!faults.has(where)) faults.set(where, `seed ${seed}: ${said}`);
    }
    const ms = performance.now() - began;
    if (ms > SLOW_MS) faults.set("slow", `seed ${seed} took ${Math.round(ms)} ms`);
    if (faults.size >= MOST_FAULTS) break;
  }
  if (faults.size > 0) throw new Error([...faults.values()].join("\n"));
}
