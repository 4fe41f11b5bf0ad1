import { expect } from "chai";
import { bfd, node, one, parsed, peer, rawPeer, ruleTable, secret } from "../support.ts";
import type { Doc } from "../support.ts";

const ofPeer = one((name, spec) => peer(name, spec));
const bare = one((name, spec) => rawPeer(name, spec));
const TWO_NODES = [node("n1", "rack: a"), node("n2", "rack: b")];
const onRack = (rack: string): string => `nodeSelectors: [{matchLabels: {rack: ${rack}}}]`;

/** Two peers at different addresses, with what sets them apart. */
const pair = (first: string, second: string): Doc[] => [
  peer("p1", first),
  peer("p2", `peerAddress: 10.0.0.2, ${second}`),
];
const twins = (first: string, second: string): Doc[] => [peer("p1", first), peer("p2", second)];

ruleTable("BGPPeer (V63 to V75)", [
  bare(
    "V63",
    "myASN is not 0",
    ["myASN: 0, peerASN: 1, peerAddress: 10.0.0.1", ""],
    ["myASN: 64500, peerASN: 1, peerAddress: 10.0.0.1"],
  ),
  bare(
    "V64",
    "peerASN or dynamicASN",
    ["myASN: 1, peerAddress: 10.0.0.1"],
    ["myASN: 1, peerAddress: 10.0.0.1, dynamicASN: internal"],
  ),
  bare(
    "V65",
    "not both",
    ["myASN: 1, peerAddress: 10.0.0.1, peerASN: 64501, dynamicASN: external"],
    ["myASN: 1, peerAddress: 10.0.0.1, peerASN: 0, dynamicASN: external"],
  ),
  bare(
    "V66",
    "the values of dynamicASN again",
    ["myASN: 1, peerAddress: 10.0.0.1, dynamicASN: x"],
    ["myASN: 1, peerAddress: 10.0.0.1, dynamicASN: external"],
  ),
  ofPeer(
    "V67",
    "no multihop on iBGP",
    ["myASN: 1, peerASN: 1, ebgpMultiHop: true"],
    ["myASN: 1, peerASN: 2, ebgpMultiHop: true"],
  ),
  bare(
    "V67",
    "dynamicASN internal is let through",
    [],
    ["myASN: 1, dynamicASN: internal, peerAddress: 10.0.0.1, ebgpMultiHop: true"],
  ),
  bare(
    "V68",
    "peerAddress or interface",
    ["myASN: 1, peerASN: 2"],
    ["myASN: 1, peerASN: 2, interface: eth0"],
  ),
  ofPeer("V69", "not both", ["interface: eth0"], [""]),
  ofPeer(
    "V70",
    "hold time 0 or at least 3 s, in whole seconds",
    ["holdTime: 2s", "holdTime: 2500ms", "holdTime: -5s", "keepaliveTime: 500ms"],
    ["holdTime: 0s", "holdTime: 3s", "holdTime: 900ms", "holdTime: 90s"],
  ),
  ofPeer(
    "V71",
    "keepalive not above hold",
    ["holdTime: 90s, keepaliveTime: 91s", "holdTime: 0s, keepaliveTime: 1s"],
    ["holdTime: 3s, keepaliveTime: 3s", "holdTime: 90s, keepaliveTime: 0s"],
  ),
  ofPeer(
    "V72",
    "peerAddress is an IP",
    ["peerAddress: 10.0.0.1/32", "peerAddress: 1.1.1", 'peerAddress: "fe80::1%eth0"'],
    ["peerAddress: 10.0.0.1", 'peerAddress: "2001:db8::1"'],
  ),
  ofPeer("V73", "routerID is an IP", ['routerID: "1"'], ["routerID: 10.10.10.10"]),
  ofPeer("V74", "sourceAddress is an IP", ["sourceAddress: x"], ["sourceAddress: 192.0.2.1"]),
  ofPeer(
    "V75",
    "nodeSelectors",
    ["nodeSelectors: [{}, {}]"],
    ["nodeSelectors: [{matchLabels: {rack: a}}]"],
  ),
]);

const AUTH = "type: kubernetes.io/basic-auth";
const GOOD = secret("s", `${AUTH}, stringData: {password: x}`);

ruleTable("BGPPeer, what it refers to (V76 to V80)", [
  one((name, spec) => peer(name, spec), [GOOD])(
    "V76",
    "password or passwordSecret",
    ["password: x, passwordSecret: {name: s}"],
    ["password: x", "passwordSecret: {name: s}", "passwordSecret: {}"],
  ),
  {
    rule: "V77",
    says: "the Secret exists in the namespace of the configuration",
    rejected: [
      ["a missing Secret", [peer("p", "passwordSecret: {name: s}")]],
      [
        "one of another namespace, also where the reference names that",
        [
          peer("p", "passwordSecret: {name: s, namespace: default}"),
          { ...GOOD, metadata: { name: "s", namespace: "default" } },
        ],
      ],
    ],
    accepted: [["an existing one", [peer("p", "passwordSecret: {name: s}"), GOOD]]],
  },
  {
    rule: "V78",
    says: "the Secret is of type basic-auth",
    rejected: [
      [
        "Opaque",
        [
          peer("p", "passwordSecret: {name: s}"),
          secret("s", "type: Opaque, stringData: {password: x}"),
        ],
      ],
      [
        "no type",
        [peer("p", "passwordSecret: {name: s}"), secret("s", "stringData: {password: x}")],
      ],
    ],
    accepted: [["basic-auth", [peer("p", "passwordSecret: {name: s}"), GOOD]]],
  },
  {
    rule: "V79",
    says: "the Secret has key password",
    rejected: [
      [
        "only username",
        [peer("p", "passwordSecret: {name: s}"), secret("s", `${AUTH}, stringData: {username: x}`)],
      ],
    ],
    accepted: [
      [
        "password in base64",
        [peer("p", "passwordSecret: {name: s}"), secret("s", `${AUTH}, data: {password: eA==}`)],
      ],
      [
        "an empty password",
        [
          peer("p", "passwordSecret: {name: s}"),
          secret("s", `${AUTH}, stringData: {password: ''}`),
        ],
      ],
    ],
  },
  {
    rule: "V80",
    says: "the BFDProfile exists",
    rejected: [["nope", [peer("p", "bfdProfile: nope")]]],
    accepted: [["an existing one", [peer("p", "bfdProfile: b"), bfd("b")]]],
  },
]);

ruleTable("Peers that share a node (V82 to V84)", [
  {
    rule: "V82",
    says: "one routerID",
    rejected: [
      ["set and unset", [...pair("routerID: 1.1.1.1", ""), node("n")]],
      ["with no Node known", pair("routerID: 1.1.1.1", "routerID: 2.2.2.2")],
      ["in two VRFs", pair("routerID: 1.1.1.1", "vrf: red")],
    ],
    accepted: [
      ["all equal", pair("routerID: 1.1.1.1", "routerID: 1.1.1.1")],
      ["no shared node", [...pair(`routerID: 1.1.1.1, ${onRack("a")}`, onRack("b")), ...TWO_NODES]],
    ],
  },
  {
    rule: "V83",
    says: "one peer per address and VRF",
    rejected: [
      ["the same address", twins("", "peerPort: 1179")],
      [
        "the same interface",
        [
          rawPeer("p1", "myASN: 1, peerASN: 2, interface: eth0"),
          rawPeer("p2", "myASN: 1, peerASN: 3, interface: eth0"),
        ],
      ],
    ],
    accepted: [
      ["VRFs red and blue", twins("vrf: red", "vrf: blue")],
      ["disjoint nodeSelectors", [...twins(onRack("a"), onRack("b")), ...TWO_NODES]],
    ],
  },
  {
    rule: "V84",
    says: "one myASN per VRF",
    rejected: [["1 and 2 in the default VRF", pair("myASN: 1", "myASN: 2")]],
    accepted: [
      ["different VRFs", pair("myASN: 1", "myASN: 2, vrf: red")],
      [
        "no shared node",
        [...pair(`myASN: 1, ${onRack("a")}`, `myASN: 2, ${onRack("b")}`), ...TWO_NODES],
      ],
    ],
  },
]);

describe("Timers (3.9)", () => {
  //              given                                   | hold keepalive | what FRR gets
  const cases: [string, [number, number] | null, [number, number] | null][] = [
    ["", null, null],
    ["holdTime: 90s", [90, 30], [90, 30]],
    ["keepaliveTime: 30s", [90, 30], [90, 30]],
    ["keepaliveTime: 1s", [3, 1], [3, 1]],
    ["holdTime: 0s", [0, 0], [0, 0]],
    ["keepaliveTime: 0s", [0, 0], [0, 0]],
    ["holdTime: 90s, keepaliveTime: 0s", [90, 0], [90, 0]],
    ["holdTime: 3s, keepaliveTime: 3s", [3, 3], [3, 1]],
    ["holdTime: 90s, keepaliveTime: 60s", [90, 60], [90, 30]],
    ["holdTime: 900ms", [0.9, 0.3], [0, 0]],
    ["holdTime: 3500ms, keepaliveTime: 1s", [3.5, 1], [3, 1]],
  ];
  for (const [given, asked, effective] of cases)
    it(`${given || "neither"} -> ${asked?.join("/") ?? "FRR's own"}`, () => {
      const timers = parsed(peer("p", given)).config.peers[0]!.timers;
      expect(timers && [timers.given.holdTimeS, timers.given.keepaliveTimeS]).to.deep.equal(asked);
      expect(timers && [timers.holdTimeS, timers.keepaliveTimeS]).to.deep.equal(effective);
    });
});

describe("Passwords", () => {
  const passwordOf = (...docs: Doc[]): string | null | undefined =>
    parsed(...docs).config.peers[0]?.password;

  it("come from the field", () => expect(passwordOf(peer("p", "password: x"))).to.equal("x"));
  it("come from a Secret, stringData before data", () =>
    expect(
      passwordOf(
        peer("p", "passwordSecret: {name: s}"),
        secret("s", `${AUTH}, data: {password: eQ==}, stringData: {password: z}`),
      ),
    ).to.equal("z"));
  it("lose the line end that echo leaves in base64", () =>
    expect(
      passwordOf(
        peer("p", "passwordSecret: {name: s}"),
        secret("s", `${AUTH}, data: {password: eAo=}`),
      ),
    ).to.equal("x"));
  it("are in no message", () => {
    const { problems } = parsed(
      peer("p", 'password: "hunter2 \\n x", passwordSecret: {name: s}'),
      GOOD,
    );
    expect(problems).not.to.have.length(0);
    expect(JSON.stringify(problems)).not.to.include("hunter2");
  });
});
