import { expect } from "chai";
import fc from "fast-check";
import { REPLY, REQUEST, arpFrame } from "../../src/l2/arp.ts";
import { arpFilter, filterOctets, ndpFilter, rangesOf } from "../../src/l2/filter.ts";
import type { Instruction } from "../../src/l2/filter.ts";
import { ALL_NODES, groupMac, ndpFrame, solicitedNodeGroup } from "../../src/l2/ndp.ts";
import { ipFromOctets, ipOf, parseIp } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";
import { BROADCAST_MAC, parseMac } from "../../src/net/mac.ts";

const IFINDEX = 7;

/** Classic BPF as the kernel runs it, as far as the filters use it. */
function passes(
  program: readonly Instruction[],
  frame: Uint8Array,
  ifindex = IFINDEX,
  type = 0,
): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  let a = 0;
  for (let pc = 0; ; pc++) {
    const at = program[pc];
    if (at === undefined) throw new Error("ran off the end");
    const { code, jt, jf, k } = at;
    if (code === 0x06) return k > 0;
    if (code === 0x05) pc += k;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else if (code === 0x20 && k === 0xfffff008) a = ifindex;
    else if (code === 0x20 && k === 0xfffff004) a = type;
    else if (k + (code === 0x20 ? 4 : 1) > frame.length) return false;
    else if (code === 0x20) a = view.getUint32(k);
    else if (code === 0x30) a = view.getUint8(k);
    else throw new Error(`unknown instruction ${code}`);
  }
}

const MAC = parseMac("02:00:00:00:00:09");
const v4 = (value: number): Ip => ipOf({ family: 4, value: BigInt(value) });
const arp = (op: 1 | 2, spa: Ip, tpa: Ip): Uint8Array =>
  arpFrame({ op, sha: MAC, spa, tha: MAC, tpa }, BROADCAST_MAC);
const solicitation = (target: Ip): Uint8Array =>
  ndpFrame(
    {
      type: "solicitation",
      source: parseIp("2001:db8::9"),
      destination: solicitedNodeGroup(target),
      target,
      linkLayer: MAC,
    },
    MAC,
    groupMac(solicitedNodeGroup(target)),
  );

describe("the kernel's filter", () => {
  const [VIP, OTHER] = [parseIp("192.0.2.100"), parseIp("192.0.2.101")];
  const program = arpFilter(IFINDEX, [VIP, parseIp("2001:db8::1")]);
  const cases: [
    given: string,
    frame: Uint8Array,
    then: boolean,
    ifindex?: number,
    type?: number,
  ][] = [
    ["a request for the address", arp(REQUEST, OTHER, VIP), true],
    ["a reply that speaks for it", arp(REPLY, VIP, OTHER), true],
    ["a request for another", arp(REQUEST, OTHER, OTHER), false],
    ["of another interface, on its way through", arp(REQUEST, OTHER, VIP), false, 8],
    ["of another VLAN, or for another station", arp(REQUEST, OTHER, VIP), false, IFINDEX, 3],
    ["sent to this station alone", arp(REQUEST, OTHER, VIP), true, IFINDEX, 0],
    ["too short to tell", arp(REQUEST, OTHER, VIP).slice(0, 30), false],
  ];
  for (const [given, frame, then, ifindex, type] of cases)
    it(`${given} -> ${then ? "passes" : "dropped"}`, () =>
      expect(passes(program, frame, ifindex, type)).to.equal(then));

  const target = parseIp("2001:db8::64:1");
  const ndp = ndpFilter(IFINDEX, [target, VIP]);
  const advertisement = ndpFrame(
    {
      type: "advertisement",
      source: target,
      destination: ALL_NODES,
      target,
      router: false,
      solicited: false,
      override: true,
      linkLayer: MAC,
    },
    MAC,
    groupMac(ALL_NODES),
  );
  const ndpCases: [given: string, frame: Uint8Array, then: boolean][] = [
    ["a solicitation for the address", solicitation(target), true],
    ["an advertisement of it", advertisement, true],
    ["a solicitation for another", solicitation(parseIp("2001:db8::64:2")), false],
    ["an echo request", solicitation(target).map((o, i) => (i === 54 ? 128 : o)), false],
    ["UDP", solicitation(target).map((o, i) => (i === 20 ? 17 : o)), false],
  ];
  for (const [given, frame, then] of ndpCases)
    it(`${given} -> ${then ? "passes" : "dropped"}`, () =>
      expect(passes(ndp, frame)).to.equal(then));

  it("passes exactly the addresses, up to 150 scattered ones", () => {
    const values = fc.uniqueArray(fc.nat(5000), { maxLength: 150 });
    const property = fc.property(values, fc.nat(5001), (wanted, probe) => {
      const filter = arpFilter(
        IFINDEX,
        wanted.map((w) => v4(0xc0000000 + w * 3)),
      );
      for (const w of wanted)
        expect(passes(filter, arp(REQUEST, v4(1), v4(0xc0000000 + w * 3)))).to.equal(true);
      const other = v4(0xc0000000 + probe * 3 + 1);
      expect(passes(filter, arp(REQUEST, v4(1), other))).to.equal(false);
    });
    fc.assert(property, { numRuns: 40 });
  });

  it("passes at least the addresses, however many, in a program that the kernel takes", () => {
    const many = Array.from({ length: 3000 }, (_, i) => v4(0xc0000000 + i * 5 + (i % 3)));
    const filter = arpFilter(IFINDEX, many);
    expect(filter.length).to.be.lessThan(2000);
    for (const ip of many) expect(passes(filter, arp(REQUEST, v4(1), ip))).to.equal(true);
    expect(rangesOf(many).length).to.be.at.most(150);
  });

  it("one range for a pool in use from end to end", () => {
    const pool = Array.from({ length: 256 }, (_, i) => ipFromOctets(Uint8Array.of(192, 0, 2, i)));
    expect(rangesOf(pool)).to.deep.equal([[0xc0000200, 0xc00002ff]]);
  });

  it("is laid out as the kernel's struct", () => {
    const [octets, code] = [filterOctets([{ code: 0x15, jt: 1, jf: 2, k: 0x01020304 }]), [0x15, 0]];
    const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
    expect([...octets]).to.deep.equal(
      isLittle ? [...code, 1, 2, 4, 3, 2, 1] : [...code.reverse(), 1, 2, 1, 2, 3, 4],
    );
  });
});
