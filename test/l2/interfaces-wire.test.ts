import { expect } from "chai";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { REPLY, REQUEST, arpFrame, encodeArp } from "../../src/l2/arp.ts";
import type { Arp } from "../../src/l2/arp.ts";
import { solicitedNodeGroup } from "../../src/l2/ndp.ts";
import { BROADCAST_MAC, macOctets, parseMac } from "../../src/net/mac.ts";
import type { Mac } from "../../src/net/mac.ts";
import { parseIp } from "../../src/net/ip.ts";
import { eventually } from "../support/wait.ts";
import { announcerIn } from "./support/announcer.ts";
import type { RemoteAnnouncer } from "./support/announcer.ts";
import { stationAt } from "./support/station.ts";
import type { Seen, Station } from "./support/station.ts";
import { arping, groupsOn, macOf, ndisc } from "./support/wire.ts";

const VIP = "192.0.2.100";
const VIP6 = "2001:db8::64";
const CLIENT = "192.0.2.9";

describe("ARP on several interfaces, through all that happens to them", function () {
  this.timeout(180_000);
  let net: Net;
  let node: Netns;
  let client: Netns;
  let announcer: RemoteAnnouncer;
  let station: Station;
  let clientMac: Mac;
  let nodeMac: Mac;
  const ip = (...args: string[]) => node.exec("ip", ...args);
  const link = (...args: string[]) => ip("link", ...args);

  before(async () => {
    net = createNet();
    [node, client] = [await net.namespace("n1"), await net.namespace("c1")];
    for (const i of [0, 1, 2])
      await net.veth({ ns: node, dev: `eth${i}` }, { ns: client, dev: `eth${i}` });
    await client.exec("ip", "addr", "add", `${CLIENT}/24`, "dev", "eth0");
    [nodeMac, clientMac] = [
      parseMac(await macOf(node, "eth0")),
      parseMac(await macOf(client, "eth0")),
    ];
    announcer = await announcerIn(node, "n1", {
      excludes: ["^skip"],
      refreshMs: 0,
      probeEveryMs: 0,
    });
    station = await stationAt(client, "eth0");
  });
  after(async () => {
    announcer.kill();
    await station.close();
    await net.destroy();
  });

  const request = (more: Partial<Arp> = {}): Arp => ({
    op: REQUEST,
    sha: clientMac,
    spa: parseIp(CLIENT),
    tha: parseMac("00:00:00:00:00:00"),
    tpa: parseIp(VIP),
    ...more,
  });
  const answered = async (dev: string): Promise<boolean> =>
    (await arping(client, dev, VIP, 1, CLIENT)).length > 0;
  const replies = (seen: readonly Seen[]) =>
    seen.filter(
      ({ arp, frame }) =>
        arp?.op === REPLY && arp.spa === VIP && frame.destination !== BROADCAST_MAC,
    );

  it("answers on the listed interfaces alone", async () => {
    announcer.announce({ [VIP]: ["eth0", "eth2"] });
    await eventually("an answer", () => answered("eth0"));
    expect(await answered("eth2")).to.equal(true);
    expect(await answered("eth1")).to.equal(false);
    expect(await arping(client, "eth0", VIP, 2, CLIENT)).to.deep.equal([nodeMac]);
    expect(await arping(client, "eth2", VIP, 2, CLIENT)).to.deep.equal([await macOf(node, "eth2")]);
  });

  it("says when none of the listed interfaces exists, and answers once one appears", async () => {
    announcer.announce({ [VIP]: ["eth7"] });
    await eventually("the event", () =>
      announcer.said.some(({ event }) => event?.kind === "announceFailed" && event["ip"] === VIP),
    );
    await net.veth({ ns: node, dev: "eth7" }, { ns: client, dev: "eth7" });
    await eventually("an answer on eth7", () => answered("eth7"));
  });

  it("announces in rounds of a request and a reply, both broadcast", async () => {
    const seen = await station.during(() => announcer.announce({ [VIP]: "*" }), 2600);
    const rounds = seen.filter(
      ({ arp, frame }) => arp?.spa === VIP && frame.destination === BROADCAST_MAC,
    );
    expect(rounds.map(({ arp }) => arp?.op)).to.deep.equal([1, 2, 1, 2, 1, 2]);
    for (const { arp, frame, octets } of rounds) {
      expect(arp).to.include({ sha: nodeMac, tpa: VIP, tha: BROADCAST_MAC });
      expect(frame.source).to.equal(nodeMac);
      expect(octets.length).to.equal(60);
    }
  });

  const answersTo: [given: string, frame: () => Uint8Array, replies: number][] = [
    ["a broadcast request", () => arpFrame(request(), BROADCAST_MAC), 1],
    ["a unicast request", () => arpFrame(request(), nodeMac), 1],
    [
      "a probe from 0.0.0.0",
      () => arpFrame(request({ spa: parseIp("0.0.0.0") }), BROADCAST_MAC),
      1,
    ],
    [
      "a sender of another subnet",
      () => arpFrame(request({ spa: parseIp("198.51.100.7") }), BROADCAST_MAC),
      1,
    ],
    ["a frame padded to 200 octets", () => padded(arpFrame(request(), BROADCAST_MAC), 200), 1],
    ["a frame of 42 octets, unpadded", () => arpFrame(request(), BROADCAST_MAC).slice(0, 42), 1],
    ["a priority tag (VLAN 0)", () => tagged(0, request()), 1],
    ["a tag of another network (VLAN 5)", () => tagged(5, request()), 0],
    ["another address", () => arpFrame(request({ tpa: parseIp("192.0.2.101") }), BROADCAST_MAC), 0],
    ["another station's frame", () => arpFrame(request(), parseMac("02:00:00:00:00:77")), 0],
    ["a reply", () => arpFrame(request({ op: REPLY }), BROADCAST_MAC), 0],
    ["a truncated packet", () => arpFrame(request(), BROADCAST_MAC).slice(0, 41), 0],
    [
      "protocol type IPv6 inside",
      () => arpFrame(request(), BROADCAST_MAC).map((o, i) => (i === 16 ? 0x86 : o)),
      0,
    ],
    [
      "a sender hardware address that is a group",
      () => frameFrom(request({ sha: BROADCAST_MAC })),
      0,
    ],
  ];
  for (const [given, frame, count] of answersTo)
    it(`${given} -> ${count} ${count === 1 ? "reply" : "replies"}`, async () => {
      const got = replies(await station.during(() => station.send(frame()), 250));
      expect(got).to.have.length(count);
      for (const { arp, frame: f } of got) {
        expect(f).to.include({ destination: clientMac, source: nodeMac, vlan: 0 });
        expect(arp).to.include({ sha: nodeMac, spa: VIP, tha: clientMac });
      }
    });

  /** As `arpFrame`, from the client's own address whatever the packet says. */
  const frameFrom = (arp: Arp): Uint8Array => {
    const frame = arpFrame(arp, BROADCAST_MAC);
    frame.set(macOctets(clientMac), 6);
    return frame;
  };
  const tagged = (vlan: number, arp: Arp): Uint8Array => {
    const frame = arpFrame(arp, BROADCAST_MAC);
    const tag = Uint8Array.of(0x81, 0, vlan >> 8, vlan & 255, 8, 6);
    return Uint8Array.from([
      ...frame.subarray(0, 12),
      ...tag,
      ...encodeArp(arp),
      ...new Uint8Array(18),
    ]);
  };
  const padded = (frame: Uint8Array, length: number): Uint8Array => {
    const longer = new Uint8Array(length).fill(0xa5);
    longer.set(frame.subarray(0, 42));
    return longer;
  };

  it("follows a changed MAC, and says so", async () => {
    const fresh = parseMac("02:00:00:00:00:42");
    const seen = await station.during(async () => {
      await link("set", "eth0", "address", fresh);
      await eventually(
        "the new MAC",
        async () => (await arping(client, "eth0", VIP, 1, CLIENT)).join() === fresh,
      );
    });
    expect(
      seen.some(({ arp, frame }) => arp?.sha === fresh && frame.destination === BROADCAST_MAC),
    ).to.equal(true);
    await link("set", "eth0", "address", nodeMac);
    await eventually(
      "the old MAC",
      async () => (await arping(client, "eth0", VIP, 1, CLIENT)).join() === nodeMac,
    );
  });

  it("survives a flap, and announces after it", async () => {
    for (let i = 0; i < 5; i++) {
      await link("set", "eth0", "down");
      await link("set", "eth0", "up");
    }
    await eventually("an answer", () => answered("eth0"));
    await link("set", "eth0", "down");
    await eventually(
      "eth0 cannot answer",
      async () => !((await announcer.ask("interfaces")) as string[]).includes("eth0"),
    );
    const seen = await station.during(() => link("set", "eth0", "up").then(() => undefined), 800);
    expect(seen.some(({ arp }) => arp?.op === REPLY && arp.spa === VIP)).to.equal(true);
  });

  it("an interface without carrier cannot answer", async () => {
    await client.exec("ip", "link", "set", "eth1", "down");
    await eventually(
      "eth1 gone",
      async () => !((await announcer.ask("interfaces")) as string[]).includes("eth1"),
    );
    await client.exec("ip", "link", "set", "eth1", "up");
    await eventually("eth1 back", async () =>
      ((await announcer.ask("interfaces")) as string[]).includes("eth1"),
    );
  });

  it("an interface that is deleted and made anew, under the same name and index", async () => {
    const index = (await ip("-o", "link", "show", "eth2")).split(":")[0] ?? "";
    await link("del", "eth2");
    await link(
      "add",
      "eth2",
      "index",
      index,
      "type",
      "veth",
      "peer",
      "name",
      "eth2",
      "netns",
      client.name,
    );
    await link("set", "eth2", "up");
    await client.exec("ip", "link", "set", "eth2", "up");
    await eventually("an answer on the new eth2", () => answered("eth2"));
  });

  it("one that vanishes and comes back with another index and MAC: announced at once, groups joined anew", async () => {
    announcer.announce({ [VIP]: "*", [VIP6]: "*" });
    const group = solicitedNodeGroup(parseIp(VIP6));
    const joined = async () => (await groupsOn(node, "eth2")).includes(group);
    await eventually("membership", joined);
    const old = await macOf(node, "eth2");
    await link("del", "eth2");
    const fresh = "02:00:00:00:77:02";
    const made = ["eth2", "index", "777", "address", fresh, "type", "veth", "peer", "name", "eth2"];
    await link("add", ...made, "netns", client.name);
    await client.exec("ip", "link", "set", "eth2", "up");
    const outside = await stationAt(client, "eth2");
    try {
      const startMs = Date.now();
      const seen = await outside.during(async () => {
        await link("set", "eth2", "up");
        await eventually("the new one in use", async () =>
          ((await announcer.ask("interfaces")) as string[]).includes("eth2"),
        );
      }, 1000);
      const first = seen.find(({ arp }) => arp?.op === REPLY && arp.spa === VIP);
      expect(first?.frame).to.include({ source: fresh, destination: BROADCAST_MAC });
      console.log(`      announced ${(first?.atMs ?? NaN) - startMs} ms after it came up`);
      await eventually("membership on the new one", joined);
      await eventually(
        "NDP in the new name",
        async () => (await ndisc(client, "eth2", VIP6)).join() === fresh,
      );
      const later = await outside.during(() =>
        outside.send(arpFrame(request({ sha: parseMac("02:00:00:00:99:09") }), BROADCAST_MAC)),
      );
      for (const { frame, arp } of [...seen, ...later]) {
        expect(frame.source).not.to.equal(old);
        if (arp?.spa === VIP) expect(arp.sha).to.equal(fresh);
      }
      expect(replies(later)).to.have.length(1);
    } finally {
      await outside.close();
    }
    announcer.announce({ [VIP]: "*" });
  });

  it("two interfaces on one segment: each in its own name, and no duel with oneself", async () => {
    await net.bridge(client, "seg0");
    for (const dev of ["eth1", "eth2"])
      await client.exec("ip", "link", "set", dev, "master", "seg0");
    await eventually(
      "both answer",
      async () => (await arping(client, "seg0", VIP, 2, CLIENT)).length === 2,
    );
    expect(await arping(client, "seg0", VIP, 3, CLIENT)).to.deep.equal(
      [await macOf(node, "eth1"), await macOf(node, "eth2")].sort(),
    );
    expect(await announcer.ask("yielded")).to.deep.equal({});
    expect(
      announcer.said.filter(({ event }) => event?.kind !== "announceFailed" && event !== undefined),
    ).to.deep.equal([]);
    for (const dev of ["eth1", "eth2"]) await client.exec("ip", "link", "set", dev, "nomaster");
    await client.exec("ip", "link", "del", "seg0");
  });

  it("leaves bridge members, NOARP and excluded interfaces alone; a bridge and a macvlan answer once", async () => {
    await net.bridge(node, "br0");
    await link("set", "eth1", "master", "br0");
    await link("set", "eth2", "arp", "off");
    await net.veth({ ns: node, dev: "skip0" }, { ns: client, dev: "skip0" });
    await link("add", "mac0", "link", "eth0", "type", "macvlan", "mode", "bridge");
    await link("set", "mac0", "up");
    await eventually(
      "the bridge and the macvlan",
      async () => ((await announcer.ask("interfaces")) as string[]).join() === "br0,eth0,eth7,mac0",
    );
    const [bridgeMac, macvlanMac] = [await macOf(node, "br0"), await macOf(node, "mac0")];
    expect(await arping(client, "eth1", VIP, 2, CLIENT)).to.deep.equal([bridgeMac]);
    expect(await answered("eth2")).to.equal(false);
    expect(await answered("skip0")).to.equal(false);
    // The frame passes eth0 on its way to mac0: each answers in its own name, once.
    const both = await station.during(() => station.send(arpFrame(request(), BROADCAST_MAC)));
    expect(
      replies(both)
        .map(({ arp }) => arp?.sha)
        .sort(),
    ).to.deep.equal([macvlanMac, nodeMac].sort());
    await station.during(() => announcer.announce({ [VIP]: ["mac0"] })); // and who asked lately is told
    const one = await station.during(() => station.send(arpFrame(request(), BROADCAST_MAC)));
    expect(replies(one).map(({ arp }) => arp?.sha)).to.deep.equal([macvlanMac]);
    await link("del", "mac0");
    await link("set", "eth1", "nomaster");
    await link("set", "eth2", "arp", "on");
  });

  it("counts what it heard and said", async () => {
    const counters = (await announcer.ask("counters")) as Record<string, Record<string, number>>;
    expect(counters["requests"]?.[VIP]).to.be.greaterThan(10);
    expect(counters["responses"]?.[VIP]).to.equal(counters["requests"]?.[VIP]);
    expect(counters["gratuitous"]?.[VIP]).to.be.greaterThan(10);
    await announcer.close();
  });
});
