import { expect } from "chai";
import { answerIn, askedFor, question, v4Octets, v6Octets } from "../../chaos/arp-ndp.ts";
import { reportText } from "../../chaos/report.ts";
import { differences } from "../../chaos/status.ts";
import { parseWithdrawal } from "../../chaos/watch.ts";
import { serviceManifests, spotsFor } from "../../chaos/world.ts";
import { NODES } from "../../src/lab/plan.ts";

const mac = (text: string): Buffer => Buffer.from(text.replaceAll(":", ""), "hex");
const ASKER = {
  mac: mac("02:00:00:00:00:01"),
  v4: v4Octets("198.51.100.100"),
  v6: v6Octets("2001:db8:0:1::100"),
};

describe("the checker's own ARP and Neighbor Discovery", () => {
  it("asks as RFC 826 and RFC 4861 have it", () => {
    expect(question("198.51.100.150", ASKER).toString("hex")).to.equal(
      "ffffffffffff" + "020000000001" + "0806" + "0001080006040001" + "020000000001" + "c6336464" + "000000000000" + "c6336496", // prettier-ignore
    );
    const ns = question("2001:db8:0:1::1003", ASKER);
    expect(ns.subarray(0, 6).toString("hex")).to.equal("3333ff001003");
    expect(ns.length).to.equal(14 + 40 + 32);
    // A right checksum sums to zero with itself in place (RFC 1071).
    const pseudo = Buffer.concat([ns.subarray(22, 54), Buffer.from([0, 0, 0, 32, 0, 0, 0, 58])]);
    const all = Buffer.concat([pseudo, ns.subarray(54)]);
    let sum = 0;
    for (let i = 0; i < all.length; i += 2) sum += all.readUInt16BE(i);
    expect(((sum & 0xffff) + (sum >>> 16)) & 0xffff).to.equal(0xffff);
  });

  it("understands answers to itself, and nothing else", () => {
    const asked = askedFor(["198.51.100.150", "2001:db8:0:1::1003"]);
    const reply = Buffer.concat([
      ...[ASKER.mac, mac("02:00:00:00:00:11"), Buffer.from("08060001080006040002", "hex")],
      ...[mac("02:00:00:00:00:11"), v4Octets("198.51.100.150"), ASKER.mac, ASKER.v4],
    ]);
    const said = { address: "198.51.100.150", mac: "02:00:00:00:00:11" };
    expect(answerIn(reply, ASKER, asked)).to.deep.equal(said);
    expect(answerIn(reply.subarray(0, 41), ASKER, asked)).to.equal(null);
    expect(answerIn(question("198.51.100.150", ASKER), ASKER, asked)).to.equal(null);
    const other = Buffer.from(reply);
    other.writeUInt8(0x99, 31);
    expect(answerIn(other, ASKER, asked)).to.equal(null);
    const header = Buffer.from("6000000000203aff", "hex");
    const na = (flags: number): Buffer =>
      Buffer.concat([
        ...[ASKER.mac, mac("02:00:00:00:00:12"), Buffer.from("86dd", "hex"), header],
        ...[v6Octets("2001:db8:0:1::12"), ASKER.v6, Buffer.from([136, 0, 0, 0, flags, 0, 0, 0])],
        ...[v6Octets("2001:db8:0:1::1003"), Buffer.from([2, 1]), mac("02:00:00:00:00:12")],
      ]);
    const six = { address: "2001:db8:0:1::1003", mac: "02:00:00:00:00:12" };
    expect(answerIn(na(0x60), ASKER, asked)).to.deep.equal(six);
    expect(answerIn(na(0x20), ASKER, asked), "an announcement").to.equal(null);
  });
});

describe("a router's log", () => {
  const cases: [line: string, neighbor: string | null][] = [
    [
      "2026/01/31 12:00:00.250 BGP: [PAPP6-VDAWM] 198.51.100.11(n1) rcvd UPDATE about 203.0.113.10/32 IPv4 unicast -- withdrawn",
      "198.51.100.11",
    ],
    [
      "2026/01/31 12:00:00.250 BGP: [PAPP6-VDAWM] 198.51.100.11 rcvd UPDATE about 203.0.113.10/32 IPv4 unicast -- withdrawn",
      "198.51.100.11",
    ],
    ["2026/01/31 12:00:00.250 BGP: [X] 198.51.100.11(n1) rcvd 203.0.113.10/32 IPv4 unicast", null],
    ["", null],
  ];
  for (const [line, neighbor] of cases)
    it(`${line.slice(33, 90) || "nothing"} -> ${neighbor ?? "no withdrawal"}`, () => {
      const found = parseWithdrawal(line);
      expect(found?.neighbor ?? null).to.equal(neighbor);
      if (found !== null)
        expect(found).to.include({
          atMs: new Date(2026, 0, 31, 12, 0, 0, 250).getTime(),
          prefix: "203.0.113.10/32",
        });
    });
});

describe("status objects against the wire", () => {
  const spots = spotsFor(4).slice(0, 2);
  const [bgp, l2] = [spots[0]!, spots[1]!];
  const files = [
    ...spots.map((s) => ({
      ...{ kind: "Service", name: s.name },
      status: { loadBalancer: { ingress: [{ ip: s.address }] } },
    })),
    { kind: "ServiceL2Status", name: "x", status: { node: "n2", serviceName: l2.name } },
    ...NODES.map((node) => ({
      ...{ kind: "ServiceBGPStatus", name: node },
      status: { node, serviceName: bgp.name, peers: ["router-1", "router-2"] },
    })),
  ];
  const routes = new Map([[`${bgp.address}/32`, NODES]]);
  const wire = {
    owners: new Map([[l2.address, ["n2"]]]),
    routes: new Map([
      ["r1", routes],
      ["r2", routes],
    ]),
  };
  it("agree", () => expect(differences(spots, files, wire)).to.deep.equal([]));
  it("differ in an owner, a next hop, an address, and in what is no more", () => {
    const moved = { ...wire, owners: new Map([[l2.address, ["n3"]]]) };
    expect(differences(spots, files, moved)).to.have.length(1);
    const gone = { ...wire, routes: new Map([["r1", routes]]) };
    expect(differences(spots, files, gone)).to.have.length(1);
    expect(differences(spots, files.slice(1), wire)).to.have.length(1);
    expect(differences([l2], files, wire).length).to.be.greaterThan(0);
  });
});

describe("the report of a chaos run", () => {
  it("says how to see it again, what was done, and each violation with its surroundings", () => {
    const text = reportText({
      ...{ seed: 42, minutes: 1, services: 24, frr: "8.4" },
      ...{ source: "directory", fencing: "quorum", kinds: null },
      ...{ command: "npm run chaos -- --seed 42", ranMs: 60_000, blindMs: 0, busiest: 0.5 },
      ...{ faults: { "speaker-kill": 2 }, changes: 30, rounds: 1200, routeLooks: 400 },
      violations: [
        {
          ...{ what: "gap", object: "198.51.100.150", fromMs: 0, atMs: 4000, toleranceMs: 1500 },
          ...{ faults: ["speaker-kill n1"], seen: "nobody" },
          excerpts: [{ log: "speaker-n1", lines: ["a line"] }],
        },
      ],
      worst: [{ what: "gap", faults: "speaker-kill", ms: 4000, times: 3 }],
      longest: [],
    });
    for (const words of ["--seed 42", "speaker-kill", "violations: 1", "allowed 1.50 s", "a line"])
      expect(text).to.contain(words);
  });
});

describe("manifests of a run", () => {
  it("ask for the address that the checker looks for", () => {
    for (const spot of spotsFor(20))
      expect(JSON.stringify(serviceManifests(spot, NODES))).to.contain(
        `"loadBalancerIP":"${spot.address}"`,
      );
  });
});
