/** The wrong versions of a run's objects are wrong, and are of objects that there are. */
import { expect } from "chai";
import { brokenVersion, refusedVersion } from "../../chaos/broken-objects.ts";
import { configuration } from "../../chaos/world.ts";
import { parsed } from "../config/support.ts";

const OBJECTS = new Map(Object.entries(configuration("blue")));
const all = [...OBJECTS.values()].flat();
const errorsIn = (objects: readonly object[]): readonly string[] =>
  parsed(...objects)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ object }) => `${object.kind} ${object.name}`);

describe("objects that a run breaks", () => {
  it("are well before", () => expect(errorsIn(all)).to.deep.equal([]));

  for (const [name, version] of [
    ["the schema refuses", refusedVersion],
    ["the schema takes and the rules refuse", brokenVersion],
  ] as const)
    it(`${name}: each is an error of that object`, () => {
      const seen = new Set<string>();
      for (let dice = 0; dice < 20; dice++) {
        const { good, bad } = version(OBJECTS, dice);
        expect(bad).not.to.deep.equal(good);
        const { name: own } = bad["metadata"] as { readonly name: string };
        const errors = errorsIn(all.map((o) => (o === good ? bad : o)));
        expect(errors).to.include(`${String(bad["kind"])} ${own}`);
        seen.add(JSON.stringify(bad));
      }
      expect(seen.size).to.be.greaterThan(5);
    });
});
