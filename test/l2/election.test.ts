import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { electionOrder, electionWinner } from "../../src/l2/election.ts";
import { boundedSpread } from "../../src/l2/spread.ts";
import { ipOf, parseIp } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";

const NODES = ["node-a", "node-b", "node-c"];

describe("the election equals MetalLB's", () => {
  const vectors: [ip: string, order: string][] = [
    ["192.168.10.0", "node-b 67e8751a, node-a cf7426c0, node-c d926d769"],
    ["192.168.10.1", "node-c 2c932633, node-b c94e0e9e, node-a e27b2bdf"],
    ["192.168.10.2", "node-b 11909f20, node-a 29b465b3, node-c 8ec0520e"],
    ["10.20.30.1", "node-b 0867af7f, node-c 95c3be9b, node-a 9689afd5"],
    ["fc00:f853:ccd:e799::1", "node-b 288f7893, node-a 7ad384bf, node-c cdf5c8f8"],
  ];
  for (const [ip, order] of vectors)
    it(`${ip} -> ${order}`, () => {
      const got = electionOrder(NODES, parseIp(ip)).map(
        (n) => `${n} ${createHash("sha256").update(`${n}#${ip}`).digest("hex").slice(0, 8)}`,
      );
      expect(got.join(", ")).to.equal(order);
      expect(electionWinner([...NODES].reverse(), parseIp(ip))).to.equal(order.split(" ")[0]);
    });

  it("writes the address in canonical text before it hashes", () => {
    const spelled = parseIp("FC00:F853:0CCD:E799:0:0:0:1");
    expect(electionWinner(NODES, spelled)).to.equal("node-b");
  });

  it("has no winner without nodes", () =>
    expect(electionWinner([], parseIp("192.0.2.1"))).to.equal(null));

  it("losing a node that does not lead changes nothing", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 2 });
    const property = fc.property(names, fc.nat(0xffffffff), (nodes, value) => {
      const ip = ipOf({ family: 4, value: BigInt(value) });
      const winner = electionWinner(nodes, ip);
      for (const lost of nodes)
        if (lost !== winner)
          expect(
            electionWinner(
              nodes.filter((n) => n !== lost),
              ip,
            ),
          ).to.equal(winner);
    });
    fc.assert(property, { numRuns: 50 });
  });
});

const addresses = (count: number): readonly Ip[] =>
  Array.from({ length: count }, (_, i) => ipOf({ family: 4, value: BigInt(0xc6336400 + i * 7) }));
const nodesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `node-${i}`);

function loadsOf(owners: ReadonlyMap<Ip, string>, nodes: readonly string[]): readonly number[] {
  const loads = new Map(nodes.map((n) => [n, 0]));
  for (const node of owners.values()) loads.set(node, (loads.get(node) ?? 0) + 1);
  return [...loads.values()];
}

describe("bounded spread", function () {
  this.timeout(3_600_000); // SOAK_RUNS may be many
  const runs = Number(process.env["SOAK_RUNS"] ?? 60);
  const sizes: [fc.Arbitrary<number>, fc.Arbitrary<number>] = [
    fc.integer({ min: 1, max: 1000 }),
    fc.integer({ min: 2, max: 50 }),
  ];

  it("owners differ by at most one, and only a lost node's addresses move", () => {
    const property = fc.property(...sizes, fc.nat(), (count, size, which) => {
      const [ips, nodes] = [addresses(count), nodesOf(size)];
      const lost = nodes[which % size]!;
      const before = boundedSpread(ips, nodes, new Set(nodes));
      const left = nodes.filter((n) => n !== lost);
      const after = boundedSpread(ips, nodes, new Set(left));
      for (const [owners, of] of [[before, nodes] as const, [after, left] as const]) {
        expect(owners.size).to.equal(count);
        const loads = loadsOf(owners, of);
        expect(Math.max(...loads) - Math.min(...loads)).to.be.at.most(1);
      }
      for (const [ip, node] of before)
        if (node !== lost) expect(after.get(ip), ip).to.equal(node);
        else expect(after.get(ip)).not.to.equal(lost);
    });
    fc.assert(property, { numRuns: runs });
  });

  it("holds for any number of lost nodes: an address stays at its node while that lives", () => {
    const property = fc.property(...sizes, fc.infiniteStream(fc.boolean()), (count, size, coin) => {
      const [ips, nodes] = [addresses(count), nodesOf(size)];
      const alive = new Set(nodes.filter((_, i) => i === 0 || coin.next().value));
      const home = boundedSpread(ips, nodes, new Set(nodes));
      const now = boundedSpread(ips, nodes, alive);
      const loads = loadsOf(now, [...alive]);
      expect(Math.max(...loads) - Math.min(...loads)).to.be.at.most(1);
      for (const [ip, node] of home) if (alive.has(node)) expect(now.get(ip)).to.equal(node);
    });
    fc.assert(property, { numRuns: runs });
  });

  it("through any sequence of nodes that leave and return, addresses of nodes that stay put stay put", () => {
    const steps = fc.array(fc.nat(), { minLength: 1, maxLength: 30 });
    const few = [fc.integer({ min: 1, max: 200 }), fc.integer({ min: 2, max: 12 })] as const;
    const property = fc.property(...few, steps, (count, size, which) => {
      const [ips, nodes] = [addresses(count), nodesOf(size)];
      const away = new Set<string>();
      const living = (): string[] => nodes.filter((n) => !away.has(n));
      const home = boundedSpread(ips, nodes, new Set(nodes));
      let before = home;
      for (const turn of which) {
        const node = nodes[turn % size]!;
        const gone = new Set(away);
        if (!away.delete(node) && away.size < size - 1) away.add(node);
        const now = boundedSpread(ips, nodes, new Set(living()));
        const loads = loadsOf(now, living());
        expect(Math.max(...loads) - Math.min(...loads)).to.be.at.most(1);
        // What moves is at home on a node that is, or was, away; so with all back all is as before.
        for (const [ip, owner] of now)
          if (owner !== before.get(ip))
            expect(away.has(home.get(ip)!) || gone.has(home.get(ip)!), ip).to.equal(true);
        if (away.size === 0) expect(now).to.deep.equal(home);
        before = now;
      }
    });
    fc.assert(property, { numRuns: runs });
  });

  it("does not depend on the order of its input", () => {
    const [ips, nodes] = [addresses(97), nodesOf(7)];
    const one = boundedSpread(ips, nodes, new Set(nodes));
    const other = boundedSpread([...ips].reverse(), [...nodes].reverse(), new Set(nodes));
    expect([...other].sort()).to.deep.equal([...one].sort());
  });

  it("has no owners without nodes", () =>
    expect(boundedSpread(addresses(3), ["a"], new Set()).size).to.equal(0));
});
