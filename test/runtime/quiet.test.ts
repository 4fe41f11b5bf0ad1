import { expect } from "chai";
import { lookAt, untidySince } from "../../src/runtime/quiet.ts";
import type { Holding } from "../../src/runtime/quiet.ts";

const MB = 1e6;

/** A look each ten seconds: resident MB, seconds since the last change; which looks tidied. */
function tidied(...looks: readonly (readonly [residentMb: number, quietS: number])[]): boolean[] {
  let holding: Holding = untidySince(0);
  return looks.map(([residentMb, quietS], i) => {
    const atMs = (i + 1) * 10_000;
    const changedMs = atMs - quietS * 1000;
    holding = lookAt(holding, { resident: residentMb * MB, atMs, changedMs });
    return holding.isTidied;
  });
}

describe("when memory is tidied", () => {
  it("once a start is over, and then only when it grew", () => {
    expect(tidied([70, 10], [42, 20], [43, 30], [44, 40])).to.deep.equal([
      ...[true, false, false, false],
    ]);
  });
  it("not while changes come", () => {
    expect(tidied([70, 0], [75, 1], [80, 2.9], [80, 3])).to.deep.equal([false, false, false, true]);
  });
  it("where changes never end, once a minute", () => {
    const busy = Array.from({ length: 12 }, (_, i) => [70 + 5 * i, 0] as const);
    expect(tidied(...busy).flatMap((was, i) => (was ? [i] : []))).to.deep.equal([5, 11]);
  });
  it("what stands after a tidying is needed: it is not fought for", () => {
    expect(tidied([70, 10], [60, 20], [60, 30], [62, 40], [64, 50], [61, 60])).to.deep.equal([
      ...[true, false, false, false, true, false],
    ]);
  });
  it("after a burst once more, and from the lowest that it ever stood at since", () => {
    expect(tidied([70, 10], [50, 20], [40, 30], [44, 40], [41, 50])).to.deep.equal([
      ...[true, false, false, true, false],
    ]);
  });
});
