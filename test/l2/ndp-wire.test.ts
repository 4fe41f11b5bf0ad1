import { expect } from "chai";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { groupMac, ndpFrame, solicitedNodeGroup } from "../../src/l2/ndp.ts";
import type { Solicitation } from "../../src/l2/ndp.ts";
import { parseIp } from "../../src/net/ip.ts";
import { macOctets, parseMac } from "../../src/net/mac.ts";
import { eventually } from "../support/wait.ts";
import { announcerIn } from "./support/announcer.ts";
import type { RemoteAnnouncer } from "./support/announcer.ts";
import { stationAt } from "./support/station.ts";
import type { Seen, Station } from "./support/station.ts";
import { groupsOn, linkLocalOf, macOf, ndisc, neighbour } from "./support/wire.ts";

const VIP = "2001:db8::64:1";
const OTHER = "2001:db8::64:2";
const CLIENT = "2001:db8::9";

describe("NDP on a real link", function () {
  this.timeout(120_000);
  let net: Net;
  let node: Netns;
  let client: Netns;
  let announcer: RemoteAnnouncer;
  let station: Station;
  let nodeMac: string;
  let clientMac: string;

  before(async () => {
    net = createNet();
    [node, client] = [await net.namespace("n1"), await net.namespace("c1")];
    await net.veth(
      { ns: node, dev: "eth0", addresses: ["2001:db8::1/64"] },
      { ns: client, dev: "eth0", addresses: [`${CLIENT}/64`] },
    );
    [nodeMac, clientMac] = [await macOf(node, "eth0"), await macOf(client, "eth0")];
    announcer = await announcerIn(node, "n1", { refreshMs: 0, probeEveryMs: 0 });
    station = await stationAt(client, "eth0");
    await eventually("a link-local address", async () => (await linkLocalOf(node, "eth0")) !== "");
  });
  after(async () => {
    announcer.kill();
    await station.close();
    await net.destroy();
  });

  const solicit = (more: Partial<Solicitation> = {}, to?: string): Uint8Array => {
    const target = more.target ?? parseIp(VIP);
    const group = solicitedNodeGroup(target);
    const message: Solicitation = {
      type: "solicitation",
      source: parseIp(CLIENT),
      destination: group,
      target,
      linkLayer: parseMac(clientMac),
      ...more,
    };
    return ndpFrame(
      message,
      parseMac(clientMac),
      to === undefined ? groupMac(group) : parseMac(to),
    );
  };
  const advertisements = (all: readonly Seen[]) =>
    all.flatMap(({ ndp, frame }) =>
      ndp?.type === "advertisement" && ndp.target === VIP
        ? [{ ...ndp, to: frame.destination }]
        : [],
    );

  it("joins the solicited-node group, announces itself, and answers ndisc6", async () => {
    const seen = await station.during(async () => {
      announcer.announce({ [VIP]: "*" });
      await eventually("membership", async () =>
        (await groupsOn(node, "eth0")).includes(solicitedNodeGroup(parseIp(VIP))),
      );
    }, 1500);
    const [first] = advertisements(seen);
    expect(first).to.include({
      to: "33:33:00:00:00:01",
      destination: "ff02::1",
      source: VIP,
      router: false,
      solicited: false,
      override: true,
      linkLayer: nodeMac,
    });
    expect(await ndisc(client, "eth0", VIP)).to.deep.equal([nodeMac]);
    expect(await ndisc(client, "eth0", OTHER)).to.deep.equal([]);
  });

  it("answers a solicitation with Solicited and Override, to the asker alone", async () => {
    const seen = advertisements(await station.during(() => station.send(solicit())));
    expect(seen.filter((a) => a.solicited)).to.have.length(1);
    expect(seen.find((a) => a.solicited)).to.include({
      to: clientMac,
      destination: CLIENT,
      router: false,
      override: true,
      linkLayer: nodeMac,
    });
  });

  it("answers a unicast probe, also one without a link-layer address", async () => {
    const probe = solicit({ destination: parseIp(VIP), linkLayer: null }, nodeMac);
    const seen = advertisements(await station.during(() => station.send(probe)));
    expect(seen.filter((a) => a.solicited).map((a) => a.to)).to.deep.equal([clientMac]);
  });

  it("answers a duplicate address probe to all nodes, Solicited=0", async () => {
    const probe = solicit({ source: parseIp("::"), linkLayer: null });
    const seen = advertisements(await station.during(() => station.send(probe)));
    expect(seen.some((a) => a.destination === "ff02::1" && !a.solicited)).to.equal(true);
    expect(seen.some((a) => a.solicited)).to.equal(false);
  });

  /** As `frame`, with more options behind its own, and the checksum made right again. */
  const withOptions = (frame: Uint8Array, ...options: readonly number[]): Uint8Array => {
    const longer = Uint8Array.from([...frame, ...options]);
    const length = longer.length - 14 - 40;
    [longer[18], longer[19]] = [length >> 8, length & 255];
    [longer[56], longer[57]] = [0, 0];
    let sum = length + 58;
    for (let i = 22; i < longer.length; i += 2) sum += (longer[i]! << 8) | (longer[i + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    [longer[56], longer[57]] = [(~sum >> 8) & 255, ~sum & 255];
    return longer;
  };
  const from = (frame: Uint8Array, mac: string): Uint8Array =>
    Uint8Array.from([...frame.subarray(0, 6), ...macOctets(parseMac(mac)), ...frame.subarray(12)]);
  const tagged = (frame: Uint8Array, vlan: number): Uint8Array =>
    Uint8Array.from([
      ...frame.subarray(0, 12),
      0x81,
      0,
      vlan >> 8,
      vlan & 255,
      ...frame.subarray(12),
    ]);
  const nonce = (octets: number): number[] => [
    14,
    octets / 8,
    ...Array<number>(octets - 2).fill(7),
  ];

  const answered: [given: string, frame: () => Uint8Array][] = [
    ["options of other kinds", () => withOptions(solicit(), ...nonce(8))],
    [
      "400 octets of options, more than the ring has room for",
      () => withOptions(solicit(), ...nonce(400)),
    ],
    [
      "octets behind the packet",
      () => Uint8Array.from([...solicit(), ...Array<number>(40).fill(0xa5)]),
    ],
    ["a priority tag (VLAN 0)", () => tagged(solicit(), 0)],
    ["a link-local source", () => solicit({ source: parseIp("fe80::9") })],
  ];
  for (const [given, frame] of answered)
    it(`answers one with ${given}, once`, async () => {
      const seen = advertisements(await station.during(() => station.send(frame())));
      expect(seen.filter((a) => a.solicited).map((a) => a.to)).to.deep.equal([clientMac]);
    });

  const withHopLimit = (frame: Uint8Array, hops: number): Uint8Array => {
    const copy = Uint8Array.from(frame);
    copy[14 + 7] = hops;
    return copy;
  };
  const silent: [given: string, frame: () => Uint8Array][] = [
    ["hop limit 254", () => withHopLimit(solicit(), 254)],
    ["a wrong checksum", () => solicit().map((o, i) => (i === 14 + 42 ? o ^ 1 : o))],
    ["another target", () => solicit({ target: parseIp(OTHER) })],
    ["another Ethernet station", () => solicit({}, "02:00:00:00:00:77")],
    ["a probe with a link-layer address", () => solicit({ source: parseIp("::") })],
    ["an option of length 0", () => withOptions(solicit(), 14, 0, 0, 0, 0, 0, 0, 0)],
    ["an option past the end", () => withOptions(solicit(), 14, 2, 0, 0, 0, 0, 0, 0)],
    ["half an option", () => withOptions(solicit(), 14)],
    ["a tag of another network (VLAN 5)", () => tagged(solicit(), 5)],
    ["a group as source address", () => solicit({ source: parseIp("ff02::1") })],
    [
      "a group as source hardware address",
      () => from(solicit({ linkLayer: null }), "33:33:00:00:00:01"),
    ],
    ["a group as link-layer address", () => solicit({ linkLayer: parseMac("33:33:00:00:00:01") })],
    ["a multicast target", () => solicit({ target: parseIp("ff02::1:ff64:1") })],
  ];
  for (const [given, frame] of silent)
    it(`is silent to ${given}`, async () => {
      const seen = advertisements(await station.during(() => station.send(frame())));
      expect(seen.filter((a) => a.solicited)).to.deep.equal([]);
    });

  it("the kernel resolves it, and confirms it as reachable", async () => {
    const ping = client.spawn("ping", "-6", "-c", "1", "-W", "1", VIP);
    await ping.ended;
    const entry = await eventually("an entry", async () => {
      const found = await neighbour(client, VIP);
      return found.mac !== null && found;
    });
    expect(entry.mac).to.equal(nodeMac);
    expect(["REACHABLE", "DELAY", "PROBE", "STALE"]).to.include(entry.state);
  });

  it("an interface that comes later joins too", async () => {
    await net.veth({ ns: node, dev: "late0" }, { ns: client, dev: "late0" });
    await eventually("membership on the late interface", async () =>
      (await groupsOn(node, "late0")).includes(solicitedNodeGroup(parseIp(VIP))),
    );
    const late = await macOf(node, "late0");
    await eventually(
      "an answer there",
      async () => (await ndisc(client, "late0", VIP))[0] === late,
    );
  });

  it("loses nothing of what comes while it looks away: the ring grows with the load", async () => {
    const heard = async (): Promise<number> => {
      const counters = (await announcer.ask("counters")) as Record<string, Record<string, number>>;
      return counters["requests"]?.[VIP] ?? 0;
    };
    const sent = async (): Promise<number> =>
      Number(await client.exec("cat", "/sys/class/net/eth0/statistics/tx_packets"));
    for (const burst of [300, 3000]) {
      const [before, sentBefore] = [await heard(), await sent()];
      process.kill(announcer.pid, "SIGSTOP");
      try {
        station.send(...Array.from({ length: burst }, () => solicit()));
        await eventually("all sent", async () => (await sent()) >= sentBefore + burst, 30_000);
      } finally {
        process.kill(announcer.pid, "SIGCONT");
      }
      await eventually(`${burst} heard`, async () => (await heard()) >= before + burst, 30_000);
    }
  });

  it("leaves the group and falls silent when it gives the address up", async () => {
    announcer.announce({});
    await eventually(
      "no membership",
      async () => !(await groupsOn(node, "eth0")).includes(solicitedNodeGroup(parseIp(VIP))),
    );
    expect(await ndisc(client, "eth0", VIP)).to.deep.equal([]);
  });

  it("joins more groups than one socket holds", async () => {
    const vips = Array.from({ length: 700 }, (_, i) => `2001:db8::7:${(i + 1).toString(16)}`);
    announcer.announce(Object.fromEntries(vips.map((ip) => [ip, "*" as const])));
    await eventually("700 groups", async () => {
      const joined = await groupsOn(node, "eth0");
      return joined.filter((g) => g.startsWith("ff02::1:ff07:")).length === 700;
    });
    announcer.announce({});
    await eventually("none", async () =>
      (await groupsOn(node, "eth0")).every((g) => !g.startsWith("ff02::1:ff07:")),
    );
    await announcer.close();
  });
});
