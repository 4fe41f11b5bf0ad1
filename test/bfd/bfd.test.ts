import { expect } from "chai";
import fc from "fast-check";
import { profileView } from "../../src/bfd/profile.ts";
import { bfdSessionsFor, bfdWarnings } from "../../src/bfd/sessions.ts";
import { parseBfdPeers } from "../../src/bfd/status.ts";
import type { BfdProfile, Peer } from "../../src/config/config.ts";
import { peer, profile, unnumbered } from "../support/bgp-fixture.ts";

describe("BFD profiles", () => {
  it("are explicit where nothing is set", () =>
    expect(profileView(profile("p"))).to.deep.equal({
      name: "p",
      receiveIntervalMs: 300,
      transmitIntervalMs: 300,
      detectMultiplier: 3,
      echoIntervalMs: 50,
      echoMode: false,
      passiveMode: false,
      minimumTtl: 254,
    }));
});

describe("BFD where single hop and multihop differ", () => {
  const v4 = peer("r", "192.0.2.2");
  const v6 = peer("r", "2001:db8::2");
  const far = peer("r", "192.0.2.2", { ebgpMultiHop: true });
  const ibgp = peer("r", "192.0.2.2", { remoteAs: 64500 });
  const echo = profile("p", { echoMode: true });
  const ttl = profile("p", { minimumTtl: 250 });
  const cases: readonly (readonly [given: string, peer: Peer, p: BfdProfile, then: string])[] = [
    ["echo, one hop", v4, echo, ""],
    ["echo, one hop over IPv6", v6, echo, "echoOnIpv6"],
    ["echo, on an interface", unnumbered("r", "eth0"), echo, "echoOnIpv6"],
    ["echo, multihop", far, echo, "echoOnMultihop"],
    ["minimum TTL, one hop", v4, ttl, "minimumTtlOnSingleHop"],
    ["minimum TTL, multihop", far, ttl, ""],
    ["minimum TTL, iBGP: the node decides", ibgp, ttl, ""],
    ["passive", v4, profile("p", { passiveMode: true }), "passive"],
  ];
  for (const [given, p, prof, then] of cases)
    it(`${given} -> ${then || "fine"}`, () => expect(bfdWarnings(p, prof).join()).to.equal(then));
});

describe("the BFD sessions of a node", () => {
  const peers = [
    peer("b", "192.0.2.2", { bfdProfile: "fast", ebgpMultiHop: true }),
    peer("a", "2001:db8::2", { bfdProfile: "gone" }),
    peer("c", "192.0.2.3"),
    peer("d", "192.0.2.4", { bfdProfile: "fast", nodeSelectors: [{ matchLabels: { rack: "b" } }] }),
  ];
  const bfdProfiles = [
    profile("fast", { receiveIntervalMs: 100, transmitIntervalMs: 50, detectMultiplier: 4 }),
  ];
  const summary = (labels: Record<string, string>): string[] =>
    bfdSessionsFor({ peers, bfdProfiles }, labels).map(
      (s) => `${s.peer} ${s.key} ${s.multihop} ${s.detectionMs}`,
    );

  it("are those of its peers with a profile", () => {
    expect(summary({})).to.deep.equal(["a 2001:db8::2 false 900", "b 192.0.2.2 true 400"]);
    expect(summary({ rack: "b" })).to.have.length(3);
  });
});

describe("show bfd peers json", () => {
  const up = { multihop: false, peer: "192.0.2.2", local: "192.0.2.1", vrf: "default" };
  it("reads states", () => {
    const text = JSON.stringify([
      { ...up, status: "up", uptime: 7, diagnostic: "ok", "receive-interval": 60 },
      { peer: "2001:db8::2", vrf: "red", interface: "eth0", multihop: true, status: "shutdown" },
      { peer: "192.0.2.9", status: "init" },
      { peer: "192.0.2.10", status: "down", downtime: 3 },
    ]);
    expect(parseBfdPeers(text).map((s) => `${s.vrf ?? "-"} ${s.peer} ${s.state}`)).to.deep.equal([
      "- 192.0.2.10 Down",
      "- 192.0.2.2 Up",
      "- 192.0.2.9 Init",
      "red 2001:db8::2 AdminDown",
    ]);
    expect(parseBfdPeers(text)[1]).to.include({ sinceS: 7, receiveIntervalMs: 60, vrf: null });
  });

  it("reads anything without failing", () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseBfdPeers(text)).to.be.an("array");
      }),
    ));
});
