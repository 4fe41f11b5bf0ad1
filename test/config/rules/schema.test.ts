import { expect } from "chai";
import { checkObject, checkUpdate } from "../../../src/api/schema-check.ts";
import { adv, bfd, doc, one, peer, pool, rawPeer, ruleTable } from "../support.ts";
import type { Doc } from "../support.ts";

const A_POOL = "addresses: [10.0.0.0/24]";
const ofPool = one((name, spec) => pool(name, spec));
const ofPeer = one((name, spec) => peer(name, spec));
const ofProfile = one((name, spec) => bfd(name, spec));
const ofAdv = one((name, spec) => adv(name, spec));
const oldPeer = doc("metallb.io/v1beta1", "BGPPeer");
const OLD = "myASN: 64500, peerASN: 64501, peerAddress: 10.0.0.1";
const ofOldPeer = one((name, spec) => oldPeer(name, `${OLD}, ${spec}`));

ruleTable("API server level (V1 to V12, V17)", [
  ofPool("V1", "required fields", [""], [A_POOL]),
  {
    rule: "V1",
    says: "required fields of peers and selectors",
    rejected: [
      ["a v1beta2 peer without myASN", [rawPeer("p", "peerASN: 64501, peerAddress: 10.0.0.1")]],
      ["a v1beta1 peer without peerAddress", [oldPeer("p", "myASN: 64500, peerASN: 64501")]],
      [
        "an expression without operator",
        [peer("p", "nodeSelectors: [{matchExpressions: [{key: k}]}]")],
      ],
    ],
    accepted: [["a v1beta1 peer with the three", [oldPeer("p", OLD)]]],
  },
  ofPool(
    "V2",
    "JSON types",
    [`${A_POOL}, autoAssign: "yes"`],
    [`${A_POOL}, autoAssign: false`, `${A_POOL}, unknownField: 1`],
  ),
  ofPeer(
    "V3",
    "AS numbers",
    ["localASN: 0", "myASN: 4294967296", "peerASN: -1"],
    ["localASN: 4294967295"],
  ),
  ofPeer("V4", "peerPort", ["peerPort: 16385", "peerPort: 0"], ["peerPort: 16384", "peerPort: 1"]),
  ofOldPeer("V4", "peerPort in v1beta1", ["peerPort: 16385"], ["peerPort: 0"]),
  {
    rule: "V5",
    says: "dynamicASN is internal or external",
    rejected: [
      ["auto", [rawPeer("p", "myASN: 64500, peerAddress: 10.0.0.1, dynamicASN: auto")]],
      ["the empty text", [rawPeer("p", "myASN: 64500, peerAddress: 10.0.0.1, dynamicASN: ''")]],
    ],
    accepted: [
      ["external", [rawPeer("p", "myASN: 64500, peerAddress: 10.0.0.1, dynamicASN: external")]],
    ],
  },
  ofPeer(
    "V6",
    "connectTime is 1 to 65535 s",
    ["connectTime: 0s", "connectTime: 65536s"],
    ["connectTime: 18h12m15s"],
  ),
  ofPeer("V7", "connectTime is whole seconds", ["connectTime: 1500ms"], ["connectTime: 2s"]),
  ofProfile(
    "V9",
    "ranges of a BFDProfile",
    ["receiveInterval: 9", "transmitInterval: 60001", "detectMultiplier: 256", "minimumTtl: 0"],
    ["receiveInterval: 10", "minimumTtl: 254, echoInterval: 60000"],
  ),
  ofAdv(
    "V10",
    "aggregationLength is at least 1",
    ["aggregationLength: 0"],
    ["aggregationLength: 1"],
  ),
  ofAdv(
    "V11",
    "serviceSelectors only with default aggregation lengths",
    ["serviceSelectors: [{matchLabels: {a: b}}], aggregationLength: 24"],
    [
      "serviceSelectors: [{matchLabels: {a: b}}], aggregationLength: 32",
      "serviceSelectors: [], aggregationLength: 24",
    ],
  ),
  ofOldPeer(
    "V12",
    "a v1beta1 expression has values",
    ["nodeSelectors: [{matchExpressions: [{key: k, operator: Exists, values: []}]}]"],
    ["nodeSelectors: [{matchExpressions: [{key: k, operator: In, values: [v]}]}]"],
  ),
  ofPeer("V17", "durations have units", ['holdTime: "90"', 'keepaliveTime: ""'], ["holdTime: 90s"]),
  ofAdv("V17", "localPref is unsigned", ["localPref: -1"], ["localPref: 4294967295"]),
]);

describe("API server level, on a change (V8, V13) and on status kinds (V14)", () => {
  const graceful = (value: string): Doc => peer("p", value);
  const status = (kind: string, body: object): Doc => ({
    apiVersion: "metallb.io/v1beta1",
    kind,
    metadata: { name: "s", namespace: "metallb-system" },
    status: body,
  });
  const changes: [rule: string, given: string, before: Doc, now: Doc, refused: boolean][] = [
    [
      "V8",
      "true then false",
      graceful("enableGracefulRestart: true"),
      graceful("enableGracefulRestart: false"),
      true,
    ],
    ["V8", "absent then true", graceful(""), graceful("enableGracefulRestart: true"), false],
    [
      "V13",
      "node a then b",
      status("ServiceL2Status", { node: "a" }),
      status("ServiceL2Status", { node: "b" }),
      true,
    ],
    [
      "V13",
      "unset then a",
      status("ServiceBGPStatus", {}),
      status("ServiceBGPStatus", { node: "a" }),
      false,
    ],
  ];
  for (const [rule, given, before, now, refused] of changes)
    it(`${rule} ${refused ? "refuses" : "accepts"} ${given}`, () =>
      expect(checkUpdate(before, now).map((p) => p.rule)).to.deep.equal(refused ? [rule] : []));

  it("V14 refuses a result that is not in the enum", () =>
    expect(checkObject(status("ConfigurationState", { result: "Bad" })).problems[0]?.rule).to.equal(
      "V14",
    ));
  it("V14 accepts result Valid", () =>
    expect(checkObject(status("ConfigurationState", { result: "Valid" })).problems).to.deep.equal(
      [],
    ));
  it("V14 refuses a pool status without all four counters", () => {
    const bad = { ...pool("a", A_POOL), status: { assignedIPv4: 1 } };
    expect(checkObject(bad).problems[0]?.rule).to.equal("V14");
  });
});
