import { expect } from "chai";
import fc from "fast-check";
import { checkObject, checkUpdate, schemaProblems } from "../../src/api/schema-check.ts";
import { KINDS } from "../../src/api/schema/kinds.ts";
import { CASES, CHANGES, bgp, oldPeer, peer, pool } from "./schema-cases.ts";

const rulesOf = (problems: readonly { readonly rule: string }[]): string[] =>
  problems.map(({ rule }) => rule).sort();

describe("manifests against the schemas", () => {
  for (const { rule, given, manifest, refusedBy, becomes } of CASES)
    it(`${rule}: ${given} -> ${refusedBy.join(", ") || "accepted"}`, () => {
      expect(new Set(rulesOf(schemaProblems(manifest)))).to.deep.equal(new Set(refusedBy));
      const isOldPeer = manifest.kind === "BGPPeer" && manifest.apiVersion === "metallb.io/v1beta1";
      if (becomes === undefined || isOldPeer) return; // what becomes of those: convert.test.ts
      const { object } = checkObject(manifest) as { object: { spec?: unknown; status?: unknown } };
      expect("status" in manifest ? object.status : object.spec).to.deep.equal(becomes);
    });
});

describe("changes of an object", () => {
  for (const [rule, given, before, now, refused] of CHANGES)
    it(`${rule}: ${given} -> ${refused ? "refused" : "accepted"}`, () =>
      expect(rulesOf(checkUpdate(before, now))).to.deep.equal(refused ? [rule] : []));
});

describe("checkObject", () => {
  it("leaves rules of the configuration to the configuration", () => {
    const { object, problems } = checkObject(peer({ myASN: 0, holdTime: "2s", peerAddress: "x" }));
    expect(problems).to.deep.equal([]);
    expect(object).to.have.nested.property("spec.holdTime", "2s");
  });

  const UNDECODABLE: [given: string, manifest: unknown, path: string][] = [
    ["holdTime: 90", peer({ holdTime: "90" }), "spec.holdTime"],
    ["keepaliveTime without unit", peer({ keepaliveTime: "1m30" }), "spec.keepaliveTime"],
    ["localPref: -1", bgp({ localPref: -1 }), "spec.localPref"],
    ["localPref: 4294967296", bgp({ localPref: 4294967296 }), "spec.localPref"],
    [
      "aggregationLength: 2147483648",
      bgp({ aggregationLength: 2 ** 31 }),
      "spec.aggregationLength",
    ],
    ["v1beta1 holdTime: x", oldPeer({ holdTime: "x" }), "spec.holdTime"],
  ];
  for (const [given, manifest, path] of UNDECODABLE)
    it(`V17: ${given}`, () => {
      const { object, problems } = checkObject(manifest);
      expect(object).to.equal(null);
      expect(problems.map((p) => [p.rule, p.path])).to.deep.equal([["V17", path]]);
    });

  it("reports every problem of an object, with its path", () => {
    const { problems } = checkObject({
      ...pool({
        addresses: [1],
        autoAssign: 1,
        serviceAllocation: { serviceSelectors: [{ matchExpressions: [{}] }] },
      }),
      metadata: { name: "Bad Name", labels: { "a b": "c" } },
    });
    const expression = "spec.serviceAllocation.serviceSelectors[0].matchExpressions[0]";
    expect(problems.map((p) => `${p.rule} ${p.path}`)).to.deep.equal([
      "metadata metadata.name",
      'metadata metadata.labels["a b"]',
      "V2 spec.addresses[0]",
      "V2 spec.autoAssign",
      `V1 ${expression}.key`,
      `V1 ${expression}.operator`,
    ]);
  });

  it("takes BGPPeer v1beta1 as v1beta2, its timers explicit", () => {
    const { object } = checkObject(oldPeer({ holdTime: "90s", peerPort: 0 }));
    expect(object).to.deep.include({ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer" });
    expect(object).to.have.deep.property("spec", {
      myASN: 64500,
      peerASN: 64501,
      peerAddress: "192.0.2.1",
      peerPort: 179,
      holdTime: "1m30s",
      keepaliveTime: "0s",
      passwordSecret: {},
      disableMP: false,
      dualStackAddressFamily: false,
    });
  });

  it("never shows a password", () => {
    const said = JSON.stringify(
      checkObject(peer({ password: ["hunter2"], holdTime: "x" })).problems,
    );
    expect(said).not.to.include("hunter2");
  });

  const SHAPES: [given: string, manifest: unknown][] = [
    ["null", null],
    ["a number", 1],
    ["a list", []],
    ["nothing in it", {}],
    ["apiVersion of another type", { apiVersion: {}, kind: [] }],
    ["a kind long gone", { apiVersion: "metallb.io/v1beta1", kind: "AddressPool" }],
    ["a version that is not served", { ...pool({}), apiVersion: "metallb.io/v1alpha1" }],
    [
      "a kind with the name of an object property",
      { apiVersion: "metallb.io/v1beta1", kind: "toString" },
    ],
    ["metadata as text", { ...pool({ addresses: [] }), metadata: "a" }],
  ];
  for (const [given, manifest] of SHAPES)
    it(`refuses ${given}`, () => {
      const { object, problems } = checkObject(manifest);
      expect(object).to.equal(null);
      expect(problems).not.to.deep.equal([]);
    });

  it("keeps no prototype from the outside", () => {
    const manifest: unknown = JSON.parse(
      `{"apiVersion":"metallb.io/v1beta1","kind":"L2Advertisement","metadata":{"name":"a"},
        "spec":{"__proto__":{"interfaces":["x"]},"nodeSelectors":[{"matchLabels":{"__proto__":"y"}}]}}`,
    );
    const { object } = checkObject(manifest) as { object: { spec: { interfaces?: unknown } } };
    expect(object.spec.interfaces).to.equal(undefined);
    expect(JSON.stringify(object.spec)).to.equal(
      '{"nodeSelectors":[{"matchLabels":{"__proto__":"y"}}]}',
    );
  });

  it("answers for any JSON at all: an object exactly when there is no problem", () => {
    const kinds = KINDS.flatMap((k) => k.versions.map((v) => [`${k.group}/${v.name}`, k.kind]));
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.jsonValue(),
        fc.jsonValue(),
        ([v, kind], spec, m) => {
          const given = { apiVersion: v, kind, metadata: m, spec };
          const text = JSON.stringify(given);
          const { object, problems } = checkObject(given);
          expect(object === null).to.equal(problems.length > 0);
          expect(JSON.stringify(given)).to.equal(text); // the input is not touched
        },
      ),
    );
  });

  it("reads what it has read as the same", () => {
    for (const { manifest } of CASES) {
      const { object } = checkObject(manifest);
      if (object !== null) expect(checkObject(object).object).to.deep.equal(object);
    }
  });
});
