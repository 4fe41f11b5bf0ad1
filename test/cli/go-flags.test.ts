import { expect } from "chai";
import { goFlags } from "../../src/cli/go-flags.ts";

describe("flags in Go's syntax", () => {
  const booleans = new Set(["ignore-exclude-lb"]);
  const cases: [given: string, then: string][] = [
    ["-node-name n1", "--node-name n1"],
    ["--node-name=n1", "--node-name=n1"],
    ["-log-level=debug", "--log-level=debug"],
    ["--ignore-exclude-lb", "--ignore-exclude-lb=true"],
    ["-ignore-exclude-lb=false", "--ignore-exclude-lb=false"],
    ["-f x -h -", "-f x -h -"],
    ["speaker value", "speaker value"],
  ];
  for (const [given, then] of cases)
    it(`${given} -> ${then}`, () =>
      expect(goFlags(given.split(" "), booleans).join(" ")).to.equal(then));
});
