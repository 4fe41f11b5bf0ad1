/** Results as files: JSON for programs, a chart and a Markdown table for pages. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { merged } from "./core/result.ts";
import type { Result } from "./core/result.ts";
import { svgOf } from "./core/svg.ts";
import { markdownTable, notesOf } from "./core/table.ts";

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
}

export const machine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? "",
  memoryGb: Math.round(totalmem() / 1e9),
  kernel: release(),
  node: process.version,
});

interface Saved {
  readonly machine: Machine;
  readonly results: readonly Result[];
}

/** Of the last run in the directory; nothing where there was none. */
export async function savedIn(dir: string): Promise<readonly Result[]> {
  const text = await readFile(join(dir, "results.json"), "utf8").catch(() => null);
  return text === null ? [] : (JSON.parse(text) as Saved).results;
}

/** Writes results.json, table.md and chart.svg; returns all rows, earlier ones included. */
export async function save(
  dir: string,
  earlier: readonly Result[],
  now: readonly Result[],
  order: readonly string[],
): Promise<readonly Result[]> {
  const results = merged(earlier, now, order);
  const saved: Saved = { machine: machine(), results };
  const notes = notesOf(results).map((note) => `- ${note}`);
  await mkdir(dir, { recursive: true });
  const versions = [...new Set(results.map(({ frr }) => frr))];
  const sections = versions.map((frr) => {
    const rows = results.filter((r) => r.frr === frr);
    return `FRR ${frr} on the nodes:\n\n${markdownTable(rows)}\n`;
  });
  await replace(join(dir, "results.json"), `${JSON.stringify(saved, null, 2)}\n`);
  await replace(join(dir, "table.md"), `${[...sections, ...notes].join("\n")}\n`);
  for (const frr of versions) {
    const rows = results.filter((r) => r.frr === frr);
    const title = `FerroLB and MetalLB 0.16.1, FRR ${frr}, ${cpus().length} cores`;
    await replace(join(dir, frr === "8.4" ? "chart.svg" : `chart-${frr}.svg`), svgOf(rows, title));
  }
  return results;
}

/** Whole or not at all. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
