import { expect } from "chai";
import { countByAgent } from "../../bench/lab/audit.ts";
import { disturbed, withCommunity } from "../../bench/lab/bgp-log.ts";
import { parseStamped } from "../../bench/lab/kernel-watch.ts";
import { parseStat } from "../../bench/lab/usage.ts";
import { parseOptions } from "../../bench/options.ts";

describe("what the bench reads", () => {
  it("a route with the time at which ip wrote it", () => {
    const seen = parseStamped(
      "[2026-01-02T03:04:05.123456] 198.18.0.1 via 192.0.2.11 dev eth0 proto bgp",
    );
    expect(seen?.rest).to.equal("198.18.0.1 via 192.0.2.11 dev eth0 proto bgp");
    expect(seen?.ms).to.be.closeTo(new Date(2026, 0, 2, 3, 4, 5, 123).getTime() + 0.456, 0.001);
  });
  for (const line of [
    "",
    "[ROUTE]198.18.0.1",
    "198.18.0.1 via 192.0.2.11",
    "[2026-99-99T00:00:00.000000] x",
  ])
    it(`nothing in ${JSON.stringify(line)}`, () => expect(parseStamped(line)).to.equal(null));

  const LOG = [
    "2026/01/02 03:04:05.100000 BGP: [X] 192.0.2.11 rcvd UPDATE w/ attr: nexthop 192.0.2.11, origin i, community 64500:1 64500:22, path 64500",
    "2026/01/02 03:04:05.100100 BGP: [X] 192.0.2.11 rcvd 198.18.0.1/32 IPv4 unicast",
    "2026/01/02 03:04:05.200000 BGP: [X] 192.0.2.11 rcvd UPDATE w/ attr: nexthop 192.0.2.11, origin i, community 64500:2, path 64500",
    "2026/01/02 03:04:05.200100 BGP: [X] 192.0.2.11 rcvd 198.18.0.2/32 IPv4 unicast",
    "2026/01/02 03:04:05.300000 BGP: [X] 192.0.2.11(n1) rcvd UPDATE about 198.18.0.3/32 IPv4 unicast -- withdrawn",
  ].join("\n");
  it("which routes have a community, since when", () => {
    const seen = withCommunity(LOG, "64500:2");
    expect([...seen.keys()]).to.deep.equal(["198.18.0.2"]);
    expect(seen.get("198.18.0.2")).to.equal(new Date(2026, 0, 2, 3, 4, 5, 200).getTime());
  });
  it("what happened to others", () => {
    expect(disturbed(LOG, new Set(["198.18.0.2", "198.18.0.3"]))).to.deep.equal({
      withdrawn: 1,
      again: 1,
    });
    expect(disturbed(LOG, new Set(["198.18.0.9"]))).to.deep.equal({ withdrawn: 0, again: 0 });
  });
  it("requests by user agent", () => {
    const log =
      '{"userAgent":"ferrolb"}\n{"userAgent":"metallb-speaker/v0 (linux)"}\n{"userAgent":"ferrolb"}\n';
    expect([...countByAgent(log)]).to.deep.equal([
      ["ferrolb", 2],
      ["metallb-speaker", 1],
    ]);
  });
  it("CPU of a process whose name has spaces and brackets", () => {
    const text = `7 (a) b (c) S ${"0 ".repeat(10)}150 50 20 30 ${"0 ".repeat(30)}`;
    expect(parseStat(text)).to.deep.equal({ own: 2, withChildren: 2.5 });
  });
});

describe("the command line of the bench", () => {
  it("groups come in the table's order, MetalLB's place from the environment", () => {
    const { groups, peers, plan } = parseOptions(["--only", "l2,routes", "--sizes", "100,0"], {
      FERROLB_PEER_DIR: "/peers",
    });
    expect([groups, peers, plan.sizes]).to.deep.equal([["routes", "l2"], "/peers", [0, 100]]);
  });
  it("alone where MetalLB is not given", () => expect(parseOptions([], {}).peers).to.equal(null));
  for (const args of [
    ["--only", "nothing"],
    ["--rounds", "0"],
    ["--sizes", "x"],
    ["--frr", "7"],
    ["--what"],
  ])
    it(`refuses ${args.join(" ")}`, () =>
      expect(() => parseOptions(args, {}, () => undefined)).to.throw());
});
