import { expect } from "chai";
import { DOUBTFUL_MS, SETTLED_MS, patienceFor } from "../../src/manifests/patience.ts";
import type { Sighting } from "../../src/manifests/patience.ts";

const TEXT = "kind: Service\nname: web\n---\nkind: Node\nname: n1\n";
const before = { text: TEXT, length: TEXT.length, endsWithNewline: true };
const lastRun = { ...before, text: null };

describe("how long a file must lie still", () => {
  const cases: [given: string, sighting: Partial<Sighting>, then: number | "hold"][] = [
    ["a new file", { before: null }, SETTLED_MS],
    ["a new file without a newline at its end", { before: null, text: "a: 1" }, DOUBTFUL_MS],
    ["a broken file", { broken: true }, DOUBTFUL_MS],
    ["an edit that makes it longer", { text: `${TEXT}# more\n` }, SETTLED_MS],
    ["an edit that makes it shorter", { text: "kind: Service\n" }, DOUBTFUL_MS],
    ["a shorter file renamed into place", { text: "a: 1\n", replaced: true }, SETTLED_MS],
    ["an empty file", { text: "" }, "hold"],
    ["blanks and newlines", { text: " \n\n" }, "hold"],
    ["zeros of a file that was never flushed", { text: "\0\0\0" }, "hold"],
    ["a comment alone", { text: "# gone\n" }, DOUBTFUL_MS],
    ["cut off inside a line", { text: TEXT.slice(0, 20), loses: true }, "hold"],
    ["cut off at the end of a line", { text: TEXT.slice(0, 24), loses: true }, DOUBTFUL_MS],
    ["cut off between two lines", { text: TEXT.slice(0, 13), loses: true }, "hold"],
    ["the last document removed, and its newline", { text: TEXT.slice(0, 23) }, DOUBTFUL_MS],
    ["the last newline removed", { text: TEXT.trimEnd() }, DOUBTFUL_MS],
    [
      "cut off while we were away",
      { before: lastRun, text: TEXT.slice(0, 20), loses: true },
      "hold",
    ],
    [
      "a value shortened while we were away",
      { before: lastRun, text: TEXT.slice(0, -2) },
      DOUBTFUL_MS,
    ],
  ];
  for (const [given, sighting, then] of cases)
    it(`${given} -> ${then}`, () => {
      const patience = patienceFor({
        ...{ before, text: TEXT, replaced: false, broken: false, loses: false },
        ...sighting,
      });
      expect(patience.kind === "take" ? patience.afterMs : patience.kind).to.equal(then);
    });
});
