import { expect } from "chai";
import fc from "fast-check";
import { EXTRAS_NAME, desiredFor } from "../../src/frr-templates/desired.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";
import type { Config, Peer } from "../../src/config/config.ts";
import type { Service } from "../../src/api/objects.ts";
import { AppError } from "../../src/errors.ts";
import { maskPasswords } from "../../src/frr-templates/mask.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import {
  advertisement,
  config,
  peer,
  pool,
  profile,
  service,
  snapshot,
} from "../support/bgp-fixture.ts";

const arbAd = fc
  .record({
    localPref: fc.constantFrom(0, 100, 200),
    aggregationLength: fc.constantFrom(32, 32, 28),
    communities: fc.subarray(["64500:1", "64500:2", "65535:65281", "64500:1:2"]),
    peers: fc.subarray(["r0", "r1", "r2"]),
    nodes: fc.constantFrom(["n1"], ["n1", "n2"], ["n2"]),
  })
  .map((over) => over);

interface World {
  readonly config: Config;
  readonly services: readonly Service[];
}
const arbWorld: fc.Arbitrary<World> = fc
  .record({
    ads: fc.array(arbAd, { maxLength: 4 }),
    peers: fc.subarray([
      peer("r0", "192.0.2.2", { bfdProfile: "fast" }),
      peer("r1", "2001:db8::2", { dualStackAddressFamily: true }),
      peer("r2", "192.0.2.3", { vrf: "red", remoteAs: "internal" }),
    ]),
    ips: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
  })
  .map(({ ads, peers, ips }) => ({
    config: config({
      peers,
      bfdProfiles: [profile("fast")],
      pools: [
        pool(
          "p",
          ["198.51.100.0/24", "2001:db8:10::/64"],
          ads.map((over, i) => advertisement(`a${i}`, { ...over, localPref: 0 })),
        ),
      ],
    }),
    services: ips.map((n) => service(`s${n}`, [`198.51.100.${n}`, `2001:db8:10::${n}`])),
  }));

const nodeOf = ({ config: c, services }: World): NodeBgp => nodeBgpFor(c, snapshot(services), "n1");
const linesOf = (text: string): string[] => text.split("\n");
const networkLines = (text: string): string[] =>
  linesOf(text).filter((line) => line.startsWith("  network "));

const shuffled = <T>(list: readonly T[], seed: number): T[] =>
  list
    .map((value, i) => ({ value, key: Math.imul(i + 1, seed | 1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);

describe("frr.conf of a node", () => {
  it("does not depend on the order of anything", () =>
    fc.assert(
      fc.property(arbWorld, fc.integer(), (world, seed) => {
        const other: World = {
          services: shuffled(world.services, seed),
          config: {
            ...world.config,
            peers: shuffled(world.config.peers, seed),
            pools: world.config.pools.map((p) => ({
              ...p,
              bgpAdvertisements: shuffled(p.bgpAdvertisements, seed),
            })),
          },
        };
        expect(renderFrr(nodeOf(other))).to.equal(renderFrr(nodeOf(world)));
      }),
    ));

  it("has one line more for one prefix more of a treatment that is there", () =>
    fc.assert(
      fc.property(arbWorld, (world) => {
        const c = { ...world.config, peers: world.config.peers.filter((p) => p.vrf === null) };
        const before = nodeOf({ config: c, services: [service("one", ["198.51.100.1"])] });
        const after = nodeOf({
          config: c,
          services: [service("one", ["198.51.100.1"]), service("two", ["198.51.100.200"])],
        });
        const [was, is] = [linesOf(renderFrr(before)), linesOf(renderFrr(after))];
        const added = is.filter((line) => !was.includes(line));
        expect(was.filter((line) => !is.includes(line))).to.deep.equal([]);
        expect(is.length - was.length).to.equal(added.length);
        expect(added.every((line) => line.startsWith("  network "))).to.equal(true);
        const prefixes = (n: NodeBgp): number =>
          n.instances.flatMap((i) => [...i.networks4, ...i.networks6]).length;
        expect(added.length).to.equal(prefixes(after) - prefixes(before));
      }),
    ));

  it("keeps every line of a Service when another comes", () =>
    fc.assert(
      fc.property(arbWorld, (world) => {
        const before = networkLines(renderFrr(nodeOf(world)));
        const more = [...world.services, service("more", ["198.51.100.77", "2001:db8:10::abcd"])];
        const after = new Set(networkLines(renderFrr(nodeOf({ ...world, services: more }))));
        expect(before.filter((line) => !after.has(line))).to.deep.equal([]);
      }),
    ));

  it("keeps every network line when a peer comes or goes that gets no treatment of its own", () => {
    const services = [service("web", ["198.51.100.1"])];
    const pools = [
      pool("p", ["198.51.100.0/24"], [advertisement("all", { communities: ["1:2"] })]),
    ];
    const one = config({ pools, peers: [peer("r0", "192.0.2.2")] });
    const two = config({ pools, peers: [peer("r0", "192.0.2.2"), peer("r1", "192.0.2.3")] });
    expect(networkLines(renderFrr(nodeOf({ config: two, services })))).to.deep.equal(
      networkLines(renderFrr(nodeOf({ config: one, services }))),
    );
  });

  it("traces each of its own lines below `router bgp` to an object", () =>
    fc.assert(
      fc.property(arbWorld, (world) => {
        const node = nodeOf(world);
        const { text, originOf } = desiredFor(node);
        const open: string[] = [];
        for (const line of linesOf(text)) {
          const depth = line.search(/\S/);
          if (depth < 0 || line.trim() === "!" || /^\s*exit/.test(line)) continue;
          open.length = depth;
          open.push(line.trim());
          if (/^(?:router|route-map|bfd)/.test(open[0] ?? "") && open[0] !== "bfd")
            expect(originOf(open), open.join(" > ")).not.to.have.length(0);
        }
      }),
    ));
});

describe("communities of several advertisements for one prefix", () => {
  const range = (from: number): string[] =>
    Array.from({ length: 60 }, (_, i) => `64500:${from + i}`);
  it("add up to what fits one line, and say where they do not", () => {
    const ads = [1, 100].map((n) => advertisement(`a${n}`, { communities: range(n) }));
    const node = nodeOf({
      config: config({
        peers: [peer("r", "192.0.2.2")],
        pools: [pool("p", ["198.51.100.0/24"], ads)],
      }),
      services: [service("web", ["198.51.100.1"])],
    });
    expect(node.instances[0]?.neighbors[0]?.announcements[0]?.communities).to.have.length(100);
    expect(node.problems.map((p) => p.code)).to.deep.equal(["tooManyCommunities"]);
  });
});

describe("values from manifests", () => {
  const HOSTILE = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "x\n neighbor 192.0.2.9 remote-as 1",
      "x\r\nexit",
      "a b",
      "\u2028router bgp 1",
      "!\n",
      "secret\u0000",
    ),
  );
  const FIELDS: readonly ((text: string) => Partial<Peer>)[] = [
    (password) => ({ password }),
    (vrf) => ({ vrf }),
    (bfdProfile) => ({ bfdProfile }),
    (name) => ({ endpoint: { kind: "interface", name } }),
  ];

  it("never add a line: they stay one token, or nothing is rendered", () =>
    fc.assert(
      fc.property(HOSTILE, fc.nat({ max: FIELDS.length - 1 }), (text, which) => {
        const over = FIELDS[which]!;
        const lines = (value: string): number =>
          linesOf(
            renderFrr(
              nodeOf({
                config: config({ peers: [peer("r", "192.0.2.2", over(value))] }),
                services: [],
              }),
            ),
          ).length;
        if (/^[!-~]+$/.test(text)) expect(lines(text)).to.equal(lines("plain"));
        else if (text !== "")
          try {
            lines(text);
            expect.fail("rendered");
          } catch (error) {
            expect(error).to.be.instanceOf(AppError);
            expect((error as AppError).code).to.equal("ERR_UNSAFE_TOKEN");
            expect((error as AppError).message).not.to.contain("remote-as");
          }
      }),
      { numRuns: 400 },
    ));

  it("are masked where they are passwords", () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{6,80}$/), (password) => {
        fc.pre(!"neighbor 192.0.2.2 password ********".includes(password));
        const text = renderFrr(
          nodeOf({
            config: config({ peers: [peer("r", "192.0.2.2", { password })] }),
            services: [],
          }),
        );
        expect(text).to.contain(` password ${password}\n`);
        expect(maskPasswords(text)).not.to.contain(` password ${password}`);
        expect(linesOf(maskPasswords(text))).to.have.length(linesOf(text).length);
      }),
    ));
});

describe("the objects behind a line", () => {
  const node = nodeOf({
    config: config({
      peers: [peer("r0", "192.0.2.2"), peer("r1", "192.0.2.3", { vrf: "red" })],
      bfdProfiles: [profile("fast")],
      pools: [pool("p", ["198.51.100.0/24"], [advertisement("ad", { peers: ["r0"] })])],
      extras:
        "router bgp 64500\n neighbor 192.0.2.2 description by hand\nexit\nip route 203.0.113.0/24 blackhole\n",
    }),
    services: [service("web", ["198.51.100.1"])],
  });
  const { text, originOf } = desiredFor(node);
  const entry = /^route-map ferrolb-192\.0\.2\.2-out permit \d+$/m.exec(text)?.[0] ?? "";
  const network = /^ {2}(network .*)$/m.exec(text)?.[1] ?? "";
  const cases: readonly (readonly [path: readonly string[], objects: readonly string[]])[] = [
    [["router bgp 64500", "neighbor 192.0.2.2 remote-as 64501"], ["BGPPeer r0"]],
    [["router bgp 64500", "no neighbor 192.0.2.2 password x"], ["BGPPeer r0"]],
    [["router bgp 64500 vrf red", "neighbor 192.0.2.3 remote-as 64501"], ["BGPPeer r1"]],
    [["router bgp 64500", "no bgp default ipv4-unicast"], ["BGPPeer r0"]],
    [
      ["router bgp 64500", "address-family ipv4 unicast", network],
      ["Service web", "BGPAdvertisement ad"],
    ],
    [
      ["router bgp 64500", "address-family ipv4 unicast", "neighbor 192.0.2.2 activate"],
      ["BGPPeer r0"],
    ],
    [["route-map ferrolb-192.0.2.2-in deny 20"], ["BGPPeer r0"]],
    [["route-map ferrolb-192.0.2.2-out deny 65535"], ["BGPPeer r0"]],
    [[entry, "match tag 1"], ["BGPAdvertisement ad"]],
    [["bfd", "profile fast", "receive-interval 300"], ["BFDProfile fast"]],
    [["router bgp 64500", "neighbor 192.0.2.2 description by hand"], [`ConfigMap ${EXTRAS_NAME}`]],
    [["ip route 203.0.113.0/24 blackhole"], [`ConfigMap ${EXTRAS_NAME}`]],
    [["hostname n1"], []],
  ];
  for (const [path, objects] of cases)
    it(path.join(" > "), () =>
      expect(originOf(path).map((o) => `${o.kind} ${o.name}`)).to.deep.equal(objects),
    );
});
