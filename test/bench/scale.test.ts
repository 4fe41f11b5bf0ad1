/** What the measurements at size rest on, and what keeps their figures small. */
import { expect } from "chai";
import { slopeOf } from "../../bench/scale/slope.ts";
import { addressOf } from "../../bench/scale/world.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { desiredFor } from "../../src/frr-templates/desired.ts";
import { WORLD, bgpPeer, servicesAt } from "../support/speaking.ts";

describe("slope", () => {
  const cases: readonly (readonly [string, readonly (readonly [number, number])[], number])[] = [
    ["nothing", [], 0],
    ["one point", [[1, 5]], 0],
    ["flat", [[0, 7], [1, 7], [2, 7]], 0],
    ["two an hour", [[0, 10], [1, 12], [2, 14]], 2],
    ["noise around nothing", [[0, 1], [1, 3], [2, 3], [3, 1]], 0],
  ]; // prettier-ignore
  for (const [what, points, slope] of cases)
    it(`of ${what}`, () => expect(slopeOf(points)).to.be.closeTo(slope, 1e-9));
});

describe("64 peers and 500 prefixes", () => {
  const snapshot = {
    ...emptySnapshot("metallb-system"),
    ...WORLD,
    pools: [{ ...WORLD.pools![0]!, spec: { addresses: ["198.18.0.0/16"] } }],
    bgpPeers: Array.from({ length: 64 }, (_, i) => bgpPeer(`r${i}`, `192.0.2.${i + 10}`)),
    ...servicesAt(Array.from({ length: 500 }, (_, i) => addressOf(i))),
  };
  const bgp = nodeBgpFor(parseConfig(snapshot).config, snapshot, "n1");

  it("share one list of prefixes, since all are treated alike", () => {
    const lists = bgp.instances.flatMap((i) => i.neighbors.map((n) => n.announcements));
    expect(lists).to.have.length(64);
    expect(lists[0]).to.have.length(500);
    expect(new Set(lists).size).to.equal(1);
  });

  it("are one line a prefix in frr.conf", () => {
    const { text } = desiredFor(bgp);
    expect(text.match(/^ +network /gm)).to.have.length(500);
  });
});
