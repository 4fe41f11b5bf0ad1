import { expect } from "chai";
import fc from "fast-check";
import { percentile, ratioOf, summaryOf } from "../../bench/core/stats.ts";

describe("statistics of the bench", () => {
  const TEN = [9, 1, 8, 2, 7, 3, 6, 4, 5, 10];
  const cases: [share: number, values: readonly number[], then: number][] = [
    [0.5, TEN, 5],
    [0.95, TEN, 10],
    [0.9, TEN, 9],
    [0, TEN, 1],
    [1, TEN, 10],
    [0.95, [7], 7],
    [0.5, [2, 1], 1],
  ];
  for (const [share, values, then] of cases)
    it(`${share} of ${values.length} values -> ${then}`, () =>
      expect(percentile(values, share)).to.equal(then));

  it("of nothing there is no percentile", () => expect(percentile([], 0.5)).to.be.NaN);

  it("a percentile is one of the values, and a larger share gives no smaller one", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, a, b) => {
          const [less, more] = [Math.min(a, b), Math.max(a, b)];
          expect(values).to.include(percentile(values, a));
          expect(percentile(values, less)).to.be.at.most(percentile(values, more));
        },
      ),
    ));

  it("leaves its input as it was", () => {
    const values = [3, 1, 2];
    summaryOf(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });

  it("a ratio above 1 is better, whatever better means", () => {
    expect(ratioOf(100, 3600, "less")).to.equal(36);
    expect(ratioOf(100, 50, "more")).to.equal(2);
  });
  it("there is no ratio to nothing", () => {
    expect(ratioOf(0, 3600, "less")).to.equal(null);
    expect(ratioOf(1, NaN, "less")).to.equal(null);
  });
});
