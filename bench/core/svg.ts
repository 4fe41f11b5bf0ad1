/** Results as a picture: a pair of bars per row on a logarithmic scale, readable on light and dark. Pure. */
import { NAMES, numberText } from "./table.ts";
import { SYSTEMS } from "./result.ts";
import type { Result, SystemName } from "./result.ts";

const WIDTH = 960;
const LEFT = 430;
const RIGHT = 130;
const ROW = 40;
const HEAD = 56;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.small { font-size: 11px; fill: #57606a; }
.ferrolb { fill: #0969da; } .metallb { fill: #bc4c00; }
.budget { stroke: #1a7f37; stroke-width: 2; } .missed { stroke: #cf222e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; }
  .ferrolb { fill: #4493f8; } .metallb { fill: #f0883e; }
  .budget { stroke: #3fb950; } .missed { stroke: #f85149; }
}`;

/** A document of its own; rows without a value are left out, the background is the page's. */
export function svgOf(results: readonly Result[], title: string): string {
  const rows = results.filter((r) => r.summaries.ferrolb !== null || r.summaries.metallb !== null);
  const height = HEAD + rows.length * ROW + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<text x="12" y="22">${escaped(title)}</text>`,
    `<text class="small" x="12" y="40">p50 of each row, logarithmic and to each row's own scale; the line is FerroLB's budget</text>`,
    ...SYSTEMS.map(
      (system, i) =>
        `<rect class="${system}" x="${WIDTH - 220 + i * 100}" y="12" width="12" height="12"/>` +
        `<text x="${WIDTH - 202 + i * 100}" y="22">${NAMES[system]}</text>`,
    ),
    ...rows.map((row, i) => rowOf(row, HEAD + i * ROW)),
    "</svg>",
    "",
  ].join("\n");
}

function rowOf(r: Result, y: number): string {
  const values = SYSTEMS.map((system) => r.summaries[system]?.p50 ?? 0);
  const limit = limitOf(r);
  const scale = scaleFor([...values, limit ?? 0]);
  const bar = (system: SystemName, i: number): string => {
    const summary = r.summaries[system];
    if (summary === null) return "";
    const top = y + 4 + i * 14;
    const width = scale(summary.p50).toFixed(1);
    return (
      `<rect class="${system}" x="${LEFT}" y="${top}" width="${width}" height="11" rx="2"/>` +
      `<text class="small" x="${(LEFT + Number(width) + 5).toFixed(1)}" y="${top + 10}">${numberText(summary.p50)} ${escaped(r.unit)}</text>`
    );
  };
  const at = limit === null ? "" : (LEFT + scale(limit)).toFixed(1);
  const line =
    limit === null
      ? ""
      : `<line class="budget${r.verdict === "missed" ? " missed" : ""}" x1="${at}" x2="${at}" y1="${y + 1}" y2="${y + 32}"/>`;
  return `<text class="small" x="12" y="${y + 21}">${escaped(shortened(r.what))}</text>${SYSTEMS.map(bar).join("")}${line}`;
}

const limitOf = ({ budget }: Result): number | null =>
  budget === null || budget.kind === "noMoreThanPeer" || budget.value === 0 ? null : budget.value;

/** Length of a bar: 0 has none, and a tenth of the largest value is still well seen. */
function scaleFor(values: readonly number[]): (value: number) => number {
  const positive = values.filter((v) => v > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const base = Math.log10(least) - 0.5;
  const span = Math.log10(most) - base;
  return (value) => (value <= 0 ? 0 : ((Math.log10(value) - base) / span) * (WIDTH - LEFT - RIGHT));
}

const shortened = (text: string): string => (text.length > 68 ? `${text.slice(0, 67)}…` : text);
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
