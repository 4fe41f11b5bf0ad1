import { expect } from "chai";
import { createLedger } from "../../bench/core/ledger.ts";
import { FULL, QUICK } from "../../bench/core/plan.ts";
import { merged, resultOf, verdictOf } from "../../bench/core/result.ts";
import type { Outcome, Result, Verdict } from "../../bench/core/result.ts";
import { rowsFor } from "../../bench/core/rows.ts";
import type { Budget, RowSpec } from "../../bench/core/rows.ts";
import { svgOf } from "../../bench/core/svg.ts";
import { markdownTable, notesOf, numberText, plainTable } from "../../bench/core/table.ts";
import { summaryOf } from "../../bench/core/stats.ts";

const WHEN = { frr: "8.4", at: "2026-01-01T00:00:00.000Z", load: 1.5 };
const measured = (...values: readonly number[]): Outcome => ({
  kind: "measured",
  values,
  note: null,
});
const ABSENT: Outcome = { kind: "absent" };
const row = (budget: Budget | null, id = "create-0"): RowSpec => ({
  ...{ id, group: "routes", what: "Service created, to its route", unit: "ms", better: "less" },
  budget,
});
const result = (ferrolb: Outcome, metallb: Outcome, budget: Budget | null = null): Result =>
  resultOf(row(budget), { ferrolb, metallb }, WHEN);

describe("rows of the bench", () => {
  for (const [name, plan] of Object.entries({ FULL, QUICK }))
    it(`${name}: every row has an id of its own`, () => {
      const ids = rowsFor(plan).map(({ id }) => id);
      expect(new Set(ids).size).to.equal(ids.length);
    });

  const AT_MOST: Budget = { kind: "atMost", value: 300, of: "p95" };
  const AT_LEAST: Budget = { kind: "atLeast", value: 99, of: "p50" };
  const PEER: Budget = { kind: "noMoreThanPeer", of: "p50" };
  const cases: [what: string, budget: Budget | null, ours: number[], theirs: number[], Verdict][] =
    [
      ["at the limit", AT_MOST, [100, 300], [3600], "met"],
      ["one of many beyond it", AT_MOST, [...Array<number>(19).fill(100), 900], [], "met"],
      ["one of few beyond it", AT_MOST, [100, 100, 301], [], "missed"],
      ["enough", AT_LEAST, [99.5], [], "met"],
      ["too little", AT_LEAST, [80], [], "missed"],
      ["as much as MetalLB", PEER, [75], [75], "met"],
      ["more than MetalLB", PEER, [76], [75], "missed"],
      ["no MetalLB to compare with", PEER, [76], [], "unknown"],
      ["nothing measured", AT_MOST, [], [3600], "unknown"],
      ["no budget", null, [1], [1], "none"],
    ];
  for (const [what, budget, ours, theirs, verdict] of cases)
    it(`${what} -> ${verdict}`, () => {
      const of = (values: readonly number[]) => (values.length > 0 ? summaryOf(values) : null);
      expect(verdictOf(budget, { ferrolb: of(ours), metallb: of(theirs) })).to.equal(verdict);
    });

  it("values of several rounds are one row; what failed says why, and only where nothing is", () => {
    const specs = [row(null), row(null, "delete-0")];
    const ledger = createLedger(specs, ["ferrolb", "metallb"]);
    ledger.add("create-0", "ferrolb", [1]);
    ledger.add("create-0", "ferrolb", [3], "slow");
    ledger.failed("routes", "ferrolb", "no route");
    const [create, del] = ledger.results(WHEN);
    expect(create?.outcomes.ferrolb).to.deep.equal({
      kind: "measured",
      values: [1, 3],
      note: "slow",
    });
    expect(create?.outcomes.metallb).to.deep.equal(ABSENT);
    expect(del?.outcomes.ferrolb).to.deep.equal({ kind: "failed", why: "no route" });
    expect(() => ledger.add("create-7", "ferrolb", [1])).to.throw("no row create-7");
  });
  it("rows that nobody asked for are not in the table", () =>
    expect(createLedger([row(null)], ["ferrolb"]).results(WHEN)).to.deep.equal([]));

  it("what was measured later replaces the same row with the same FRR", () => {
    const old = result(measured(1), ABSENT);
    const now = result(measured(2), ABSENT);
    const ten = { ...old, frr: "10.3" };
    const kept = { ...old, id: "gone" };
    expect(merged([kept, old, ten], [now], ["create-0"])).to.deep.equal([ten, now, kept]);
  });
});

describe("what people see of the bench", () => {
  const both = result(measured(90, 110), measured(3600), { kind: "atMost", value: 300, of: "p95" });
  const failed = result({ kind: "failed", why: "no | route" }, ABSENT);

  it("has medians, the ratio, the budget and the verdict on one line", () => {
    const [, line = ""] = plainTable([both]).split("\n");
    for (const word of ["90 / 110 ms (2)", "3600 / 3600 ms (1)", "40x", "p95 <= 300 ms", "met"])
      expect(line).to.contain(word);
  });
  it("says what failed", () => {
    expect(plainTable([failed])).to.contain("failed");
    expect(notesOf([failed])).to.deep.equal(["create-0, FerroLB: FAILED: no | route"]);
  });
  it("is a Markdown table whose cells cannot break out", () => {
    const lines = markdownTable([{ ...both, what: "a | b" }]).split("\n");
    expect(lines).to.have.length(3);
    expect(lines[2]).to.contain("a \\| b");
  });
  const numbers: [value: number, text: string][] = [
    [0, "0"],
    [0.0342, "0.034"],
    [1.25, "1.3"],
    [37.04, "37"],
    [3612.4, "3612"],
  ];
  for (const [value, text] of numbers)
    it(`${value} is ${text}`, () => expect(numberText(value)).to.equal(text));

  it("is a chart without anything from elsewhere, for light and dark", () => {
    const svg = svgOf([both, failed, { ...both, what: 'a "<b>" & c' }], "t & t");
    expect(svg).to.match(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.to.match(
      /https?:|<script|@import|url\(/,
    );
    expect(svg).to.contain("prefers-color-scheme: dark");
    expect(svg).to.contain("t &amp; t").and.to.contain("&lt;b&gt;").and.not.to.contain("NaN");
    expect(svg.match(/class="ferrolb" x="430"/g)).to.have.length(2);
    expect(svg.match(/<line class="budget"/g)).to.have.length(2);
  });
  it("has no bar for nothing, and none beyond the picture", () => {
    const zero = result(measured(0), measured(296), { kind: "atMost", value: 0, of: "most" });
    const widths = [...svgOf([zero], "t").matchAll(/x="430" y="\d+" width="([^"]+)"/g)].map((m) =>
      Number(m[1]),
    );
    expect(widths[0]).to.equal(0);
    expect(widths[1])
      .to.be.above(0)
      .and.at.most(960 - 430);
  });
});
