import { expect } from "chai";
import fc from "fast-check";
import { chunksOf, parseChunk } from "../../src/manifests/documents.ts";

const SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n";
const NS = "metallb-system";

describe("documents of one file", () => {
  const splits: [given: string, text: string, lines: number[]][] = [
    ["one document", SERVICE, [1]],
    ["a marker before it", `---\n${SERVICE}`, [1]],
    ["two documents", `${SERVICE}---\n${SERVICE}`, [1, 5]],
    ["nothing between markers", `---\n---\n# a comment\n---\n${SERVICE}`, [4]],
    ["an end marker", `${SERVICE}...\n${SERVICE}`, [1, 6]],
    ["a directive", `%YAML 1.2\n---\n${SERVICE}`, [2]],
    ["dashes that are no marker", `${SERVICE}  labels:\n    a: "----"\n----: 1\n`, [1]],
    ["windows line ends", SERVICE.replaceAll("\n", "\r\n") + "---\r\n" + SERVICE, [1, 5]],
    ["a byte order mark", `\uFEFF${SERVICE}`, [1]],
    ["only comments", "# nothing\n\n# here\n", []],
    ["empty", "", []],
  ];
  for (const [given, text, lines] of splits)
    it(`${given} -> starts at ${lines.join(", ") || "nothing"}`, () =>
      expect(chunksOf(text).map((c) => c.line)).to.deep.equal(lines));

  const bad: [given: string, text: string, line: number, named: string | null, words: RegExp][] = [
    ["an unclosed bracket", `${SERVICE}spec: {type: [\n`, 6, "web", /./],
    ["a tab as indentation", `${SERVICE}spec:\n\ttype: x\n`, 6, "web", /tab/i],
    ["a key twice", `${SERVICE}spec: {a: 1, a: 2}\n`, 5, "web", /unique/i],
    ["no object", "- a\n- b\n", 1, null, /must be an object/],
    ["no kind", "apiVersion: v1\nmetadata: {name: web}\n", 1, null, /kind/],
    ["a name that leaves the directory", SERVICE.replace("web", "../../etc"), 1, "../../etc", /./],
    ["a port as text", `${SERVICE}spec: {ports: [{port: http}]}\n`, 1, "web", /integer/i],
    ["a label that is a number", `${SERVICE}  labels: {a: 1}\n`, 1, "web", /string/i],
    ["aliases that explode", bomb(), 1, null, /alias/i],
  ];
  for (const [given, text, line, name, words] of bad)
    it(`${given} is named with its line`, () => {
      const { found, bad: documents } = parseChunk(text, NS);
      expect(found).to.deep.equal([]);
      expect(documents.length).to.equal(1);
      expect(documents[0]?.line).to.equal(line);
      expect(documents[0]?.named?.name ?? null).to.equal(name);
      expect(documents[0]?.message).to.match(words);
    });

  it("takes a List apart, and a typed list whose items leave out their kind", () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${SERVICE.trim().replaceAll("\n", "\n  ")}\n`;
    const typed =
      "apiVersion: v1\nkind: NodeList\nitems:\n- metadata: {name: n1}\n- metadata: {name: n2}\n";
    expect(parseChunk(list, NS).found.map((f) => f.object.kind)).to.deep.equal(["Service"]);
    expect(parseChunk(typed, NS).found.map((f) => f.object.metadata.name)).to.deep.equal([
      "n1",
      "n2",
    ]);
  });

  it("puts objects without a namespace into the one of the configuration, and nodes into none", () => {
    const of = (text: string) => parseChunk(text, "lb").found[0]?.object.metadata.namespace;
    expect(of(SERVICE)).to.equal("lb");
    expect(of(`${SERVICE}  namespace: default\n`)).to.equal("default");
    expect(of("apiVersion: v1\nkind: Node\nmetadata: {name: n1, namespace: x}\n")).to.equal(
      undefined,
    );
  });

  it("names other kinds, and is silent about what controllers write", () => {
    const kind = (k: string, v: string) => parseChunk(`apiVersion: ${v}\nkind: ${k}\n`, NS).ignored;
    expect(kind("Deployment", "apps/v1")).to.deep.equal(["Deployment (apps/v1)"]);
    expect(kind("Service", "serving.knative.dev/v1")).to.deep.equal([
      "Service (serving.knative.dev/v1)",
    ]);
    expect(kind("ServiceL2Status", "metallb.io/v1beta1")).to.deep.equal([]);
  });

  it("drops null fields and kubectl's own copy", () => {
    const text = `${SERVICE}  labels:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: secret\nspec:\n  type: ~\n`;
    const { object } = parseChunk(text, NS).found[0]!;
    expect(JSON.stringify(object)).not.to.contain("secret");
    expect(object).to.deep.include({ spec: {} });
    expect(object.metadata).not.to.have.property("labels");
  });

  it("never throws, whatever the text", () => {
    const mutated = fc
      .tuple(fc.nat(SERVICE.length), fc.nat(20), fc.string({ maxLength: 12 }))
      .map(([at, cut, put]) => SERVICE.slice(0, at) + put + SERVICE.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated), (text) => {
        for (const chunk of chunksOf(text)) parseChunk(chunk.text, NS);
      }),
    );
  });
});

/** Nine levels of nine aliases each. */
function bomb(): string {
  const level = (n: number) =>
    `a${n}: &a${n} [${Array.from({ length: 9 }, () => (n === 0 ? "x" : `*a${n - 1}`)).join(", ")}]`;
  return `${Array.from({ length: 9 }, (_, n) => level(n)).join("\n")}\n`;
}
