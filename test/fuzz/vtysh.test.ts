/** Spoilt output of FRR into everything that reads it: cut off, changed, hostile. A stranger's text may be refused, never fallen over. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Random } from "../../chaos/random.ts";
import { AppError } from "../../src/errors.ts";
import { receivedFrom } from "../../src/explain/received.ts";
import { adjRibOutOf } from "../../src/frr-config/adj-rib-out.ts";
import { deltaFor } from "../../src/frr-config/delta.ts";
import { effectsOf } from "../../src/frr-config/effects.ts";
import { maskText } from "../../src/frr-config/mask.ts";
import { formatTree, parseTree, sameTree } from "../../src/frr-config/tree.ts";
import { parseFrrVersion } from "../../src/frr-config/version.ts";
import { complaintsIn } from "../../src/frr/complaints.ts";
import { advertisedFrom, bfdCountersFrom, bfdPeersFrom, neighborsFrom, parseFrrJson, sentToFrom } from "../../src/frr/status.ts"; // prettier-ignore
import { spoil, spoilText } from "./hostile.ts";
import type { Json } from "./hostile.ts";
import { CASES, fuzz } from "./seeds.ts";

const GOLDEN = "test/golden/frr";
const CONFS = readdirSync(GOLDEN)
  .filter((f) => f.endsWith(".conf"))
  .map((f) => readFileSync(join(GOLDEN, f), "utf8"));

/** In the shape of FRR's answers. */
const NEIGHBORS: Json = {
  default: {
    ...{ vrfId: 0, vrfName: "default" },
    "198.51.100.1": {
      ...{ remoteAs: 64501, localAs: 64500, bgpState: "Established", bgpTimerUpMsec: 12_000 },
      ...{ connectionsEstablished: 1, connectionsDropped: 0, lastResetDueTo: "Hold Timer Expired" },
      bgpNeighborAddr: "198.51.100.1",
      messageStats: { opensSent: 1, updatesSent: 4, keepalivesRecv: 9, totalSent: 14 },
      addressFamilyInfo: { ipv4Unicast: { acceptedPrefixCounter: 2, sentPrefixCounter: 3 } },
      peerBfdInfo: { status: "Up" },
    },
    eth1: { bgpState: "Idle", bgpNeighborAddr: "fe80::1" },
  },
};
const BFD: Json = [
  {
    ...{ peer: "198.51.100.1", local: "198.51.100.11", vrf: "default", interface: "eth0" },
    ...{ status: "up", uptime: 9, id: 1, "remote-id": 2, diagnostic: "ok" },
    ...{ "receive-interval": 300, "transmit-interval": 300, "detect-multiplier": 3 },
    ...{ "control-packet-input": 5, "control-packet-output": 6, "session-up": 1 },
  },
];
const ROUTES: Json = {
  bgpTableVersion: 3,
  advertisedRoutes: {
    "203.0.113.10/32": { prefix: "203.0.113.10/32", nextHop: "0.0.0.0", weight: 32768 },
  },
};
const PATHS: Json = {
  prefix: "203.0.113.10/32",
  paths: [
    {
      aspath: { string: "64500", segments: [{ type: "as-sequence", list: [64500] }] },
      ...{ locPrf: 100, valid: true, community: { string: "64500:7", list: ["64500:7"] } },
      largeCommunity: { list: ["64500:1:2"] },
      nexthops: [{ ip: "198.51.100.11", afi: "ipv4", used: true }],
      peer: { peerId: "198.51.100.11" },
    },
  ],
};
const SENT = "advertised to: 198.51.100.1 eth1\n";
const COMPLAINTS =
  "line 7: % Unknown command:  neighbor x\n% Create the peer-group or interface first\n";

/** The catalogue's errors are answers; anything else is a fault of ours. */
function reads<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function followConf(random: Random): void {
  const [a, b] = [random.pick(CONFS), random.pick(CONFS)];
  const spoilt = spoilText(a, random);
  const running = reads(() => parseTree(spoilt));
  if (running === null) return;
  const desired = parseTree(b);
  expect(sameTree(parseTree(formatTree(running)), running), "the tree prints itself").to.equal(
    true,
  );
  const { commands } = deltaFor(running, desired);
  // However strange the running text: no command holds more than one line.
  for (const { text } of commands) expect(text).not.to.match(/[\n\r]/);
  deltaFor(desired, running);
  effectsOf(running, desired, null);
  adjRibOutOf(running);
  maskText(spoilt);
}

function followJson(random: Random): void {
  const readers: readonly (readonly [Json, (said: string) => unknown])[] = [
    [NEIGHBORS, neighborsFrom],
    [BFD, bfdPeersFrom],
    [BFD, bfdCountersFrom],
    [ROUTES, advertisedFrom],
    [PATHS, (said) => receivedFrom("router-1", parseFrrJson(said))],
  ];
  for (const [sample, read] of readers) {
    expect(read(JSON.stringify(sample))).not.to.equal(null);
    let value = sample;
    for (let times = random.between(1, 4); times > 0; times--) value = spoil(value, random);
    const said = JSON.stringify(value);
    reads(() => read(random.next() < 0.4 ? spoilText(said, random) : said));
    // A warning in front, as 10.3 has it, and the same in a text that is no JSON at all.
    reads(() => read(`{warning: "x"}\n${said}`));
  }
  sentToFrom(spoilText(SENT, random));
  complaintsIn(spoilText(COMPLAINTS, random));
  parseFrrVersion(spoilText("FRRouting 10.3 (n1) on Linux(6.1).", random));
}

describe("spoilt output of vtysh", function () {
  this.timeout(0);
  it("has samples", () => expect(CONFS.length).to.be.greaterThan(20));
  it(`${2 * CASES} of them, configurations and JSON: nothing throws but what the catalogue names`, () =>
    fuzz("vtysh", 2 * CASES, (random) => {
      followConf(random);
      followJson(random);
    }));
});
