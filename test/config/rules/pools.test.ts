import { expect } from "chai";
import { prefixText } from "../../../src/net/prefix.ts";
import { bfd, community, l2, one, parsed, pool, ruleTable } from "../support.ts";

const entry = one((name, text) => pool(name, `addresses: [${text}]`));
const ofL2 = one((name, spec) => l2(name, spec), [pool("a", "addresses: [10.0.0.0/24]")]);
const ofCommunity = one((name, spec) => community(name, `communities: [${spec}]`));
const nameless = {
  ...pool("", "addresses: [10.0.0.0/24]"),
  metadata: { namespace: "metallb-system" },
};

ruleTable("IPAddressPool (V24 to V31)", [
  {
    rule: "V24",
    says: "a pool has a name",
    rejected: [["an unnamed pool", [nameless]]],
    accepted: [["a named one", [pool("any-name", "addresses: [10.0.0.0/24]")]]],
  },
  entry("V25", "at least one entry", [""], ["10.0.0.0/24"]),
  entry(
    "V26",
    "an entry without a dash is a CIDR",
    ["1.2.3.4", '" 1.2.3.0/24"', "010.0.0.0/8", "1.2.3.0/33", '""', "fe80::%eth0/64", "1.2.3.0/"],
    ["1.2.3.4/24", "1.2.3.4/32", '"2001:db8::/64"', "0.0.0.0/0", "10.0.0.0/024"],
  ),
  entry(
    "V27",
    "a range splits at the first dash into two addresses",
    ["1.1.1.1-1.1.1.5-1.1.1.9", "1.2.3.0/24-1.2.4.0/24", "a-b", "'-'"],
    ["1.2.3.10 - 1.2.3.20", "1.2.3.10-1.2.3.10"],
  ),
  entry(
    "V28",
    "the start is not after the end",
    ["1.2.3.9-1.2.3.1", '"2001:db8::9-2001:db8::1"'],
    ["1.2.3.1-1.2.3.9"],
  ),
  entry(
    "V29",
    "a range of two families",
    ['"2001:db8::1-1.2.3.4"'],
    ['"1.2.3.4-2001:db8::1"', '"::1-1.2.3.4"'],
  ),
  entry(
    "V30",
    "no overlap inside a pool",
    [
      "10.0.0.0/24, 10.0.0.0/24",
      "10.0.0.0/24, 10.0.0.9-10.0.0.12",
      '"::ffff:10.0.0.0/120", 10.0.0.7/32',
    ],
    ["10.0.0.0/24, 10.0.1.0/24", '0.0.0.0/0, "2001:db8::/64"'],
  ),
  {
    rule: "V30",
    says: "no overlap between pools",
    rejected: [
      [
        "a range inside another pool",
        [pool("a", "addresses: [10.0.0.0/24]"), pool("b", "addresses: [10.0.0.128-10.0.0.130]")],
      ],
    ],
    accepted: [
      ["neighbors", [pool("a", "addresses: [10.0.0.0/24]"), pool("b", "addresses: [10.0.1.0/24]")]],
    ],
  },
  {
    rule: "V31",
    says: "one pool of a name",
    rejected: [
      [
        "two pools a",
        [pool("a", "addresses: [10.0.0.0/24]"), pool("a", "addresses: [10.0.1.0/24]")],
      ],
    ],
    accepted: [
      ["a and b", [pool("a", "addresses: [10.0.0.0/24]"), pool("b", "addresses: [10.0.1.0/24]")]],
    ],
  },
  {
    rule: "V32",
    says: "families may be mixed, priority is any number (V35)",
    rejected: [],
    accepted: [
      [
        "both families, priority -1",
        [pool("a", 'addresses: [10.0.0.0/24, "2001:db8::/64"], serviceAllocation: {priority: -1}')],
      ],
    ],
  },
]);

ruleTable("L2Advertisement, Community, BFDProfile (V38, V57, V58, V60, V61)", [
  ofL2(
    "V38",
    "lists",
    ["ipAddressPools: [a, a]", "nodeSelectors: [{}, {}]"],
    ["ipAddressPools: [a]"],
  ),
  {
    rule: "V38",
    says: "checked without any pool",
    rejected: [["[a, a]", [l2("l", "ipAddressPools: [a, a]")]]],
    accepted: [["[nope], which covers nothing (V39)", [l2("l", "ipAddressPools: [nope]")]]],
  },
  ofCommunity(
    "V57",
    "a value is a literal",
    ["{name: x, value: gold}", '{name: x, value: ""}', '{name: x, value: "65536:1"}', "{name: x}"],
    ['{name: x, value: "64512:1234"}', '{name: x, value: "large:1:2:3"}'],
  ),
  ofCommunity(
    "V58",
    "alias names are unique",
    ['{name: x, value: "1:1"}, {name: x, value: "1:2"}'],
    ['{name: x, value: "1:1"}, {name: y, value: "1:2"}'],
  ),
  {
    rule: "V58",
    says: "over all objects",
    rejected: [
      [
        "x in two objects",
        [
          community("c1", 'communities: [{name: x, value: "1:1"}]'),
          community("c2", 'communities: [{name: x, value: "1:1"}]'),
        ],
      ],
    ],
    accepted: [
      [
        "x and y",
        [
          community("c1", 'communities: [{name: x, value: "1:1"}]'),
          community("c2", 'communities: [{name: y, value: "1:1"}]'),
        ],
      ],
    ],
  },
  {
    rule: "V60",
    says: "ranges again",
    rejected: [["detectMultiplier: 1", [bfd("b", "detectMultiplier: 1")]]],
    accepted: [["detectMultiplier: 2", [bfd("b", "detectMultiplier: 2")]]],
  },
  {
    rule: "V61",
    says: "one profile of a name",
    rejected: [["two profiles a", [bfd("a", "echoMode: true"), bfd("a", "")]]],
    accepted: [["a and b", [bfd("a"), bfd("b")]]],
  },
]);

describe("What a pool's entries mean (3.5.1)", () => {
  const cidrs = (text: string): string[] =>
    parsed(pool("a", `addresses: [${text}]`)).config.pools.flatMap((p) => p.cidrs.map(prefixText));
  const cases: [text: string, then: string[]][] = [
    ["1.2.3.4/24", ["1.2.3.0/24"]],
    [
      "40.0.0.150-40.0.0.200",
      ["40.0.0.150/31", "40.0.0.152/29", "40.0.0.160/27", "40.0.0.192/29", "40.0.0.200/32"],
    ],
    ["10.9.0.0/24, 10.1.0.0/24", ["10.9.0.0/24", "10.1.0.0/24"]],
    ['"1.2.3.4-2001:db8::1"', []],
    ['"::ffff:1.2.3.0/120"', ["1.2.3.0/24"]],
  ];
  for (const [text, then] of cases)
    it(`${text} -> ${then.join(" ")}`, () => expect(cidrs(text)).to.deep.equal(then));

  it("warns of the range that gives no address (Q1)", () =>
    expect(
      parsed(pool("a", 'addresses: ["1.2.3.4-2001:db8::1"]')).problems.map((p) => [
        p.severity,
        p.rule,
      ]),
    ).to.deep.equal([["warning", "V29"]]));
});
