import { expect } from "chai";
import { bfd, l2, one, parsed, peer, rawPeer, ruleTable, secret } from "../support.ts";

const ofPeer = one((name, spec) => peer(name, spec));
const bare = one((name, spec) => rawPeer(name, spec));
const long = (n: number): string => "x".repeat(n);

ruleTable("What FRR refuses although MetalLB lets it through (ADR 0021)", [
  {
    rule: "F1",
    says: "one object of a name, for kinds without a rule of MetalLB's",
    rejected: [["two L2Advertisements l", [l2("l", ""), l2("l", "interfaces: [eth0]")]]],
    accepted: [["l and m", [l2("l"), l2("m")]]],
  },
  {
    rule: "F2",
    says: "a profile's name fits FRR",
    rejected: [["64 characters", [bfd(long(64))]]],
    accepted: [["63 characters", [bfd(long(63))]]],
  },
  ofPeer(
    "F6",
    "times fit two octets",
    ["holdTime: 65536s", "keepaliveTime: 21846s"],
    ["holdTime: 65535s"],
  ),
  ofPeer(
    "F8",
    "a password is one printable word",
    [
      'password: "a b"',
      'password: "a\\nb"',
      'password: "a\\tb"',
      'password: "p\\u00e4"',
      'password: "\\0"',
    ],
    ["password: 'a?b!#\"$\\'", 'password: ""'].map((p) => p.replace("\\'", "'")),
  ),
  ofPeer("F9", "TCP MD5 takes 80 bytes", [`password: ${long(81)}`], [`password: ${long(80)}`]),
  {
    rule: "F8",
    says: "a password from a Secret too",
    rejected: [
      [
        "a line of its own",
        [
          peer("p", "passwordSecret: {name: s}"),
          secret("s", 'type: kubernetes.io/basic-auth, stringData: {password: "a\\nb"}'),
        ],
      ],
    ],
    accepted: [
      [
        "a line end",
        [
          peer("p", "passwordSecret: {name: s}"),
          secret("s", 'type: kubernetes.io/basic-auth, stringData: {password: "a\\n"}'),
        ],
      ],
    ],
  },
  {
    rule: "F10",
    says: "one neighbor, however its address is written",
    rejected: [
      [
        "two spellings",
        [peer("p", 'peerAddress: "2001:db8::1"'), peer("q", 'peerAddress: "2001:db8:0::1"')],
      ],
    ],
    accepted: [
      [
        "two addresses",
        [peer("p", 'peerAddress: "2001:db8::1"'), peer("q", 'peerAddress: "2001:db8::2"')],
      ],
    ],
  },
  bare(
    "F11",
    "an interface is one device name",
    [`"eth0 eth1"`, '"eth0\\nexit"', "a/b", '"a:b"', "..", long(16), "192.0.2.1"].map(
      (name) => `myASN: 1, peerASN: 2, interface: ${name}`,
    ),
    ["eth0.100", "enp0s31f6", "br-lan", long(15)].map(
      (name) => `myASN: 1, peerASN: 2, interface: ${name}`,
    ),
  ),
  ofPeer(
    "F12",
    "a VRF is one device name",
    ['vrf: "red blue"', 'vrf: "red\\nexit"', `vrf: ${long(36)}`],
    ["vrf: red", "vrf: a.b_c-d@e"],
  ),
  ofPeer(
    "F13",
    "localASN is not myASN",
    ["localASN: 64500"],
    ["localASN: 64999", "localASN: 64501"],
  ),
  ofPeer(
    "F14",
    "a router ID is IPv4",
    ['routerID: "2001:db8::1"'],
    ["routerID: 192.0.2.1", "routerID: 0.0.0.0"],
  ),
  bare(
    "F15",
    "no multihop on an interface",
    ["myASN: 1, peerASN: 2, interface: eth0, ebgpMultiHop: true"],
    ["myASN: 1, peerASN: 2, interface: eth0"],
  ),
]);

describe("What is accepted with a word of warning", () => {
  const warnings = (...docs: Parameters<typeof parsed>) =>
    parsed(...docs).problems.map((p) => `${p.severity} ${p.rule} ${p.code}`);
  const cases: [given: string, docs: Parameters<typeof parsed>, then: string[]][] = [
    [
      "keepalive above a third",
      [peer("p", "holdTime: 9s, keepaliveTime: 9s")],
      ["warning F7 keepaliveLowered"],
    ],
    ["hold time below a second", [peer("p", "holdTime: 900ms")], ["warning V70 timersOff"]],
    ["VRF default", [peer("p", "vrf: default")], ["warning F3 defaultVrf"]],
    ["router ID 0.0.0.0", [peer("p", "routerID: 0.0.0.0")], ["warning F14 routerIdUnset"]],
    ["localASN like peerASN", [peer("p", "localASN: 64501")], ["warning F17 localAsIsRemoteAs"]],
    ["localASN on iBGP", [peer("p", "peerASN: 64500, localASN: 7")], ["warning F17 localAsOnIbgp"]],
    [
      "a source of the other family",
      [peer("p", 'sourceAddress: "2001:db8::1"')],
      ["warning F16 sourceFamily"],
    ],
    ["disableMP", [peer("p", "disableMP: true")], ["warning V18 disableMpDeprecated"]],
    [
      "echo and minimum TTL on one hop (X8)",
      [bfd("b", "echoMode: true, minimumTtl: 254"), peer("p", "bfdProfile: b")],
      ["warning X8 minimumTtlOnSingleHop"],
    ],
    [
      "echo and minimum TTL over several hops (X8)",
      [bfd("b", "echoMode: true, minimumTtl: 250"), peer("p", "bfdProfile: b, ebgpMultiHop: true")],
      ["warning X8 echoOnMultiHop", "warning X8 minimumTtlUnchecked"],
    ],
    [
      "echo on an interface, where the peer is an IPv6 one (X8)",
      [
        bfd("b", "echoMode: true"),
        peer(
          "p",
          "peerASN: 0, dynamicASN: external, peerAddress: '', interface: eth0, bfdProfile: b",
        ),
      ],
      ["warning X8 echoOnIpv6"],
    ],
    [
      "minimum TTL on iBGP, which may be several hops away",
      [bfd("b", "minimumTtl: 254"), peer("p", "peerASN: 64500, bfdProfile: b")],
      ["warning X8 minimumTtlUnchecked"],
    ],
  ];
  for (const [given, docs, then] of cases)
    it(given, () => expect(warnings(...docs)).to.deep.equal(then));
});
