import { expect } from "chai";
import { DUAL, V6, pool, service, settle } from "./support.ts";
import { Ledger, placeOf } from "../../src/allocator/ledger.ts";
import { indexPools } from "../../src/allocator/pool-index.ts";
import { parseIp } from "../../src/net/ip.ts";

const availableOf = (
  addresses: string | string[],
  avoidBuggyIPs: boolean,
  reserved: string[] = [],
) => {
  const p = pool("p", addresses, {
    avoidBuggyIPs,
    reserved: reserved.length === 0 ? [] : pool("r", reserved).cidrs,
  });
  const { availableIPv4, availableIPv6 } = settle([p], []).result.counters.get("p")!;
  return [availableIPv4, availableIPv6];
};

describe("pool counters (behaviour reference 1.11, 8)", () => {
  const rows: [addresses: string | string[], avoidBuggy: boolean, v4: bigint, v6: bigint][] = [
    ["1.2.3.0/24", false, 256n, 0n],
    ["1.2.3.0/24", true, 254n, 0n],
    [["1.2.3.0/24", "2.3.4.128/25"], false, 384n, 0n],
    [["1.2.3.0/24", "2.3.4.128/25"], true, 381n, 0n],
    ["1.2.3.0/31", true, 1n, 0n],
    ["10.0.0.0/22", true, 1016n, 0n],
    ["10.0.0.0/23", true, 508n, 0n],
    ["10.0.0.0/25", true, 127n, 0n],
    ["10.0.0.64/26", true, 64n, 0n],
    ["10.0.0.192/26", true, 63n, 0n],
    ["10.0.0.254/32", true, 1n, 0n],
    // MetalLB says -1 here, and saturates below; both are counted exactly.
    ["10.0.0.0/32", true, 0n, 0n],
    ["10.0.0.255/32", true, 0n, 0n],
    ["10.0.0.0/8", false, 1n << 24n, 0n],
    ["2001:db8::/66", false, 0n, 1n << 62n],
    ["2001:db8::/64", true, 0n, 1n << 64n],
    [["2001:db8::/64", "2001:db8:1::/120", "192.0.2.0/30"], false, 4n, (1n << 64n) + 256n],
    ["::/0", false, 0n, 1n << 128n],
  ];
  for (const [addresses, avoidBuggy, v4, v6] of rows)
    it(`${String(addresses)}${avoidBuggy ? " without .0 and .255" : ""} -> ${v4}, ${v6}`, () =>
      expect(availableOf(addresses, avoidBuggy)).to.deep.equal([v4, v6]));

  it("every prefix length from /16 to /32 counts as if each address were looked at", () => {
    for (let length = 16; length <= 32; length++)
      for (const start of ["10.1.0.0", "10.1.2.128", "10.1.255.255"]) {
        const p = pool("p", `${start}/${length}`, { avoidBuggyIPs: true });
        const { first } = p.cidrs[0]!;
        let count = 0n;
        for (let v = first; v < first + (1n << BigInt(32 - length)); v++)
          if (v % 256n !== 0n && v % 256n !== 255n) count++;
        expect(availableOf(`${start}/${length}`, true)[0], `${start}/${length}`).to.equal(count);
      }
  });

  it("reserved addresses are not available, however they overlap or stick out", () => {
    expect(
      availableOf("192.0.2.0/28", false, ["192.0.2.0/30", "192.0.2.2/31", "192.0.2.15-192.0.3.9"]),
    ).to.deep.equal([11n, 0n]);
    expect(availableOf("192.0.2.0/28", true, ["192.0.2.0/30"])).to.deep.equal([12n, 0n]);
    expect(availableOf("2001:db8::/64", false, ["2001:db8::/65"])).to.deep.equal([0n, 1n << 63n]);
  });

  it("a reserved address that is held counts as assigned, and takes nothing from what is available", () => {
    const p = pool("p", "192.0.2.0/30", { reserved: pool("r", "192.0.2.0/31").cidrs });
    const { result } = settle([p], [service("s", { ips: ["192.0.2.1"] }), service("t")]);
    expect(result.counters.get("p")).to.deep.equal({
      assignedIPv4: 2n,
      assignedIPv6: 0n,
      availableIPv4: 1n,
      availableIPv6: 0n,
    });
  });

  it("a shared address counts once, families apart", () => {
    const p = pool("p", ["192.0.2.0/30", "2001:db8::/126"]);
    const k = { "metallb.io/allow-shared-ip": "k" };
    const { result } = settle(
      [p],
      [
        service("a", { annotations: k, ports: [1] }),
        service("b", { annotations: k, ports: [2] }),
        service("c", { clusterIPs: DUAL, policy: "RequireDualStack" }),
        service("d", { clusterIPs: V6 }),
      ],
    );
    expect(result.counters.get("p")).to.deep.equal({
      assignedIPv4: 2n,
      assignedIPv6: 2n,
      availableIPv4: 2n,
      availableIPv6: 2n,
    });
  });
});

describe("finding a free address", () => {
  it("leaps over a reserved half of a /8 and of a /64", () => {
    const pools = [
      pool("a", "10.0.0.0/8", { reserved: pool("r", "10.0.0.0/9").cidrs }),
      pool("b", "2001:db8::/64", { reserved: pool("r", "2001:db8::/65").cidrs, autoAssign: false }),
    ];
    const seen = settle(pools, [service("s")]);
    expect(seen.ips["s"]).to.equal("10.128.0.0");
    const far = settle(pools, [
      service("t", { clusterIPs: V6, annotations: { "metallb.io/address-pool": "b" } }),
    ]);
    expect(far.ips["t"]).to.equal("2001:db8:0:0:8000::");
  });

  it("an address far out in a /64 is held and counted like any other", () => {
    const far = "2001:db8::ffff:ffff:ffff:fffe";
    const p = [pool("p", "2001:db8::/64")];
    const seen = settle(p, [
      service("s", { clusterIPs: V6, request: far }),
      service("t", { clusterIPs: V6, request: far }),
    ]);
    expect(seen.ips).to.deep.equal({ s: far, t: "" });
    expect(seen.result.counters.get("p")!.availableIPv6).to.equal((1n << 64n) - 1n);
  });

  it("knows no place for addresses of nobody", () => {
    const index = indexPools([pool("p", "192.0.2.0/30", { avoidBuggyIPs: true })]);
    expect(placeOf(index, parseIp("192.0.2.0"))).to.equal(null);
    expect(placeOf(index, parseIp("192.0.2.4"))).to.equal(null);
    expect(placeOf(index, parseIp("::1"))).to.equal(null);
    expect(new Ledger(index).counters(index.pools[0]!).availableIPv4).to.equal(3n);
  });
});
