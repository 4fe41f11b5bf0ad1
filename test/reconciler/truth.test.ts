import { expect } from "chai";
import type { SentRoutes } from "../../src/api/sent-routes.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";
import type { L2Decision } from "../../src/l2/decision.ts";
import { parseIp } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";
import { parsePrefix, prefixText } from "../../src/net/prefix.ts";
import type { PeerTruth } from "../../src/reconciler/bgp-truth.ts";
import { bgpTruth } from "../../src/reconciler/bgp-truth.ts";
import { l2Truth } from "../../src/reconciler/l2-truth.ts";
import { reportBook } from "../../src/reconciler/speaker-reports.ts";

const P = "203.0.113.1/32";
const text = (prefix: string) => prefixText(parsePrefix(prefix));
const neighbor = (peer: string, key: string, prefixes: readonly string[]) => ({
  ...{ peer, key, unnumbered: false, id: key, remoteAs: "64501", localAs: null },
  ...{ bfdProfile: null, password: null, port: null, multihop: false },
  ...{ disableConnectedCheck: false, updateSource: null, timers: null, connectS: null },
  ...{ gracefulRestart: false, families: [4 as const], entries: [] },
  announcements: prefixes.map((p) => ({
    ...{ prefix: text(p), localPref: 0, communities: [], largeCommunities: [] },
  })),
});
const WEB = { kind: "Service", namespace: "default", name: "web" };
/** Session `a` should have the prefix, `b` should not. */
const NODE: NodeBgp = {
  ...{ hostname: "n1", logLevel: "informational", classes: [], bfdProfiles: [], extras: null },
  ...{ problems: [], namespace: "metallb-system" },
  instances: [
    {
      ...{ asn: 64500, vrf: null, routerId: null, networks6: [] },
      neighbors: [neighbor("a", "192.0.2.1", [P]), neighbor("b", "192.0.2.2", [])],
      networks4: [{ prefix: text(P), classNumber: 1, origins: [WEB] }],
    },
  ],
};
const session = (state: string, ...prefixes: string[]): SentRoutes =>
  new Map([["192.0.2.1", { state, prefixes: new Set(prefixes) }]]);

describe("what a node really does for a Service", () => {
  const cases: [
    given: string,
    SentRoutes | null,
    settled: boolean,
    sent: boolean,
    string | null,
  ][] = [
    ["sent", session("Established", P), true, true, null],
    ["sent a moment ago", session("Established", P), false, true, null],
    ["held back by a policy", session("Established"), true, false, "deniedOutbound"],
    ["told to FRR a moment ago", session("Established"), false, false, "pending"],
    ["a session that is down", session("Active"), true, false, "sessionNotEstablished"],
    ["a session that FRR does not have", new Map(), true, false, "sessionNotEstablished"],
    ["an FRR that has not answered yet", null, false, false, "pending"],
    ["an FRR that does not answer", null, true, false, "frrUnreachable"],
  ];
  for (const [given, sent, settled, isSent, reason] of cases)
    it(`BGP: ${given}`, () => {
      const [a, b] = bgpTruth(NODE, { sent, isSettled: () => settled }).get("default/web") ?? [];
      expect(a).to.deep.include({ peer: "a", intended: true, sent: isSent, reason });
      expect(b).to.deep.include({ peer: "b", intended: false, reason: "noPeerForPrefix" });
    });

  const ip = parseIp("192.0.2.9");
  const decision = (announce: boolean, interfaces: "*" | readonly string[]): L2Decision => ({
    ...{ announce, interfaces, unfit: new Map() },
    ...{ reason: announce ? null : "notOwner", cause: announce ? null : "noLocalEndpoints" },
    addresses: [
      {
        ...{
          ip,
          announce,
          interfaces,
          winnerInterfaces: "*",
          candidates: ["n1"],
          electionKey: ip,
          sharers: [],
        },
        ...{ winner: announce ? "n1" : "n2", reason: announce ? null : "notOwner" },
        cause: announce ? null : "noLocalEndpoints",
      },
    ],
  });
  const on = (...names: string[]): ReadonlyMap<Ip, readonly string[]> =>
    new Map(names.length === 0 ? [] : [[ip, names]]);
  const none = new Map<Ip, string>();
  it("L2: answered for on all interfaces, and on those of a list that exist", () => {
    const all = l2Truth(decision(true, "*"), { on: on("eth0", "eth1"), yielded: none });
    expect(all).to.deep.include({ announced: true, interfaces: [], reason: null });
    const some = l2Truth(decision(true, ["eth1", "eth7"]), { on: on("eth1"), yielded: none });
    expect(some).to.deep.include({ announced: true, interfaces: ["eth1"] });
  });
  it("L2: elected, and no interface is there; or a duel was lost", () => {
    const mute = l2Truth(decision(true, ["eth7"]), { on: on(), yielded: none });
    expect(mute).to.deep.include({ announced: false, reason: "noInterface" });
    const lost = l2Truth(decision(true, "*"), { on: on(), yielded: new Map([[ip, "n3"]]) });
    expect(lost).to.deep.include({ announced: false, reason: "yieldedInDuel" });
    expect(lost.addresses[0]?.owner).to.equal("n3");
  });
  it("L2: another node's, with the cause", () => {
    const other = l2Truth(decision(false, []), { on: on(), yielded: none });
    expect(other).to.deep.include({ announced: false, reason: "noLocalEndpoints" });
    expect(other.addresses[0]?.owner).to.equal("n2");
  });

  it("reports are the same objects until a decision changes, and wait for what is pending", () => {
    const peer = (sent: boolean, reason: PeerTruth["reason"]): PeerTruth => ({
      ...{ peer: "a", intended: true, sent, prefixes: [P], missing: sent ? [] : [P], reason },
    });
    const truth = (sent: boolean, reason: PeerTruth["reason"]) => [
      { key: "default/web", bgp: { peers: [peer(sent, reason)], reason: null }, l2: null },
    ];
    const book = reportBook("n1");
    let asked = 0;
    const inputs = () => ({ epoch: ++asked });
    expect(book.write(truth(false, "pending"), inputs)).to.deep.equal([]);
    const sent = book.write(truth(true, null), inputs);
    expect(sent.map((r) => r.kind)).to.deep.equal(["ServiceBGPStatus", "AnnouncementReport"]);
    expect(book.write(truth(true, null), inputs)[1]).to.equal(sent[1]);
    expect(book.write(truth(false, "pending"), inputs)[1]).to.equal(sent[1]);
    expect(asked).to.equal(1);
    const denied = book.write(truth(false, "deniedOutbound"), inputs);
    expect(denied.map((r) => r.kind)).to.deep.equal(["AnnouncementReport"]);
    expect(JSON.stringify(denied))
      .to.include("deniedOutbound")
      .and.to.include("extra configuration");
    expect(book.write([], inputs)).to.deep.equal([]);
  });
});
