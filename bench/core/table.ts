/** Results as a table for people: plain, or Markdown for a page. Pure. */
import { table } from "../../src/cli/output.ts";
import type { Budget } from "./rows.ts";
import type { Outcome, Result, SystemName } from "./result.ts";

const HEADER = ["what", "FerroLB p50/p95", "MetalLB p50/p95", "ratio", "budget", "verdict"];

export const plainTable = (results: readonly Result[]): string =>
  table(HEADER, results.map(cellsOf));

export const markdownTable = (results: readonly Result[]): string =>
  [HEADER, HEADER.map(() => "---"), ...results.map(cellsOf)]
    .map((cells) => `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");

/** One line per row or system that has a reason or a remark. */
export const notesOf = (results: readonly Result[]): readonly string[] =>
  results.flatMap((r) =>
    (["ferrolb", "metallb"] as const).flatMap((system) => {
      const outcome = r.outcomes[system];
      const said = outcome.kind === "failed" ? `FAILED: ${outcome.why}` : noteOf(outcome);
      return said === null ? [] : [`${r.id}, ${NAMES[system]}: ${said}`];
    }),
  );

export const NAMES: Readonly<Record<SystemName, string>> = {
  ferrolb: "FerroLB",
  metallb: "MetalLB",
};

const noteOf = (outcome: Outcome): string | null =>
  outcome.kind === "measured" ? outcome.note : null;

const cellsOf = (r: Result): readonly string[] => [
  r.what,
  valueOf(r, "ferrolb"),
  valueOf(r, "metallb"),
  r.ratio === null ? "-" : `${numberText(r.ratio)}x`,
  r.budget === null ? "-" : budgetText(r.budget, r.unit),
  r.verdict === "none" ? "-" : r.verdict,
];

function valueOf({ outcomes, summaries, unit }: Result, system: SystemName): string {
  const [outcome, summary] = [outcomes[system], summaries[system]];
  if (outcome.kind === "failed") return "failed";
  if (summary === null) return "-";
  return `${numberText(summary.p50)} / ${numberText(summary.p95)} ${unit} (${summary.count})`;
}

const budgetText = (budget: Budget, unit: string): string => {
  switch (budget.kind) {
    case "atMost":
      return `${budget.of} <= ${numberText(budget.value)} ${unit}`;
    case "atLeast":
      return `${budget.of} >= ${numberText(budget.value)} ${unit}`;
    case "noMoreThanPeer":
      return "<= MetalLB's";
    default:
      return budget satisfies never;
  }
};

/** Three digits are enough for people: 0.034, 1.2, 37, 3612. */
export function numberText(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
}
