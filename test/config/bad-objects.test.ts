import { expect } from "chai";
import { parseConfig } from "../../src/config/parse.ts";
import {
  adv,
  bfd,
  community,
  l2,
  node,
  parsed,
  peer,
  pool,
  rawPeer,
  secret,
  snapshotOf,
} from "./support.ts";
import type { Doc } from "./support.ts";

/** W12: twenty peers that work, with what they need. */
const VALID: readonly Doc[] = [
  node("n1"),
  pool("main", "addresses: [192.0.2.0/24]"),
  adv("main", "ipAddressPools: [main]"),
  l2("main", "ipAddressPools: [main]"),
  ...Array.from({ length: 20 }, (_, i) =>
    peer(`p${String(i).padStart(2, "0")}`, `peerAddress: 198.51.100.${i + 1}`),
  ),
];

/** Thirty objects, each wrong in its own way; none may cost anything but itself. */
const BAD: readonly (readonly [how: string, doc: Doc])[] = [
  ["no AS number", rawPeer("zz01", "peerAddress: 198.51.100.101, peerASN: 1")],
  ["no remote AS", rawPeer("zz02", "myASN: 64500, peerAddress: 198.51.100.102")],
  ["two remote AS", peer("zz03", "peerAddress: 198.51.100.103, dynamicASN: external")],
  ["another AS on the node", peer("zz04", "peerAddress: 198.51.100.104, myASN: 1")],
  ["another router ID", peer("zz05", "peerAddress: 198.51.100.105, routerID: 192.0.2.1")],
  ["the address of another peer", peer("zz06", "peerAddress: 198.51.100.1")],
  ["hold time 2s", peer("zz07", "peerAddress: 198.51.100.107, holdTime: 2s")],
  [
    "keepalive above hold",
    peer("zz08", "peerAddress: 198.51.100.108, holdTime: 3s, keepaliveTime: 4s"),
  ],
  ["hold time beyond two octets", peer("zz09", "peerAddress: 198.51.100.109, holdTime: 65536s")],
  ["a duration without unit", peer("zz10", 'peerAddress: 198.51.100.110, holdTime: "90"')],
  ["no address", peer("zz11", "peerAddress: router.example")],
  ["address and interface", peer("zz12", "peerAddress: 198.51.100.112, interface: eth0")],
  ["an unknown profile", peer("zz13", "peerAddress: 198.51.100.113, bfdProfile: nope")],
  ["an unknown Secret", peer("zz14", "peerAddress: 198.51.100.114, passwordSecret: {name: nope}")],
  [
    "both passwords (X6)",
    peer("zz15", "peerAddress: 198.51.100.115, password: x, passwordSecret: {name: nope}"),
  ],
  [
    "a password with a line of its own",
    peer("zz16", 'peerAddress: 198.51.100.116, password: "x\\n no router bgp 64500"'),
  ],
  [
    "a password of 81 bytes",
    peer("zz17", `peerAddress: 198.51.100.117, password: ${"x".repeat(81)}`),
  ],
  ["a VRF with a line of its own", peer("zz18", 'peerAddress: 198.51.100.118, vrf: "red\\nexit"')],
  [
    "an interface of two words",
    rawPeer("zz19", "myASN: 64500, peerASN: 1, interface: eth0 shutdown"),
  ],
  [
    "multihop on iBGP",
    peer("zz20", "peerAddress: 198.51.100.120, peerASN: 64500, ebgpMultiHop: true"),
  ],
  [
    "multihop on an interface",
    rawPeer("zz21", "myASN: 64500, peerASN: 1, interface: eth0, ebgpMultiHop: true"),
  ],
  ["local AS equal to myASN", peer("zz22", "peerAddress: 198.51.100.122, localASN: 64500")],
  ["a router ID of IPv6", peer("zz23", 'peerAddress: 198.51.100.123, routerID: "2001:db8::1"')],
  ["port 0", peer("zz24", "peerAddress: 198.51.100.124, peerPort: 0")],
  ["a pool over another", pool("zz25", "addresses: [192.0.2.128/25]")],
  ["a pool of nothing", pool("zz26", "addresses: []")],
  ["a reversed range", pool("zz27", "addresses: [203.0.113.9-203.0.113.1]")],
  ["an unknown alias", adv("zz28", "communities: [nope]")],
  ["a wide aggregate", adv("zz29", "aggregationLength: 8")],
  ["an alias of an alias", community("zz30", "communities: [{name: a, value: b}]")],
  ["a profile out of range", bfd("zz31", "detectMultiplier: 1")],
  ["the same pool listed twice", l2("zz32", "ipAddressPools: [main, main]")],
];

describe("Thirty bad objects beside twenty valid peers (W12)", () => {
  const clean = parsed(...VALID).config;
  it("starts from twenty peers and one announced pool", () => {
    expect(BAD.length).to.be.at.least(30);
    expect(clean.peers).to.have.length(20);
    expect(clean.pools[0]!.bgpAdvertisements).to.have.length(1);
  });

  for (const [how, doc] of BAD)
    it(`${doc.kind}: ${how}`, () => {
      const { config, problems } = parsed(...VALID, doc);
      expect(config).to.deep.equal(clean);
      const blamed = problems
        .filter((p) => p.severity === "error")
        .map((p) => `${p.object.kind} ${p.object.name}`);
      expect([...new Set(blamed)]).to.deep.equal([`${doc.kind} ${String(doc.metadata["name"])}`]);
    });

  it("all at once, in any order, cold or beside what is in force", () => {
    const all = [...BAD.map(([, doc]) => doc), ...VALID];
    const cold = parsed(...all);
    expect(cold.config).to.deep.equal(clean);
    expect(parsed(...[...all].reverse())).to.deep.equal(cold);
    const { accepted } = parsed(...VALID);
    expect(parseConfig(snapshotOf(...all), { accepted }).config).to.deep.equal(clean);
  });

  it("a value that a manifest brings never adds a line", () => {
    const s = secret(
      "s",
      'type: kubernetes.io/basic-auth, stringData: {password: "x\\n!\\nline vty"}',
    );
    const { config } = parsed(
      ...VALID,
      s,
      peer("q", "peerAddress: 198.51.100.130, passwordSecret: {name: s}"),
    );
    expect(config).to.deep.equal(clean);
  });
});
