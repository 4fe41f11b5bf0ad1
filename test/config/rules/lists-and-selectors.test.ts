import { adv, l2, node, one, peer, pool, ruleTable } from "../support.ts";
import type { Rule } from "../support.ts";

/** Every list of selectors, by the kind and field that holds it. */
const HOLDERS: readonly [holder: string, make: (selectors: string) => ReturnType<typeof pool>][] = [
  ["BGPPeer nodeSelectors", (s) => peer("p", `nodeSelectors: ${s}`)],
  ["L2Advertisement nodeSelectors", (s) => l2("l", `nodeSelectors: ${s}`)],
  ["L2Advertisement ipAddressPoolSelectors", (s) => l2("l", `ipAddressPoolSelectors: ${s}`)],
  ["L2Advertisement serviceSelectors", (s) => l2("l", `serviceSelectors: ${s}`)],
  ["BGPAdvertisement nodeSelectors", (s) => adv("b", `nodeSelectors: ${s}`)],
  ["BGPAdvertisement ipAddressPoolSelectors", (s) => adv("b", `ipAddressPoolSelectors: ${s}`)],
  ["BGPAdvertisement serviceSelectors", (s) => adv("b", `serviceSelectors: ${s}`)],
  [
    "IPAddressPool namespaceSelectors",
    (s) => pool("a", `addresses: [10.0.0.0/24], serviceAllocation: {namespaceSelectors: ${s}}`),
  ],
  [
    "IPAddressPool serviceSelectors",
    (s) => pool("a", `addresses: [10.0.0.0/24], serviceAllocation: {serviceSelectors: ${s}}`),
  ],
];

const everywhere = (rule: string, says: string, rejected: string[], accepted: string[]): Rule => ({
  rule,
  says,
  rejected: HOLDERS.flatMap(([holder, make]) =>
    rejected.map((s) => [`${holder}: ${s}`, [make(s), node("n1")]] as const),
  ),
  accepted: HOLDERS.flatMap(([holder, make]) =>
    accepted.map((s) => [`${holder}: ${s}`, [make(s), node("n1")]] as const),
  ),
});

const ofL2 = one((name, spec) => l2(name, spec));
const ofAdv = one((name, spec) => adv(name, spec));

ruleTable("Lists and selectors (V20 to V23, V33, V34)", [
  ofL2(
    "V20",
    "no text twice",
    ["ipAddressPools: [a, a]"],
    ["ipAddressPools: [a]", "interfaces: [eth0, eth0]"],
  ),
  ofAdv(
    "V20",
    "no text twice",
    ["peers: [p1, p1]", "ipAddressPools: [a, b, a]", 'communities: ["1:2", "1:2"]'],
    ["peers: [p1, p2]"],
  ),
  everywhere(
    "V21",
    "no selector twice",
    [
      "[{}, {}]",
      "[{matchLabels: {a: b, c: d}}, {matchLabels: {c: d, a: b}}]",
      "[{matchExpressions: [{key: k, operator: In, values: [a, b]}]}, {matchExpressions: [{key: k, operator: In, values: [b, a]}]}]",
    ],
    [
      "[{matchLabels: {a: b}}, {matchLabels: {a: c}}]",
      "[{matchLabels: {k: v}}, {matchExpressions: [{key: k, operator: In, values: [v]}]}]",
    ],
  ),
  everywhere(
    "V22",
    "no value and no expression twice inside a selector",
    [
      "[{matchExpressions: [{key: k, operator: In, values: [a, a]}]}]",
      "[{matchExpressions: [{key: k, operator: Exists}, {key: k, operator: Exists}]}]",
    ],
    ["[{matchExpressions: [{key: k, operator: In, values: [a, b]}]}]"],
  ),
  everywhere(
    "V23",
    "operators, values and keys",
    [
      '[{matchExpressions: [{key: k, operator: Gt, values: ["1"]}]}]',
      "[{matchExpressions: [{key: k, operator: Exists, values: [a]}]}]",
      "[{matchExpressions: [{key: k, operator: In}]}]",
      "[{matchExpressions: [{key: '-k', operator: Exists}]}]",
      "[{matchLabels: {k: 'not a value'}}]",
    ],
    [
      "[{matchExpressions: [{key: k, operator: Exists}]}]",
      "[{}]",
      "[{matchLabels: {example.com/k: ''}}]",
    ],
  ),
  {
    rule: "V33",
    says: "namespaces without duplicates",
    rejected: [
      ["[a, a]", [pool("p", "addresses: [10.0.0.0/24], serviceAllocation: {namespaces: [a, a]}")]],
    ],
    accepted: [
      ["[a, b]", [pool("p", "addresses: [10.0.0.0/24], serviceAllocation: {namespaces: [a, b]}")]],
    ],
  },
  {
    rule: "V34",
    says: "selectors of serviceAllocation",
    rejected: [
      [
        "operator Bogus",
        [
          pool(
            "p",
            "addresses: [10.0.0.0/24], serviceAllocation: {serviceSelectors: [{matchExpressions: [{key: k, operator: Bogus}]}]}",
          ),
        ],
      ],
    ],
    accepted: [
      [
        "app: web",
        [
          pool(
            "p",
            "addresses: [10.0.0.0/24], serviceAllocation: {serviceSelectors: [{matchLabels: {app: web}}]}",
          ),
        ],
      ],
    ],
  },
]);
