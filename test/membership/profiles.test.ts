import { expect } from "chai";
import { AppError } from "../../src/errors.ts";
import { PROFILES, timingFromFile } from "../../src/membership/profiles.ts";
import { quorumOf } from "../../src/membership/quorum.ts";
import type { QuorumState } from "../../src/membership/quorum.ts";

describe("memberlist tuning file", () => {
  it("lies over the LAN defaults", () => {
    const timing = timingFromFile(
      '{"ProbeInterval":"200ms","SuspicionMult":2,"DisableTcpPings":true}',
    );
    expect(timing).to.deep.equal({
      ...PROFILES.memberlist,
      probeIntervalMs: 200,
      suspicionMult: 2,
      tcpPings: false,
    });
  });
  //                                     text                            names
  const bad: [given: string, text: string, names: RegExp][] = [
    ["no JSON", "{", /not JSON/],
    ["a list", "[]", /not an object/],
    ["a bare number for a duration", '{"ProbeInterval": 5}', /ProbeInterval/],
    ["an unknown unit", '{"GossipInterval": "5 parsec"}', /GossipInterval/],
    ["a fraction", '{"GossipNodes": 1.5}', /GossipNodes/],
    ["a text for a flag", '{"EnableCompression": "yes"}', /EnableCompression/],
    ["a misspelt key", '{"ProbeIntervall": "1s"}', /ProbeIntervall/],
  ];
  for (const [given, text, names] of bad)
    it(`refuses ${given}`, () => expect(() => timingFromFile(text)).to.throw(AppError, names));
});

describe("quorum", () => {
  const at = (...list: [string, "alive" | "suspect" | "dead" | "left"][]) =>
    list.map(([name, state]) => ({ name, state }));
  const all = at(["a", "alive"], ["b", "alive"], ["c", "alive"]);
  const known: QuorumState = { known: ["a", "b", "c"] };
  const cases: [
    string,
    QuorumState,
    ReturnType<typeof at>,
    ((n: string) => boolean) | null,
    boolean,
    string,
  ][] = [
    ["everybody alive", { known: [] }, all, null, true, "abc"],
    [
      "one of three dead",
      known,
      at(["a", "alive"], ["b", "suspect"], ["c", "dead"]),
      null,
      true,
      "abc",
    ],
    [
      "two of three dead",
      known,
      at(["a", "alive"], ["b", "dead"], ["c", "dead"]),
      null,
      false,
      "abc",
    ],
    ["dead ones no longer in the records count", known, at(["a", "alive"]), null, false, "abc"],
    ["half of two", { known: ["a", "b"] }, at(["a", "alive"]), null, false, "ab"],
    [
      "the other one has left",
      { known: ["a", "b"] },
      at(["a", "alive"], ["b", "left"]),
      null,
      true,
      "a",
    ],
    ["the others' nodes were deleted", known, at(["a", "alive"]), (n) => n === "a", true, "a"],
    ["alone from the start", { known: [] }, at(["a", "alive"]), null, true, "a"],
  ];
  for (const [given, before, members, exists, holds, after] of cases)
    it(`${given}: ${holds ? "holds" : "stops"}`, () => {
      const view = quorumOf(before, members, exists);
      expect(view.holds).to.equal(holds);
      expect(view.state.known.join("")).to.equal(after);
    });
});
