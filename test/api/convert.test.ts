import { expect } from "chai";
import fc from "fast-check";
import { convertReview } from "../../src/api/conversion-review.ts";
import { anyManifest } from "./manifest-arbitrary.ts";

const V1 = "metallb.io/v1beta1";
const V2 = "metallb.io/v1beta2";
const metadata = { name: "a", namespace: "metallb-system", uid: "u", labels: { x: "y" } };
const peer = (apiVersion: string, spec: unknown) => ({
  apiVersion,
  kind: "BGPPeer",
  metadata,
  spec,
});
const review = (objects: readonly unknown[], to: string, version = "v1beta1") => ({
  apiVersion: `apiextensions.k8s.io/${version}`,
  kind: "ConversionReview",
  request: { uid: "1234", desiredAPIVersion: to, objects },
});
interface Response {
  readonly uid: string;
  readonly convertedObjects: readonly { readonly spec: unknown; readonly metadata: unknown }[];
  readonly result: { readonly status: string; readonly message?: string };
}
const answer = (request: unknown): Response =>
  (convertReview(request) as { response: Response }).response;

const base = { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" };
const NO_TIMERS = { holdTime: "0s", keepaliveTime: "0s" };
const expression = { key: "k", operator: "In", values: ["v"] };

// prettier-ignore
const UP: [given: string, v1beta1: object, v1beta2: object][] = [
  ["no timers: both become 0s", base, { ...base, ...NO_TIMERS, passwordSecret: {} }],
  ["holdTime alone", { ...base, holdTime: "90s" }, { ...base, holdTime: "1m30s", keepaliveTime: "0s", passwordSecret: {} }],
  ["keepaliveTime alone", { ...base, keepaliveTime: "30s" }, { ...base, holdTime: "0s", keepaliveTime: "30s", passwordSecret: {} }],
  ["peerPort: 0 is left out", { ...base, peerPort: 0 }, { ...base, ...NO_TIMERS, passwordSecret: {} }],
  ["the fields in common",
    { ...base, sourceAddress: "192.0.2.9", peerPort: 1179, routerID: "192.0.2.7", password: "x", bfdProfile: "b", ebgpMultiHop: true },
    { ...base, sourceAddress: "192.0.2.9", peerPort: 1179, routerID: "192.0.2.7", password: "x", bfdProfile: "b", ebgpMultiHop: true, ...NO_TIMERS, passwordSecret: {} }],
  ["selectors: an empty one, labels, expressions",
    { ...base, nodeSelectors: [{}, { matchLabels: { a: "b" } }, { matchLabels: {}, matchExpressions: [expression] }] },
    { ...base, ...NO_TIMERS, nodeSelectors: [{}, { matchLabels: { a: "b" } }, { matchExpressions: [expression] }], passwordSecret: {} }],
  ["an empty selector list is left out", { ...base, nodeSelectors: [] }, { ...base, ...NO_TIMERS, passwordSecret: {} }],
];

// prettier-ignore
const DOWN: [given: string, v1beta2: object, v1beta1: object][] = [
  ["no timers: both become 0s", base, { ...base, ...NO_TIMERS }],
  ["what v1beta1 cannot say is dropped",
    { ...base, passwordSecret: { name: "s" }, connectTime: "5s", enableGracefulRestart: true, vrf: "red", disableMP: true, dualStackAddressFamily: true, localASN: 5 },
    { ...base, ...NO_TIMERS }],
  ["no peerASN, no peerAddress", { myASN: 64500, dynamicASN: "internal", interface: "eth0" }, { myASN: 64500, peerASN: 0, peerAddress: "", ...NO_TIMERS }],
  ["an expression without values", { ...base, nodeSelectors: [{ matchExpressions: [{ key: "k", operator: "Exists" }] }] },
    { ...base, ...NO_TIMERS, nodeSelectors: [{ matchExpressions: [{ key: "k", operator: "Exists", values: [] }] }] }],
  ["timers", { ...base, holdTime: "90s", keepaliveTime: "500ms" }, { ...base, holdTime: "1m30s", keepaliveTime: "500ms" }],
];

describe("BGPPeer v1beta1 and v1beta2", () => {
  const tables: [from: string, to: string, rows: [string, object, object][]][] = [
    [V1, V2, UP],
    [V2, V1, DOWN],
  ];
  for (const [from, to, rows] of tables)
    for (const [given, before, after] of rows)
      it(`${from} -> ${to}: ${given}`, () => {
        const { convertedObjects, result, uid } = answer(review([peer(from, before)], to));
        expect({ uid, result }).to.deep.equal({ uid: "1234", result: { status: "Success" } });
        // The status is not copied; an empty one shows, as from Go.
        expect(convertedObjects).to.deep.equal([{ ...peer(to, after), status: {} }]);
      });

  it("converts several at once, in order", () => {
    const objects = [1, 2, 3].map((n) => peer(V1, { ...base, myASN: n }));
    const specs = answer(review(objects, V2)).convertedObjects.map((o) => o.spec);
    expect(specs.map((s) => (s as { myASN: number }).myASN)).to.deep.equal([1, 2, 3]);
  });

  it("answers in the version it was asked in", () => {
    for (const version of ["v1", "v1beta1"])
      expect(convertReview(review([], V2, version))).to.include({
        apiVersion: `apiextensions.k8s.io/${version}`,
        kind: "ConversionReview",
      });
  });

  const FAILS: [given: string, objects: readonly unknown[], to: string][] = [
    ["a duration that does not parse", [peer(V1, { ...base, holdTime: "90" })], V2],
    ["one bad among good", [peer(V1, base), peer(V1, { ...base, keepaliveTime: "" })], V2],
    ["a field of another type", [peer(V2, { ...base, nodeSelectors: "x" })], V1],
    ["another kind", [{ ...peer(V1, base), kind: "BFDProfile" }], V2],
    ["another version", [peer("metallb.io/v1beta3", base)], V2],
    ["an unknown target", [peer(V1, base)], "metallb.io/v1"],
    ["no object", [null], V2],
  ];
  for (const [given, objects, to] of FAILS)
    it(`fails the request: ${given}`, () => {
      const { convertedObjects, result } = answer(review(objects, to));
      expect(result.status).to.equal("Failure");
      expect(result.message).to.be.a("string").and.not.equal("");
      expect(convertedObjects).to.deep.equal([]);
    });

  for (const shape of [null, 1, "x", [], {}, { ...review([], V2), request: {} }])
    it(`throws for ${JSON.stringify(shape)}`, () =>
      expect(() => convertReview(shape))
        .to.throw()
        .with.property("code", "ERR_BAD_CONVERSION"));

  it("up, down and up again is up once", () =>
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const spec = manifest.spec ?? {};
        const [up] = answer(review([peer(V1, spec)], V2)).convertedObjects;
        if (up === undefined) return;
        const [down] = answer(review([up], V1)).convertedObjects;
        expect(answer(review([down], V2)).convertedObjects).to.deep.equal([up]);
      }),
    ));
});
