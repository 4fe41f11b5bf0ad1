/** Where the fuzzers begin. Kept seeds are tried first, always: each once showed a defect. */
import { randomFrom } from "../../chaos/random.ts";
import type { Random } from "../../chaos/random.ts";

export const KEPT: Readonly<Record<Fuzzer, readonly number[]>> = {
  manifests: [212],
  reviews: [],
  vtysh: [],
  api: [],
};
export type Fuzzer = "manifests" | "reviews" | "vtysh" | "api";

/** How many cases; the full counts are `scripts/soak fuzz`. */
export const CASES = Number(process.env["FERROLB_FUZZ"] ?? 40);
/** The same cases each time unless told: a failure names its own seed. */
const FIRST = Number(process.env["FERROLB_SEED"] ?? 1);

const SLOW_MS = 10_000;

/** Runs every case; what it throws names the seed that shows it again. */
export async function fuzz(
  name: Fuzzer,
  cases: number,
  run: (random: Random, seed: number) => unknown,
): Promise<void> {
  const seeds = [...KEPT[name], ...Array.from({ length: cases }, (_, i) => FIRST + i)];
  for (const seed of seeds) {
    const began = performance.now();
    try {
      await run(randomFrom(seed), seed);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? (cause.stack ?? "") : String(cause)}`, { cause }); // prettier-ignore
    }
    const ms = performance.now() - began;
    if (ms > SLOW_MS) throw new Error(`seed ${seed} took ${Math.round(ms)} ms`);
  }
}
