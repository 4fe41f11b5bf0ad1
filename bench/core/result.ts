/** A row measured: what each system needed, and whether that is within the budget. Pure. */
import type { Budget, RowSpec } from "./rows.ts";
import { ratioOf, summaryOf } from "./stats.ts";
import type { Summary } from "./stats.ts";

export const SYSTEMS = ["ferrolb", "metallb"] as const;
export type SystemName = (typeof SYSTEMS)[number];

/** Of one system and one row. */
export type Outcome =
  | { readonly kind: "measured"; readonly values: readonly number[]; readonly note: string | null }
  | { readonly kind: "failed"; readonly why: string }
  /** Not part of this run: MetalLB's binaries were not given. */
  | { readonly kind: "absent" };

export type Verdict = "met" | "missed" | "unknown" | "none";

export interface Result extends RowSpec {
  readonly outcomes: Readonly<Record<SystemName, Outcome>>;
  readonly summaries: Readonly<Record<SystemName, Summary | null>>;
  /** By how much FerroLB is better at p50; null where a value is missing or zero. */
  readonly ratio: number | null;
  readonly verdict: Verdict;
  /** FRR of the nodes, and when it was measured, ISO 8601. */
  readonly frr: string;
  readonly at: string;
  /** Processes that wanted a core at that time, on average over a minute: what else the machine did. */
  readonly load: number;
}

export function resultOf(
  spec: RowSpec,
  outcomes: Result["outcomes"],
  when: Pick<Result, "frr" | "at" | "load">,
): Result {
  const of = (o: Outcome): Summary | null =>
    o.kind === "measured" && o.values.length > 0 ? summaryOf(o.values) : null;
  const summaries = { ferrolb: of(outcomes.ferrolb), metallb: of(outcomes.metallb) };
  return {
    ...spec,
    outcomes,
    summaries,
    ratio: ratioOf(summaries.ferrolb?.p50 ?? NaN, summaries.metallb?.p50 ?? NaN, spec.better),
    verdict: verdictOf(spec.budget, summaries),
    ...when,
  };
}

/** `unknown` where the budget cannot be judged: the row failed, or MetalLB is not there to compare with. */
export function verdictOf(budget: Budget | null, summaries: Result["summaries"]): Verdict {
  if (budget === null) return "none";
  const { ferrolb, metallb } = summaries;
  if (ferrolb === null) return "unknown";
  const reached = ferrolb[budget.of];
  switch (budget.kind) {
    case "atMost":
      return reached <= budget.value ? "met" : "missed";
    case "atLeast":
      return reached >= budget.value ? "met" : "missed";
    case "noMoreThanPeer":
      if (metallb === null) return "unknown";
      return reached <= metallb[budget.of] ? "met" : "missed";
    default:
      return budget satisfies never;
  }
}

/** Rows of an earlier run that this one did not measure, and this one's, in the order of `order`; others last. */
export function merged(
  earlier: readonly Result[],
  now: readonly Result[],
  order: readonly string[],
): readonly Result[] {
  const keyOf = ({ id, frr }: Result): string => `${id} ${frr}`;
  const all = new Map([...earlier, ...now].map((r) => [keyOf(r), r]));
  const rank = ({ id }: Result): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...all.values()].sort((a, b) => rank(a) - rank(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
}
