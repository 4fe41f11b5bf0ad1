import { expect } from "chai";
import fc from "fast-check";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { acceptedText, parseAccepted } from "../../src/config/accepted.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { LIST_OF } from "../../src/manifests/assemble.ts";
import {
  NAMESPACE,
  adv,
  bfd,
  community,
  l2,
  nameOf,
  namespace,
  node,
  peer,
  pool,
  secret,
  snapshotOf,
} from "./support.ts";
import type { Doc } from "./support.ts";

const RUNS = Number(process.env["FERROLB_PROPERTY_RUNS"] ?? 300);

const name = fc.constantFrom("a", "b", "c", "d");
const day = fc.integer({ min: 0, max: 4 });
const meta = (d: number): string => (d === 0 ? "" : `creationTimestamp: "2026-01-0${d}T00:00:00Z"`);
const of = (
  make: (n: string, s: string, m: string) => Doc,
  ...specs: string[]
): fc.Arbitrary<Doc> =>
  fc.tuple(name, fc.constantFrom(...specs), day).map(([n, s, d]) => make(n, s, meta(d)));

/** Small worlds in which much is related and much is wrong. */
const anyDoc: fc.Arbitrary<Doc> = fc.oneof(
  of(
    pool,
    "addresses: [10.0.0.0/24]",
    "addresses: [10.0.0.0/25]",
    "addresses: [10.0.1.0/24]",
    "addresses: [10.0.0.100-10.0.1.5]",
    'addresses: ["2001:db8::/64"]',
    "addresses: [x]",
    "addresses: []",
  ),
  of(
    peer,
    "",
    "peerAddress: 10.0.0.2",
    "peerAddress: 10.0.0.3, myASN: 7",
    "peerAddress: 10.0.0.4, routerID: 1.1.1.1",
    "holdTime: 1s",
    "peerAddress: 10.0.0.5, bfdProfile: a",
    "peerAddress: 10.0.0.6, passwordSecret: {name: s}",
    "peerAddress: 10.0.0.7, nodeSelectors: [{matchLabels: {r: a}}]",
    "peerAddress: 10.0.0.8, password: x",
  ),
  of(bfd, "", "echoMode: true", "detectMultiplier: 1", "minimumTtl: 254"),
  of(
    community,
    'communities: [{name: gold, value: "1:1"}]',
    'communities: [{name: x, value: "1:2"}]',
    "communities: [{name: gold, value: x}]",
  ),
  of(
    adv,
    "",
    "localPref: 1",
    "localPref: 2, ipAddressPools: [a]",
    "communities: [gold]",
    "aggregationLength: 24",
    "aggregationLength: 33",
    "peers: [a, b]",
    "aggregationLengthV6: 32",
    "nodeSelectors: [{matchLabels: {r: b}}]",
  ),
  of(
    l2,
    "",
    "ipAddressPools: [a]",
    "ipAddressPools: [a, a]",
    "interfaces: [eth0]",
    "nodeSelectors: [{matchLabels: {r: a}}]",
  ),
  fc.constantFrom(
    node("n1", "r: a"),
    node("n1", "r: b"),
    node("n2", "r: b"),
    namespace("ns", "t: x"),
    secret("s", "type: kubernetes.io/basic-auth, stringData: {password: q}"),
    secret("s", "type: Opaque"),
  ),
);
const world = fc.array(anyDoc, { maxLength: 14 });

/** One object of each name is what a store holds; which of the copies it is does not matter here. */
const unique = (docs: readonly Doc[]): Doc[] => [
  ...new Map(docs.map((d) => [`${d.kind} ${nameOf(d)}`, d])).values(),
];

const shuffledPair = world.chain((docs) =>
  fc.tuple(fc.constant(docs), fc.shuffledSubarray(docs, { minLength: docs.length })),
);

describe("parseConfig, for any input", () => {
  it("gives the same result for any order of the input, with and without a past", () =>
    fc.assert(
      fc.property(world.map(unique), shuffledPair, (before, [docs, shuffled]) => {
        expect(parseConfig(snapshotOf(...shuffled))).to.deep.equal(
          parseConfig(snapshotOf(...docs)),
        );
        const { accepted } = parseConfig(snapshotOf(...before));
        const nodes = [node("n1", "r: a"), node("n2", "r: b")];
        expect(parseConfig(snapshotOf(...unique(docs), ...nodes), { accepted })).to.deep.equal(
          parseConfig(snapshotOf(...nodes, ...unique(docs).reverse()), { accepted }),
        );
      }),
      { numRuns: RUNS },
    ));

  it("changes nothing in a second pass, also after a restart", () =>
    fc.assert(
      fc.property(world.map(unique), world.map(unique), (before, now) => {
        const past = parseConfig(snapshotOf(...before)).accepted;
        const first = parseConfig(snapshotOf(...now), { accepted: past });
        const second = parseConfig(snapshotOf(...now), { accepted: first.accepted });
        expect(second.config).to.deep.equal(first.config);
        expect(second.quarantined).to.deep.equal(first.quarantined);
        expect(acceptedText(parseAccepted(acceptedText(first.accepted)))).to.equal(
          acceptedText(first.accepted),
        );
      }),
      { numRuns: RUNS },
    ));

  it("leaves in force what was and is valid: an edit costs at most what was edited", () =>
    fc.assert(
      fc.property(world.map(unique), anyDoc, (docs, extra) => {
        const before = parseConfig(snapshotOf(...docs));
        const rest = docs.filter(
          (d) => d.kind !== extra.kind || d.metadata["name"] !== extra.metadata["name"],
        );
        if (["Node", "Namespace", "Secret"].includes(extra.kind)) return;
        const after = parseConfig(snapshotOf(...rest, extra), { accepted: before.accepted });
        const names = (kind: "pools" | "peers") => after.config[kind].map((x) => x.name);
        for (const p of before.config.pools) expect(names("pools")).to.include(p.name);
        for (const p of before.config.peers) expect(names("peers")).to.include(p.name);
      }),
      { numRuns: RUNS },
    ));

  it("is valid as a whole once everything it names in an error is taken away", () =>
    fc.assert(
      fc.property(world.map(unique), (docs) => {
        let rest = docs;
        for (let round = 0; round < 20; round++) {
          const bad = new Set(
            parseConfig(snapshotOf(...rest))
              .problems.filter((p) => p.severity === "error")
              .map((p) => `${p.object.kind} ${p.object.name}`),
          );
          if (bad.size === 0) return;
          rest = rest.filter((d) => !bad.has(`${d.kind} ${nameOf(d)}`));
        }
        expect.fail("errors stay");
      }),
      { numRuns: RUNS },
    ));

  it("never throws and keeps its shape for arbitrary JSON in every list", () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const object = fc.record({
      metadata: fc.oneof(
        json,
        fc.record({
          name: fc.oneof(name, json),
          labels: json,
          annotations: json,
          namespace: json,
          creationTimestamp: json,
        }),
      ),
      spec: json,
      data: json,
      type: json,
    });
    const lists = fc.record(
      Object.fromEntries(
        Object.values(LIST_OF).map((list) => [
          list,
          fc.array(fc.oneof(json, object), { maxLength: 3 }),
        ]),
      ),
    );
    fc.assert(
      fc.property(lists, (given) => {
        const { config, problems } = parseConfig({
          ...emptySnapshot(NAMESPACE),
          ...given,
        });
        for (const p of problems)
          expect(p.message, JSON.stringify(p)).to.be.a("string").and.not.to.equal("");
        expect(config).to.have.all.keys("pools", "peers", "bfdProfiles", "extras");
      }),
      { numRuns: RUNS },
    );
  });

  it("never throws for specs whose known fields hold anything", () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    const keys = [
      "addresses",
      "autoAssign",
      "serviceAllocation",
      "myASN",
      "peerASN",
      "peerAddress",
      "interface",
      "holdTime",
      "keepaliveTime",
      "connectTime",
      "routerID",
      "nodeSelectors",
      "password",
      "passwordSecret",
      "bfdProfile",
      "vrf",
      "communities",
      "aggregationLength",
      "localPref",
      "peers",
      "ipAddressPools",
      "ipAddressPoolSelectors",
      "serviceSelectors",
      "receiveInterval",
      "echoMode",
    ];
    const text = fc.constantFrom(
      "",
      "x",
      "10.0.0.0/24",
      "10.0.0.1",
      "::1",
      "1h",
      "9s",
      "\n",
      "1:2",
      "__proto__",
      "constructor",
    );
    const value = fc.oneof(
      json,
      text,
      fc.array(fc.oneof(text, json), { maxLength: 3 }),
      fc.integer(),
      fc.constant([{ matchExpressions: [{ key: "k", operator: "In" }] }]),
    );
    const spec = fc.dictionary(fc.constantFrom(...keys), value);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(pool, peer, bfd, community, adv, l2), name, spec), {
          maxLength: 5,
        }),
        (given) => {
          const docs = given.map(([make, n, s]) => ({ ...make(n, ""), spec: s }));
          const first = parseConfig(snapshotOf(...docs));
          parseConfig(snapshotOf(...docs.map((d) => ({ ...d, spec: {} }))), {
            accepted: first.accepted,
          });
        },
      ),
      { numRuns: RUNS },
    );
  });
});
