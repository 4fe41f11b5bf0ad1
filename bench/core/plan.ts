/** How often and how many: the counts of a run. Pure. */

export interface Plan {
  /** Each system is started, measured and stopped so many times, in turn. */
  readonly rounds: number;
  /** Services that are there already when one more is created and deleted. */
  readonly sizes: readonly number[];
  /** Creations and deletions per size and round; MetalLB takes seconds for each. */
  readonly samples: { readonly ferrolb: number; readonly metallb: number };
  /** Nothing happens between two samples; MetalLB's FRR may still hold a route-map's change back for 5 s. */
  readonly calmMs: { readonly ferrolb: number; readonly metallb: number };
  readonly burst: number;
  readonly disturbed: number;
  readonly attributes: number;
  readonly memory: readonly number[];
  readonly idleS: number;
  readonly churnS: number;
  readonly churnPerS: number;
  readonly adopted: number;
  readonly loadPerS: number;
  readonly loadS: number;
  /** Addresses that three nodes share. */
  readonly shared: number;
  readonly breaks: { readonly ferrolb: number; readonly metallb: number };
  /** How long anything may take before its row has failed. */
  readonly limitMs: number;
}

export const FULL: Plan = {
  rounds: 2,
  sizes: [0, 100, 500, 1000],
  samples: { ferrolb: 15, metallb: 3 },
  calmMs: { ferrolb: 500, metallb: 6000 },
  burst: 500,
  disturbed: 300,
  attributes: 300,
  memory: [0, 100, 300, 900, 5000],
  idleS: 10,
  churnS: 15,
  churnPerS: 4,
  adopted: 2000,
  loadPerS: 20_000,
  loadS: 4,
  shared: 60,
  breaks: { ferrolb: 5, metallb: 2 },
  limitMs: 120_000,
};

/** Small enough for a test: the same steps, too few of them to quote. */
export const QUICK: Plan = {
  ...FULL,
  rounds: 1,
  sizes: [0, 20],
  samples: { ferrolb: 3, metallb: 1 },
  calmMs: { ferrolb: 300, metallb: 300 },
  burst: 30,
  disturbed: 20,
  attributes: 20,
  memory: [0, 50],
  idleS: 2,
  churnS: 3,
  adopted: 50,
  loadS: 1,
  shared: 12,
  breaks: { ferrolb: 1, metallb: 1 },
};
