/** What a run found, for people. The JSON is the report itself. */
import { KIND_NAMES } from "./kinds.ts";
import type { Long, Violation, Worst } from "./judge.ts";

export interface Excerpt {
  readonly log: string;
  readonly lines: readonly string[];
}

export interface Report {
  readonly seed: number;
  readonly minutes: number;
  readonly services: number;
  /** Of the nodes; null: one of each. */
  readonly frr: string | null;
  readonly fencing: string;
  /** What the lab followed. */
  readonly source: string;
  /** Null: all. */
  readonly kinds: readonly string[] | null;
  /** Replays it. */
  readonly command: string;
  /** How long faults were injected, in ms; less than asked for when it was interrupted. */
  readonly ranMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly rounds: number;
  readonly routeLooks: number;
  /** The checker itself was kept from looking for so long. */
  readonly blindMs: number;
  /** The machine's load (average of a minute) per core, at most. */
  readonly busiest: number;
  readonly violations: readonly (Violation & { readonly excerpts: readonly Excerpt[] })[];
  readonly worst: readonly Worst[];
  /** When the longest of each sort were, for a closer look. */
  readonly longest: readonly Long[];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export function reportText(r: Report): string {
  const total = Object.values(r.faults).reduce((a, b) => a + b, 0);
  return [
    `chaos: seed ${r.seed}, ${(r.ranMs / 60_000).toFixed(1)} min, ${r.services} Services, FRR ${r.frr ?? "8.4 and 10.3"}, fencing by ${r.fencing}, on ${r.source === "cluster" ? "an API server" : "a directory"}`,
    `again: ${r.command}`,
    `looked: ${r.rounds} rounds of ARP and NDP, ${r.routeLooks} at routers' kernels; blind for ${seconds(r.blindMs)}; load at most ${r.busiest.toFixed(1)} a core`,
    "",
    `faults: ${total}, and ${r.changes} changes of Services`,
    ...KIND_NAMES.filter((k) => (r.faults[k] ?? 0) > 0).map(
      (k) => `  ${k.padEnd(20)} ${String(r.faults[k]).padStart(4)}`,
    ),
    "",
    "worst, by what was wrong and what was at work (longest, how often):",
    ...worstLines(r.worst),
    "",
    `violations: ${r.violations.length}`,
    ...r.violations.flatMap(violationLines),
  ].join("\n");
}

const LINES_PER_KIND = 6;

function worstLines(worst: readonly Worst[]): readonly string[] {
  const kinds = ["gap", "two", "stray", "missing", "stale"] as const;
  return kinds.flatMap((what) =>
    worst
      .filter((w) => w.what === what)
      .slice(0, LINES_PER_KIND)
      .map(
        (w) =>
          `  ${what.padEnd(8)} ${seconds(w.ms).padStart(9)} ${String(w.times).padStart(5)}x  ${w.faults}`,
      ),
  );
}

const violationLines = (v: Report["violations"][number]): readonly string[] => [
  `  ${new Date(v.atMs).toISOString()} ${v.what} ${v.object}: ${v.seen}, for ${seconds(v.atMs - v.fromMs)}, allowed ${seconds(v.toleranceMs)}`,
  `    at work: ${v.faults.join(", ") || "nothing"}`,
  ...v.excerpts.flatMap(({ log, lines }) => [
    `    ${log}:`,
    ...lines.map((line) => `      ${line.slice(0, 300)}`),
  ]),
];
