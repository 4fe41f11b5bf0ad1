import { expect } from "chai";
import { changedAt } from "../../src/manifests/changed-at.ts";

describe("when a file was changed", () => {
  /** Its `now` is 5000 at a time of day of 100,000. */
  const clock = { now: () => 5000, date: () => new Date(100_000), after: () => () => undefined };

  const cases: [given: string, ctimeMs: number, noticedMs: number, then: number][] = [
    ["noticed late: as the kernel stamped it", 99_700, 4990, 4700],
    ["stamped after it was noticed, as by another clock: as noticed", 99_999, 4990, 4990],
    ["stamped long ago, as by another clock: as noticed", 98_000, 4990, 4990],
    ["stamped in the future: as noticed", 101_000, 4990, 4990],
  ];
  for (const [given, ctimeMs, noticedMs, then] of cases)
    it(given, () => expect(changedAt(ctimeMs, noticedMs, clock)).to.equal(then));
});
