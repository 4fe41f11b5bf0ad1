import { expect } from "chai";
import fc from "fast-check";
import type { ServiceKey } from "../../src/api/objects.ts";
import type { L2Decision } from "../../src/l2/decision.ts";
import { movesBetween } from "../../src/l2/moves.ts";
import { parseIp } from "../../src/net/ip.ts";

const decisions = (
  owners: Readonly<Record<string, string | null>>,
): ReadonlyMap<ServiceKey, L2Decision> =>
  new Map(
    Object.entries(owners).map(([ip, winner], i) => [
      `default/s${i}`,
      { addresses: [{ ip: parseIp(ip), winner }] } as unknown as L2Decision,
    ]),
  );

describe("addresses that move", () => {
  it("are those with another owner, by address", () => {
    const before = decisions({
      "192.0.2.10": "a",
      "192.0.2.9": "a",
      "192.0.2.8": "b",
      "192.0.2.7": null,
    });
    const after = decisions({
      "192.0.2.10": "b",
      "192.0.2.9": "c",
      "192.0.2.8": "b",
      "192.0.2.7": "a",
    });
    expect(movesBetween(before, after)).to.deep.equal([
      { ip: "192.0.2.9", from: "a", to: "c" },
      { ip: "192.0.2.10", from: "a", to: "b" },
    ]);
  });
  it("are none between equal states", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.ipV4(), fc.constantFrom("a", "b", null))), (list) => {
        const state = decisions(Object.fromEntries(list));
        expect(movesBetween(state, state)).to.deep.equal([]);
      }),
    );
  });
});
