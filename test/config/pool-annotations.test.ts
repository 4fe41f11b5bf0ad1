import { expect } from "chai";
import { prefixText } from "../../src/net/prefix.ts";
import { namespace, parsed, pool } from "./support.ts";

const annotated = (annotations: string) =>
  parsed(pool("a", "addresses: [10.0.0.0/24]", `annotations: {${annotations}}`));

describe("Annotations of ours on pools", () => {
  const reserved: [text: string, then: string[], warnings: number][] = [
    ["", [], 0],
    ["10.0.0.1", ["10.0.0.1/32"], 0],
    ["10.0.0.0/30, 10.0.0.8-10.0.0.9", ["10.0.0.0/30", "10.0.0.8/31"], 0],
    ["x, 10.0.0.1/32", ["10.0.0.1/32"], 1],
  ];
  for (const [text, then, warnings] of reserved)
    it(`reserved-addresses ${JSON.stringify(text)} -> ${then.join(" ") || "none"}`, () => {
      const { config, problems } = annotated(`ferrolb.io/reserved-addresses: "${text}"`);
      expect(config.pools[0]!.reserved.map(prefixText)).to.deep.equal(then);
      expect(problems.map((p) => p.severity)).to.deep.equal(
        Array<string>(warnings).fill("warning"),
      );
    });

  const drain: [text: string, then: boolean, warnings: number][] = [
    ["true", true, 0],
    ["false", false, 0],
    ["yes", false, 1],
  ];
  for (const [text, then, warnings] of drain)
    it(`drain ${text} -> ${then}`, () => {
      const { config, problems } = annotated(`ferrolb.io/drain: "${text}"`);
      expect(config.pools[0]!.draining).to.equal(then);
      expect(problems).to.have.length(warnings);
    });
});

describe("Namespaces", () => {
  it("objects of another namespace are ignored with a warning", () => {
    const other = pool("a", "addresses: [x]", "namespace: default");
    const { config, problems } = parsed(other, pool("b", "addresses: [10.0.0.0/24]"));
    expect(config.pools.map((p) => p.name)).to.deep.equal(["b"]);
    expect(problems.map((p) => [p.severity, p.code])).to.deep.equal([
      ["warning", "otherNamespace"],
    ]);
  });

  it("serviceAllocation lists what is named and what the selectors match", () => {
    const spec = (s: string): string => `addresses: [10.0.0.0/24], serviceAllocation: {${s}}`;
    const of = (s: string) =>
      parsed(pool("a", spec(s)), namespace("x", "t: one"), namespace("y", "t: two")).config
        .pools[0]!.serviceAllocation;
    expect(of("namespaces: [z, x], namespaceSelectors: [{matchLabels: {t: two}}]")).to.deep.include(
      {
        namespaces: ["x", "y", "z"],
        namespacesRestricted: true,
      },
    );
    expect(of("namespaceSelectors: [{matchLabels: {t: nine}}]")).to.deep.include({
      namespaces: [],
      namespacesRestricted: true,
    });
    expect(of("priority: 7")).to.deep.include({ priority: 7, namespacesRestricted: false });
  });
});
