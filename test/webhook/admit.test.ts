import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import fc from "fast-check";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { admit } from "../../src/webhook/admit.ts";
import type { AdmissionResponse } from "../../src/webhook/review.ts";
import {
  NAMESPACE,
  adv,
  bfd,
  community,
  doc,
  l2,
  nameOf,
  node,
  peer,
  pool,
  rawPeer,
  secret,
  snapshotOf,
} from "../config/support.ts";
import type { Doc } from "../config/support.ts";

const validShape = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync("docs/schemas/admit.schema.json", "utf8")) as object,
);

interface Ask {
  readonly operation?: string;
  readonly oldObject?: unknown;
  readonly existing?: readonly Doc[];
  readonly request?: object;
}

function review(object: Doc, { operation = "CREATE", oldObject, request = {} }: Ask): unknown {
  const [group, version] = object.apiVersion.split("/");
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "u-1",
      kind: { group, version, kind: object.kind },
      operation,
      name: nameOf(object),
      namespace: object.metadata["namespace"],
      object: operation === "DELETE" ? null : object,
      oldObject: operation === "CREATE" ? null : (oldObject ?? object),
      ...request,
    },
  };
}

function ask(object: Doc, how: Ask = {}): AdmissionResponse {
  const answer = admit(review(object, how), snapshotOf(...(how.existing ?? [])));
  expect(validShape(answer), JSON.stringify(validShape.errors)).to.equal(true);
  expect(answer.response.uid).to.equal("u-1");
  return answer.response;
}

/** `allowed`, or the code and the rules that refuse. */
const verdict = ({ allowed, status }: AdmissionResponse): string =>
  allowed
    ? "allowed"
    : `${status!.code} ${[...new Set(status!.message.match(/^V\d+/gm))].join(" ")}`;

const elsewhere = (object: Doc): Doc => ({
  ...object,
  metadata: { ...object.metadata, namespace: "default" },
});
const A = pool("a", "addresses: [10.0.0.0/24]");
const GOLD = community(
  "c",
  'communities: [{name: gold, value: "1:2"}, {name: "my:alias", value: "1:3"}]',
);

type Case = readonly [given: string, object: Doc, then: string, how?: Ask];

const table = (title: string, cases: readonly Case[]): void => {
  describe(title, () => {
    for (const [given, object, then, how] of cases)
      it(`${object.kind}: ${given} -> ${then}`, () =>
        expect(verdict(ask(object, how))).to.equal(then));
  });
};

const UPDATE = { operation: "UPDATE" };
const DELETE = { operation: "DELETE" };

table("V15: what is not examined", [
  [
    "DELETE of a pool in use",
    A,
    "allowed",
    { ...DELETE, existing: [A, l2("l", "ipAddressPools: [a]")] },
  ],
  ["DELETE of a peer", peer("p"), "allowed", DELETE],
  ["UPDATE out of range", bfd("b", "receiveInterval: 1"), "allowed", UPDATE],
  ["a status kind", doc("metallb.io/v1beta1", "ServiceL2Status")("s"), "allowed"],
  ["a Service", doc("v1", "Service")("s", "type: 7"), "allowed"],
  [
    "the status subresource",
    pool("a", ""),
    "allowed",
    { ...UPDATE, request: { subResource: "status" } },
  ],
  ["another group", doc("example.com/v1beta1", "IPAddressPool")("s"), "allowed"],
]);

table("V16: the namespace, on CREATE alone", [
  ...[A, l2("l"), adv("v"), peer("p"), bfd("b"), GOLD].map((object): Case => [
    "CREATE in default",
    elsewhere(object),
    "403 V16",
  ]),
  ["CREATE in metallb-system", A, "allowed"],
  ["UPDATE in default", elsewhere(A), "allowed", UPDATE],
]);

table("V17: the typed form", [
  ["holdTime without unit", peer("p", 'holdTime: "90"'), "400 V17"],
  ["a negative localPref", adv("v", "localPref: -1"), "400 V17"],
  ["text for a flag", pool("a", 'addresses: [10.0.0.0/24], autoAssign: "yes"'), "400 V2"],
  ["before the namespace", elsewhere(peer("p", 'holdTime: "90"')), "400 V17"],
  [
    "an undecodable old object",
    peer("p"),
    "400 V17",
    { ...UPDATE, oldObject: peer("p", 'holdTime: "90"') },
  ],
  ["holdTime with unit", peer("p", "holdTime: 90s"), "allowed"],
  [
    "v1beta1 as v1beta2",
    doc("metallb.io/v1beta1", "BGPPeer")(
      "p",
      "myASN: 1, peerASN: 2, peerAddress: 10.0.0.1, keepaliveTime: 3s",
    ),
    "403 V71",
  ],
]);

describe("V18: disableMP", () => {
  const broken = elsewhere(rawPeer("p", "myASN: 0, disableMP: true"));
  it("is allowed on CREATE with a warning, whatever else is wrong", () => {
    const response = ask(broken);
    expect(response.allowed).to.equal(true);
    expect(response.warnings).to.have.length(1);
    expect(response.warnings![0]).to.include("disableMP");
  });
  it("changes nothing on UPDATE", () =>
    expect(verdict(ask(rawPeer("p", "myASN: 0, disableMP: true"), UPDATE))).to.match(/^403 .*V63/));
});

table("V19: DELETE of a BFDProfile in use", [
  [
    "named by a peer",
    bfd("bfd1"),
    "403 V19",
    { ...DELETE, existing: [peer("p", "bfdProfile: bfd1")] },
  ],
  [
    "of another namespace, by name alone",
    elsewhere(bfd("bfd1")),
    "403 V19",
    { ...DELETE, existing: [peer("p", "bfdProfile: bfd1")] },
  ],
  ["unused", bfd("bfd1"), "allowed", { ...DELETE, existing: [peer("p", "bfdProfile: other")] }],
  [
    "named by a peer of another namespace",
    bfd("bfd1"),
    "allowed",
    { ...DELETE, existing: [elsewhere(peer("p", "bfdProfile: bfd1"))] },
  ],
]);

table("What each webhook refuses (5.1)", [
  ["no addresses", pool("a", "addresses: []"), "403 V25"],
  ["a bad range", pool("a", "addresses: [10.0.0.9-10.0.0.1]"), "403 V28"],
  ["over another pool", pool("b", "addresses: [10.0.0.128/25]"), "403 V30", { existing: [A] }],
  [
    "older by name, still the newcomer",
    pool("0", "addresses: [10.0.0.128/25]"),
    "403 V30",
    { existing: [A] },
  ],
  [
    "grown over another pool",
    pool("a", "addresses: [10.0.0.0/23]"),
    "403 V30",
    { ...UPDATE, existing: [A, pool("b", "addresses: [10.0.1.0/24]")] },
  ],
  [
    "its own old addresses",
    pool("a", "addresses: [10.0.0.0/25]"),
    "allowed",
    { ...UPDATE, existing: [A] },
  ],
  [
    "pools of other namespaces do not count",
    pool("b", "addresses: [10.0.0.0/24]"),
    "allowed",
    { existing: [elsewhere(A)] },
  ],
  [
    "shrunk under an advertisement (V36)",
    pool("a", "addresses: [10.0.0.0/28]"),
    "allowed",
    { ...UPDATE, existing: [A, adv("v", "aggregationLength: 24")] },
  ],
  ["bad selectors", l2("l", "nodeSelectors: [{}, {}]"), "403 V38 V21"],
  ["an unknown pool", l2("l", "ipAddressPools: [nope]"), "allowed"],
  ["too wide for a pool", adv("v", "aggregationLength: 8"), "403 V43", { existing: [A] }],
  [
    "LOCAL_PREF against another",
    adv("v", "localPref: 1"),
    "403 V46",
    { existing: [A, adv("w", "localPref: 2"), node("n")] },
  ],
  [
    "no node, no conflict",
    adv("v", "localPref: 1"),
    "allowed",
    { existing: [A, adv("w", "localPref: 2")] },
  ],
  [
    "serviceSelectors with aggregates",
    adv("v", "serviceSelectors: [{matchLabels: {a: b}}], aggregationLengthV6: 64"),
    "403 V11 V45",
  ],
  ["an unknown alias", adv("v", "communities: [nope, nope]"), "allowed"],
  ["a bad literal", adv("v", 'communities: ["65536:1"]'), "403 V48"],
  ["the wrong number of parts", adv("v", 'communities: ["1:2:3"]'), "403 V49"],
  [
    "an alias with a colon (V50)",
    adv("v", 'communities: ["my:alias"]'),
    "403 V48",
    { existing: [GOLD] },
  ],
  [
    "64 communities (V52 comes later)",
    adv("v", `communities: [${Array.from({ length: 64 }, (_, i) => `"1:${i}"`).join(", ")}]`),
    "allowed",
  ],
  ["an alias of an alias", community("d", "communities: [{name: x, value: gold}]"), "403 V57"],
  [
    "an alias that is taken",
    community("d", 'communities: [{name: gold, value: "1:9"}]'),
    "403 V58",
    { existing: [GOLD] },
  ],
  ["no AS number", rawPeer("p", "myASN: 0, peerASN: 1, peerAddress: 10.0.0.1"), "403 V63"],
  [
    "another AS on the node",
    peer("p", "peerAddress: 10.0.0.2, myASN: 1"),
    "403 V84",
    { existing: [peer("q"), node("n")] },
  ],
  ["the neighbor of another", peer("p"), "403 V83", { existing: [peer("q")] }],
  ["itself", peer("p", "holdTime: 9s"), "allowed", { ...UPDATE, existing: [peer("p")] }],
  ["an unknown BFDProfile", peer("p", "bfdProfile: nope"), "allowed"],
  ["an unknown Secret", peer("p", "passwordSecret: {name: nope}"), "allowed"],
  [
    "both passwords (V76 comes later)",
    peer("p", "password: x, passwordSecret: {name: s}"),
    "allowed",
    { existing: [secret("s")] },
  ],
  [
    "a change of enableGracefulRestart (V8)",
    peer("p", "enableGracefulRestart: false"),
    "403 V8",
    { ...UPDATE, oldObject: peer("p", "enableGracefulRestart: true") },
  ],
  [
    "a stored pool that is bad refuses nobody else",
    pool("b", "addresses: [10.0.1.0/24]"),
    "allowed",
    { existing: [pool("z", "addresses: [x]")] },
  ],
]);

describe("Warnings", () => {
  it("tell what FRR will refuse, without refusing it here", () => {
    const response = ask(peer("p", "localASN: 64500"));
    expect(response.allowed).to.equal(true);
    expect(response.warnings!.join()).to.include("F13");
  });
  it("hold no password", () =>
    expect(JSON.stringify(ask(peer("p", 'password: "hunter2 x"')))).not.to.include("hunter2"));
});

describe("Anything that is no review", () => {
  const valid = review(A, {}) as Record<string, unknown>;
  const cases: [given: string, input: unknown][] = [
    ["null", null],
    ["a text", "x"],
    ["no request", { ...valid, request: null }],
    ["no uid", { ...valid, request: { ...(valid["request"] as object), uid: 7 } }],
    ["v1beta1", { ...valid, apiVersion: "admission.k8s.io/v1beta1" }],
  ];
  for (const [given, input] of cases)
    it(`${given} -> 400`, () =>
      expect(admit(input, emptySnapshot()).response.status?.code).to.equal(400));

  it("never throws and always answers in shape", () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const kinds = fc.constantFrom(
      "BGPPeer",
      "IPAddressPool",
      "BGPAdvertisement",
      "L2Advertisement",
      "Community",
      "BFDProfile",
    );
    const object = fc.oneof(
      json,
      fc.record({
        metadata: fc.oneof(
          json,
          fc.record({ name: fc.constantFrom("a", "b"), namespace: fc.constant(NAMESPACE) }),
        ),
        spec: json,
      }),
    );
    const request = fc.record({
      uid: fc.string({ minLength: 1 }),
      kind: fc.record({
        group: fc.constant("metallb.io"),
        version: fc.constantFrom("v1beta1", "v1beta2"),
        kind: kinds,
      }),
      operation: fc.oneof(fc.constantFrom("CREATE", "UPDATE", "DELETE"), json),
      namespace: fc.oneof(fc.constant(NAMESPACE), json),
      name: json,
      object,
      oldObject: object,
    });
    fc.assert(
      fc.property(request, (given) => {
        const answer = admit(
          { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: given },
          snapshotOf(A, peer("p"), GOLD),
        );
        expect(validShape(answer), JSON.stringify(answer)).to.equal(true);
        expect(answer.response.uid).to.equal(given.uid);
      }),
      { numRuns: 300 },
    );
  });
});
