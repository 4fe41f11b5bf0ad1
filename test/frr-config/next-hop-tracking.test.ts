import { expect } from "chai";
import { deltaFor } from "../../src/frr-config/delta.ts";
import { parseTree } from "../../src/frr-config/tree.ts";

const LINES = ["ip nht resolve-via-default", "ipv6 nht resolve-via-default"];

describe("next-hop tracking over the default route", () => {
  const cases: readonly (readonly [given: string, running: readonly string[], then: number])[] = [
    ["FRR 8.4 without it", ["frr version 8.4.4"], 2],
    ["FRR 8.4 with it", ["frr version 8.4.4", ...LINES], 0],
    ["FRR 10.3, whose default it is", ["frr version 10.3"], 0],
  ];
  for (const [given, running, then] of cases)
    it(`${given}: ${then} commands`, () => {
      const delta = deltaFor(parseTree(running.join("\n")), parseTree(LINES.join("\n")));
      expect(delta.commands).to.have.length(then);
    });
});
