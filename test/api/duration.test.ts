import { expect } from "chai";
import fc from "fast-check";
import {
  formatDuration,
  parseDuration,
  tryParseDuration,
  wholeMilliseconds,
  wholeSeconds,
} from "../../src/api/duration.ts";

describe("Go duration text", () => {
  // Results of Go's time.ParseDuration and Duration.String; null: refused.
  const cases: [text: string, nanoseconds: bigint | null, written?: string][] = [
    ["0", 0n, "0s"],
    ["0s", 0n, "0s"],
    ["-0", 0n, "0s"],
    ["90s", 90_000_000_000n, "1m30s"],
    ["1m30s", 90_000_000_000n, "1m30s"],
    ["1h", 3_600_000_000_000n, "1h0m0s"],
    ["18h12m15s", 65_535_000_000_000n, "18h12m15s"],
    ["500ms", 500_000_000n, "500ms"],
    ["1.5s", 1_500_000_000n, "1.5s"],
    [".5s", 500_000_000n, "500ms"],
    ["1.s", 1_000_000_000n, "1s"],
    ["+3s", 3_000_000_000n, "3s"],
    ["-1.5h", -5_400_000_000_000n, "-1h30m0s"],
    ["1us", 1_000n, "1\u00b5s"],
    ["1\u00b5s", 1_000n, "1\u00b5s"],
    ["1\u03bcs", 1_000n, "1\u00b5s"],
    ["1.5us", 1_500n, "1.5\u00b5s"],
    ["7ns", 7n, "7ns"],
    ["0.3ns", 0n, "0s"],
    ["1s2m", 121_000_000_000n, "2m1s"],
    ["00000000000000000000000001s", 1_000_000_000n, "1s"],
    ["9223372036854775807ns", 9_223_372_036_854_775_807n, "2562047h47m16.854775807s"],
    ["-9223372036854775808ns", -9_223_372_036_854_775_808n, "-2562047h47m16.854775808s"],
    ["9223372036854775808ns", null],
    ["2562048h", null],
    ["", null],
    ["-", null],
    [".s", null],
    ["90", null],
    ["s", null],
    ["1 s", null],
    [" 1s", null],
    ["1d", null],
    ["1S", null],
    ["1e3s", null],
    ["1.5.5s", null],
    ["--1s", null],
    ["1s\n", null],
    ["\u0967s", null],
    [`${"9".repeat(100_000)}s`, null],
  ];
  for (const [text, nanoseconds, written] of cases)
    it(`${JSON.stringify(text.slice(0, 40))} -> ${written ?? "refused"}`, () => {
      expect(tryParseDuration(text)).to.equal(nanoseconds);
      if (nanoseconds !== null) expect(formatDuration(nanoseconds)).to.equal(written);
    });

  it("throws a code of the catalogue", () =>
    expect(() => parseDuration("90"))
      .to.throw()
      .with.property("code", "ERR_BAD_DURATION"));

  it("cuts towards zero", () => {
    expect([2_999_999_999n, -900_000_000n].map(wholeSeconds)).to.deep.equal([2, 0]);
    expect([1_999_999n, -1_999_999n].map(wholeMilliseconds)).to.deep.equal([1, -1]);
  });

  it("reads back what it writes", () =>
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (ns) => {
        expect(tryParseDuration(formatDuration(ns))).to.equal(ns);
      }),
    ));

  it("never throws", () =>
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => void tryParseDuration(text))));
});
