import { expect } from "chai";
import fc from "fast-check";
import { hearArp, hearNdp } from "../../src/l2/answer.ts";
import { decodeArp, encodeArp } from "../../src/l2/arp.ts";
import type { Arp } from "../../src/l2/arp.ts";
import { decodeFrame, encodeFrame } from "../../src/l2/ethernet.ts";
import { decodeNdp, encodeNdp, groupMac, solicitedNodeGroup } from "../../src/l2/ndp.ts";
import type { Advertisement, Solicitation } from "../../src/l2/ndp.ts";
import { ipFromOctets, parseIp } from "../../src/net/ip.ts";
import { macFromOctets, parseMac } from "../../src/net/mac.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replace(/[^0-9a-f]/g, ""), "hex"));
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const mac = octets(6).map(macFromOctets);
const ipv4 = octets(4).map(ipFromOctets);
const ipv6 = octets(16)
  .map((o) => Uint8Array.from([0x20, 0x01, ...o.slice(2)]))
  .map(ipFromOctets);

//                hrd  pro  hln pln op   | sha          spa      | tha          tpa
const REQUEST = "0001 0800 06 04 0001 | 02420a000001 0a000001 | 000000000000 0a000064";

describe("ARP reception (RFC 826)", () => {
  const cases: [given: string, packet: string, then: number | string][] = [
    ["a request", REQUEST, 1],
    ["a reply", REQUEST.replace("0001 |", "0002 |"), 2],
    ["a request padded to 46 octets", REQUEST + "00".repeat(18), 1],
    ["protocol type IPv6", REQUEST.replace("0800", "86dd"), "not IPv4 over Ethernet"],
    ["hardware type IEEE 802", REQUEST.replace("0001 0800", "0006 0800"), "not IPv4 over Ethernet"],
    ["protocol length 16", REQUEST.replace("06 04", "06 10"), "not IPv4 over Ethernet"],
    ["operation 3, RARP", REQUEST.replace("0001 |", "0003 |"), "unknown operation"],
    ["operation 257", REQUEST.replace("0001 |", "0101 |"), "unknown operation"],
    ["27 octets", REQUEST.slice(0, -2), "truncated"],
    ["nothing", "", "truncated"],
  ];
  for (const [given, packet, then] of cases)
    it(`${given} -> ${then}`, () => {
      const got = decodeArp(hex(packet));
      expect(got.kind === "packet" ? got.packet.op : got.reason).to.equal(then);
    });

  it("encode inverts decode", () => {
    const op = fc.constantFrom(1 as const, 2 as const);
    const arp = fc.record({ op, sha: mac, spa: ipv4, tha: mac, tpa: ipv4 });
    const property = fc.property(arp, (packet: Arp) => {
      expect(decodeArp(encodeArp(packet))).to.deep.equal({ kind: "packet", packet });
    });
    fc.assert(property);
  });
});

describe("Ethernet frames", () => {
  const head = "ffffffffffff 02420a000001";
  const cases: [given: string, frame: string, tag: number, then: string][] = [
    ["untagged", `${head} 0806 aa`, -1, "vlan 0, type 2054, 1 octets"],
    ["tagged in the frame", `${head} 8100 2005 0806 aa`, -1, "vlan 5, type 2054, 1 octets"],
    ["a priority tag", `${head} 8100 e000 0806 aa`, -1, "vlan 0, type 2054, 1 octets"],
    ["the tag taken off by the kernel", `${head} 0806 aa`, 0x2005, "vlan 5, type 2054, 1 octets"],
    ["two tags", `${head} 88a8 0005 8100 0006 0806`, -1, "more than one VLAN tag"],
    ["two tags, one taken off", `${head} 8100 0006 0806`, 5, "more than one VLAN tag"],
    ["cut inside the tag", `${head} 8100 00`, -1, "truncated"],
    ["13 octets", `${head} 08`, -1, "truncated"],
  ];
  for (const [given, frame, tag, then] of cases)
    it(`${given} -> ${then}`, () => {
      const got = decodeFrame(hex(frame), tag);
      const said =
        got.kind === "drop"
          ? got.reason
          : `vlan ${got.packet.vlan}, type ${got.packet.etherType}, ${got.packet.payload.length} octets`;
      expect(said).to.equal(then);
    });

  it("are padded to 60 octets", () => {
    const [destination, source] = [parseMac("02:00:00:00:00:01"), parseMac("02:00:00:00:00:02")];
    const frame = encodeFrame({ destination, source, etherType: 0x0806, payload: hex("01 02") });
    expect(Buffer.from(frame).toString("hex")).to.equal(
      `0200000000010200000000020806${"0102".padEnd(92, "0")}`,
    );
  });
});

// A solicitation as Linux sent it: 2001:db8::9 asks the group of 2001:db8::64:1, checksum included.
const target = parseIp("2001:db8::64:1");
const asked: Solicitation = {
  type: "solicitation",
  source: parseIp("2001:db8::9"),
  destination: solicitedNodeGroup(target),
  target,
  linkLayer: parseMac("02:42:0a:00:00:01"),
};
const SOLICITATION = Buffer.from(encodeNdp(asked)).toString("hex");
const change = (at: number, value: string): string =>
  SOLICITATION.slice(0, at * 2) + value + SOLICITATION.slice(at * 2 + value.length);
/** With the checksum made right again. */
const again = (text: string): string => {
  const b = hex(text);
  b.set([0, 0], 42);
  const length = b.length - 40;
  let sum = length + 58;
  for (let i = 8; i < b.length; i += 2) sum += ((b[i] ?? 0) << 8) | (b[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  b.set([(~sum >> 8) & 255, ~sum & 255], 42);
  return Buffer.from(b).toString("hex");
};

describe("Neighbor Discovery reception (RFC 4861, 7.1)", () => {
  it("knows the group and its MAC (RFC 4291, RFC 2464)", () => {
    expect(solicitedNodeGroup(parseIp("4037::1:800:200e:8c6c"))).to.equal("ff02::1:ff0e:8c6c");
    expect(groupMac(parseIp("ff02::1:ff0e:8c6c"))).to.equal("33:33:ff:0e:8c:6c");
  });

  const cases: [given: string, packet: string, then: string][] = [
    ["a solicitation", SOLICITATION, "solicitation"],
    ["with octets after the packet", SOLICITATION + "0000", "solicitation"],
    ["hop limit 254", change(7, "fe"), "hop limit"],
    ["a wrong checksum", change(42, "dead"), "checksum"],
    ["code 1", again(change(41, "01")), "code"],
    ["an echo request", again(change(40, "80")), "message type"],
    ["next header UDP", change(6, "11"), "not ICMPv6"],
    ["version 4", change(0, "45"), "not IPv6"],
    ["a multicast target", again(change(48, "ff02")), "multicast address"],
    ["a multicast source", again(change(8, "ff02")), "multicast address"],
    ["an option of length 0", again(change(65, "00")), "options"],
    ["an option past the end", again(change(65, "02")), "options"],
    [
      "a probe with a link-layer address",
      again(change(8, "0".repeat(32))),
      "probe with a link-layer address",
    ],
    [
      "a probe to another group",
      again(change(8, "0".repeat(32) + "ff020000000000000000000000000001")),
      "probe not to its group",
    ],
    ["cut in the header", SOLICITATION.slice(0, 60), "truncated"],
    ["cut in the message", SOLICITATION.slice(0, -2), "truncated"],
  ];
  for (const [given, packet, then] of cases)
    it(`${given} -> ${then}`, () => {
      const got = decodeNdp(hex(packet));
      expect(got.kind === "packet" ? got.packet.type : got.reason).to.equal(then);
    });

  it("a solicited advertisement to a group is refused (7.1.2)", () => {
    const flags = { router: false, solicited: true, override: true };
    const said = { ...asked, ...flags, type: "advertisement" } satisfies Advertisement;
    expect(decodeNdp(encodeNdp(said))).to.deep.equal({
      kind: "drop",
      reason: "solicited to multicast",
    });
  });

  it("encode inverts decode", () => {
    const linkLayer = fc.option(mac);
    const addresses = { source: ipv6, destination: ipv6, target: ipv6, linkLayer };
    const flags = { router: fc.boolean(), solicited: fc.boolean(), override: fc.boolean() };
    const any = fc.oneof(
      fc.record({ type: fc.constant("solicitation" as const), ...addresses }),
      fc.record({ type: fc.constant("advertisement" as const), ...addresses, ...flags }),
    );
    const property = fc.property(any, (packet) => {
      expect(decodeNdp(encodeNdp(packet))).to.deep.equal({ kind: "packet", packet });
    });
    fc.assert(property);
  });
});

describe("mutated frames", function () {
  this.timeout(600_000);
  const frames = Number(process.env["SOAK_FRAMES"] ?? 50_000);
  const seed = Number(process.env["SOAK_SEED"] ?? 20261121);

  it(`${frames} of them: no throw, and an answer only to what is right (seed ${seed})`, () => {
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes
      return Math.floor((state / 2 ** 32) * below);
    };
    const [to, from] = ["ffffffffffff", "02420a000001"];
    const seeds = [
      hex(`${to} ${from} 0806 ${REQUEST} ${"00".repeat(18)}`),
      hex(`3333ff640001 ${from} 86dd ${SOLICITATION}`),
    ];
    const own = parseMac("02:00:00:00:00:01");
    const station = { mac: own, linkLocal: parseIp("fe80::1") };
    const vips = new Set<string>(["10.0.0.100", target]);
    const standing = (ip: string) => (vips.has(ip) ? ("here" as const) : ("no" as const));
    let answers = 0;
    for (let i = 0; i < frames; i++) {
      const b = Uint8Array.from(seeds[i % 2]!);
      for (let n = random(4); n > 0; n--) b[random(b.length)] = random(256);
      const cut = b.subarray(0, random(8) === 0 ? random(b.length + 1) : b.length);
      const frame = decodeFrame(cut, random(16) === 0 ? random(65536) : -1);
      if (frame.kind === "drop") continue;
      const arp = decodeArp(frame.packet.payload);
      const ndp = decodeNdp(frame.packet.payload);
      const heard =
        arp.kind === "packet"
          ? hearArp(frame.packet, arp.packet, own, standing)
          : ndp.kind === "packet"
            ? hearNdp(frame.packet, ndp.packet, station, standing)
            : null;
      if (heard === null || typeof heard.answer === "string") continue;
      answers++;
      expect(vips.has(heard.ip)).to.equal(true);
      const sent = decodeFrame(heard.answer);
      expect(sent.kind === "packet" && sent.packet.source).to.equal(own);
    }
    expect(answers).to.be.greaterThan(frames / 20);
  });
});
