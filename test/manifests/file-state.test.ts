import { expect } from "chai";
import { takeText } from "../../src/manifests/file-state.ts";
import type { FileState } from "../../src/manifests/file-state.ts";
import { pool, service, yaml } from "../support/manifests.ts";

const [A, B, C] = [yaml(service("a")), yaml(service("b")), yaml(pool("c", "192.0.2.0/24"))];
const take = (before: FileState | null, text: string) =>
  takeText(before, "x.yaml", text, "metallb-system");
const names = (list: FileState["placed"]) => list.map((p) => p.object.metadata.name);

describe("a file over its edits", () => {
  const start = take(null, `${A}---\n${B}---\n${C}`);

  const edits: [given: string, text: string, placed: string[], retained: string[]][] = [
    ["nothing changed", `${A}---\n${B}---\n${C}`, ["a", "b", "c"], []],
    ["one document removed", `${A}---\n${C}`, ["a", "c"], []],
    ["one broken, its name legible", `${A}---\n${B}  bad: [\n---\n${C}`, ["a", "c"], ["b"]],
    ["one broken, another removed", `${A}  bad: [\n---\n${B}`, ["b"], ["a"]],
    ["one broken beyond recognition", `${A}---\n}}}}\n`, ["a"], ["b", "c"]],
    ["one of a wrong shape", `${A.replace("port: 80", "port: many")}---\n${B}`, ["b"], ["a"]],
    ["all removed by a comment", "# none\n", [], []],
  ];
  for (const [given, text, placed, retained] of edits)
    it(`${given} -> ${placed.join()} and kept ${retained.join() || "none"}`, () => {
      const next = take(start, text);
      expect(names(next.placed)).to.deep.equal(placed);
      expect(names(next.retained).sort()).to.deep.equal(retained);
      expect(next.problems.length > 0).to.equal(retained.length > 0);
    });

  it("keeps a broken document through further edits, until it is mended or removed", () => {
    const broken = take(start, `${A}---\n${B}  bad: [\n---\n${C}`);
    const again = take(broken, `${A}---\n${B}  worse: {[\n`);
    expect(names(again.retained)).to.deep.equal(["b"]);
    expect(names(take(again, `${A}---\n${B}`).retained)).to.deep.equal([]);
    expect(names(take(again, A).retained)).to.deep.equal([]);
  });

  it("says where, and that the last good version stays", () => {
    const { problems } = take(start, `${A}---\n${B}  bad: [\n---\n${C}`);
    expect(problems[0]?.object).to.deep.equal({
      kind: "Service",
      namespace: "default",
      name: "b",
    });
    expect(problems[0]?.message).to.match(/^x\.yaml:\d+: .*last good version stays in force$/s);
    expect(take(null, "}}}}\n").problems[0]?.message).not.to.match(/last good/);
  });

  it("parses only what was touched: the rest stays the same objects", () => {
    const next = take(start, `# on top\n${A}---\n${B.replace("80", "81")}---\n${C}`);
    expect(next.placed[2]?.object).to.equal(start.placed[2]?.object);
    expect(next.placed[1]?.object).not.to.equal(start.placed[1]?.object);
    expect(next.placed[2]?.line).to.equal((start.placed[2]?.line ?? 0) + 1);
  });
});
