import { expect } from "chai";
import fc from "fast-check";
import { classNumbers, sequencesFor } from "../../src/bgp/class-number.ts";

describe("class numbers come from content", () => {
  it("do not move when others come and go", () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), fc.string(), (keys, extra) => {
        const before = classNumbers(keys);
        const after = classNumbers([...keys, extra]);
        for (const key of keys) expect(after.get(key)).to.equal(before.get(key));
      }),
    ));

  it("stay in FRR's ranges, each once", () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 200 }), (keys) => {
        const numbers = [...classNumbers(keys).values()];
        const sequences = [...sequencesFor(numbers).values()];
        expect(new Set(numbers).size).to.equal(keys.length);
        expect(new Set(sequences).size).to.equal(keys.length);
        for (const n of numbers) expect(n).to.be.within(1, 2 ** 32 - 1);
        for (const s of sequences) expect(s).to.be.within(1, 65534);
      }),
    ));

  it("probe on where two meet, in an order that only content decides", () => {
    const same = (): number => 7;
    const expected = new Map([
      ["a", 8],
      ["b", 9],
      ["c", 10],
    ]);
    expect(classNumbers(["c", "a", "b"], same)).to.deep.equal(expected);
    expect(classNumbers(["b", "c", "a"], same)).to.deep.equal(expected);
  });

  it("wrap around at the end of the range", () =>
    expect([...sequencesFor([1, 2], () => 65533).values()]).to.deep.equal([65534, 1]));
});
