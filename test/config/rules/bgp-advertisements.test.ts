import { expect } from "chai";
import { adv, bfd, community, node, one, parsed, peer, pool, ruleTable } from "../support.ts";
import type { Doc } from "../support.ts";

const NODE = node("n1");
const V4 = pool("a", "addresses: [10.0.0.0/24]");
const V6 = pool("b", 'addresses: ["2001:db8::/64"]');
const BOTH = pool("c", 'addresses: [10.0.0.0/24, "2001:db8::/64"]');
const RANGE = pool("a", "addresses: [1.1.1.1-1.1.1.254]");
const GOLD = community(
  "c",
  'communities: [{name: gold, value: "64512:1"}, {name: "my:alias", value: "64512:2"}]',
);

const ofAdv = one((name, spec) => adv(name, spec));
const over = (...around: Doc[]) => one((name, spec) => adv(name, spec), around);
const many = (n: number): string =>
  `communities: [${Array.from({ length: n }, (_, i) => `"64512:${i}"`).join(", ")}]`;

/** Two advertisements over one pool, seen from one node. */
const two = (first: string, second: string, on: Doc = V4): Doc[] => [
  adv("adv1", first),
  adv("adv2", second),
  on,
  NODE,
];

ruleTable("BGPAdvertisement (V41 to V45, V48 to V52)", [
  ofAdv(
    "V41",
    "aggregationLength is at most 32",
    ["aggregationLength: 33"],
    ["aggregationLength: 32"],
  ),
  ofAdv(
    "V42",
    "aggregationLengthV6 is at most 128",
    ["aggregationLengthV6: 129"],
    ["aggregationLengthV6: 64"],
  ),
  over(V4)(
    "V42",
    "no lower bound with IPv4 pools alone",
    [],
    ["aggregationLengthV6: 0", "aggregationLengthV6: -1"],
  ),
  over(V4)(
    "V43",
    "an aggregate is not wider than the entry",
    ["aggregationLength: 23"],
    ["aggregationLength: 24", "aggregationLength: 30"],
  ),
  over(V6)(
    "V43",
    "the same for IPv6",
    ["aggregationLengthV6: 48"],
    ["aggregationLengthV6: 64", "aggregationLength: 8"],
  ),
  over(RANGE)(
    "V44",
    "a range is bounded by its shortest piece",
    ["aggregationLength: 25"],
    ["aggregationLength: 26"],
  ),
  ofAdv(
    "V45",
    "the parser repeats V11",
    [
      "serviceSelectors: [{matchLabels: {a: b}}], aggregationLengthV6: 64",
      "serviceSelectors: [{matchLabels: {a: b}}], aggregationLength: 24",
    ],
    [
      "serviceSelectors: [{matchLabels: {a: b}}]",
      "serviceSelectors: [{matchLabels: {a: b}}], aggregationLength: 32, aggregationLengthV6: 128",
    ],
  ),
  ofAdv(
    "V48",
    "literals",
    ["65536:1", "1:", "+1:2", "Large:1:2:3", "0x1:2", "large:1:2:4294967296"].map(
      (c) => `communities: ["${c}"]`,
    ),
    ["65535:65535", "01:02", "large:4294967295:0:1"].map((c) => `communities: ["${c}"]`),
  ),
  over(GOLD)(
    "V49",
    "anything else is a known alias",
    ["communities: [nope]", 'communities: ["1:2:3"]', "communities: [no-export]"],
    ["communities: [gold]"],
  ),
  over(GOLD)("V50", "an alias may contain a colon", [], ['communities: ["my:alias"]']),
  ofAdv("V52", "at most 63 communities", [many(64)], [many(63)]),
]);

ruleTable("LOCAL_PREF of two advertisements on one pool (V46)", [
  {
    rule: "V46",
    says: "they agree, or their routes differ",
    rejected: [
      ["1 and 2", two("localPref: 1", "localPref: 2")],
      ["0 against 2", two("", "localPref: 2")],
      [
        "one of two lengths differs over both families",
        two("localPref: 1, aggregationLength: 28", "localPref: 2", BOTH),
      ],
      ["peers on one side only", two("localPref: 1, peers: [p]", "localPref: 2")],
      [
        "V6 lengths differ over an IPv4 pool",
        two("localPref: 1, aggregationLengthV6: 64", "localPref: 2"),
      ],
    ],
    accepted: [
      ["equal values", two("localPref: 1", "localPref: 1")],
      ["other peers", two("localPref: 1, peers: [p]", "localPref: 2, peers: [q]")],
      ["other lengths", two("localPref: 1, aggregationLength: 28", "localPref: 2")],
      [
        "other lengths in both families",
        two("localPref: 1, aggregationLength: 28, aggregationLengthV6: 64", "localPref: 2", BOTH),
      ],
      [
        "serviceSelectors, which V47 looks at",
        two("localPref: 1, serviceSelectors: [{matchLabels: {a: b}}]", "localPref: 2"),
      ],
      ["no node known", [adv("adv1", "localPref: 1"), adv("adv2", "localPref: 2"), V4]],
      [
        "other nodes",
        [
          adv("adv1", "localPref: 1, nodeSelectors: [{matchLabels: {r: a}}]"),
          adv("adv2", "localPref: 2, nodeSelectors: [{matchLabels: {r: b}}]"),
          V4,
          node("n1", "r: a"),
          node("n2", "r: b"),
        ],
      ],
      [
        "other pools",
        [
          adv("adv1", "localPref: 1, ipAddressPools: [a]"),
          adv("adv2", "localPref: 2, ipAddressPools: [b]"),
          V4,
          V6,
          NODE,
        ],
      ],
    ],
  },
]);

const ECHO = [bfd("echo", "echoMode: true"), peer("p", "bfdProfile: echo"), NODE];

ruleTable("IPv6 pools and BFD echo (V56)", [
  {
    rule: "V56",
    says: "no IPv6 pool to a peer with echo",
    rejected: [
      ["all peers", [V6, adv("adv", ""), ...ECHO]],
      ["the peer by name", [BOTH, adv("adv", "peers: [p]"), ...ECHO]],
    ],
    accepted: [
      ["other peers", [V6, adv("adv", "peers: [other]"), ...ECHO]],
      ["an IPv4 pool", [V4, adv("adv", ""), ...ECHO]],
      ["no advertisement", [V6, ...ECHO]],
    ],
  },
]);

describe("What an advertisement comes to (3.4, 3.8)", () => {
  const pools = (spec: string): string[] =>
    parsed(
      pool("a", "addresses: [10.0.0.0/24]", "labels: {zone: x}"),
      pool("b", "addresses: [10.0.1.0/24]", "labels: {zone: y}"),
      pool("c", "addresses: [10.0.2.0/24]"),
      adv("adv", spec),
    )
      .config.pools.filter((p) => p.bgpAdvertisements.length > 0)
      .map((p) => p.name);
  const coverage: [spec: string, then: string[]][] = [
    ["", ["a", "b", "c"]],
    ["ipAddressPools: [b]", ["b"]],
    ["ipAddressPoolSelectors: [{matchLabels: {zone: x}}]", ["a"]],
    ["ipAddressPools: [b], ipAddressPoolSelectors: [{matchLabels: {zone: x}}]", ["a", "b"]],
    ["ipAddressPoolSelectors: [{matchLabels: {zone: q}}]", []],
    ["ipAddressPools: [nope]", []],
    ["ipAddressPoolSelectors: [{}]", ["a", "b", "c"]],
  ];
  for (const [spec, then] of coverage)
    it(`${spec || "{}"} covers ${then.join(" ") || "nothing"}`, () =>
      expect(pools(spec)).to.deep.equal(then));

  it("sorts communities by number and keeps each value once", () => {
    const spec = 'communities: ["65535:65281", "01:2", "1:2", "large:1:2:3", gold, "large:0:0:1"]';
    const [found] = parsed(V4, GOLD, adv("adv", spec)).config.pools[0]!.bgpAdvertisements;
    expect(found!.communities.map((c) => c.text)).to.deep.equal([
      "0:0:1",
      "1:2:3",
      "1:2",
      "64512:1",
      "65535:65281",
    ]);
  });
});
