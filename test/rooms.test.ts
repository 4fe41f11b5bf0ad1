import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect } from "chai";

/** Row of each room (docs/architecture.md): a file imports from its own room or from a row above it. */
const ROWS: Readonly<Record<string, number>> = {
  "errors.ts": 0,
  net: 1,
  runtime: 1,
  api: 2,
  config: 3,
  allocator: 4,
  bgp: 4,
  bfd: 4,
  l2: 4,
  membership: 4,
  "frr-templates": 5,
  "frr-config": 5,
  explain: 5,
  reconciler: 6,
  webhook: 6,
  kube: 6,
  manifests: 6,
  frr: 6,
  observability: 6,
  page: 6,
  lab: 7,
  cli: 8,
};

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((f) =>
  f.endsWith(".ts"),
);
const roomOf = (file: string): string => file.split("/")[0]!;

describe("imports follow the table of rooms", () => {
  it("finds sources", () => expect(files.length).to.be.greaterThan(5));

  for (const file of files)
    it(file, () => {
      const room = roomOf(file);
      expect(ROWS, `room of ${file}`).to.have.property(room);
      const text = readFileSync(join("src", file), "utf8");
      for (const [, target] of text.matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)) {
        const imported = normalize(join(dirname(file), target!));
        expect(imported, `${file} leaves src`).not.to.match(/^\.\./);
        const to = roomOf(imported);
        expect(
          to === room || ROWS[to]! < ROWS[room]!,
          `${file} (row ${ROWS[room]}) imports ${target} (row ${ROWS[to]})`,
        ).to.equal(true);
      }
    });
});
