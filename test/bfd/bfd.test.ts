import { expect } from "chai";
import fc from "fast-check";
import { profileView } from "../../src/bfd/profile.ts";
import { parseBfdPeers } from "../../src/bfd/status.ts";
import { profile } from "../support/bgp-fixture.ts";

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
