import { expect } from "chai";
import { DUAL, V6, allocation, pool, service, settle } from "./support.ts";
import type { Ask } from "./support.ts";
import type { Pool } from "../../src/config/config.ts";

const POOLS = [
  pool("auto", ["192.0.2.0/30", "2001:db8::/126"]),
  pool("manual", "198.51.100.0/30", { autoAssign: false }),
  pool("team", "203.0.113.0/30", { serviceAllocation: allocation({ namespaces: ["team"] }) }),
  pool("reserving", "203.0.113.8/30", {
    autoAssign: false,
    reserved: pool("r", "203.0.113.8/31").cidrs,
  }),
  pool("draining", "203.0.113.16/30", { autoAssign: false, draining: true }),
  pool("tidy", "203.0.113.248/29", { autoAssign: false, avoidBuggyIPs: true }),
];
const named = (name: string): Record<string, string> => ({ "metallb.io/address-pool": name });
const ips = (text: string): Record<string, string> => ({ "metallb.io/loadBalancerIPs": text });

describe("requested addresses and pools (behaviour reference 1.6)", () => {
  const rows: [given: string, ask: Ask, ips: string, pending: string | null][] = [
    ["a free one", { request: "192.0.2.3" }, "192.0.2.3", null],
    ["one of a pool without autoAssign", { request: "198.51.100.2" }, "198.51.100.2", null],
    ["one outside every pool", { request: "192.0.2.99" }, "", "notInPool"],
    ["one of a pool for others", { request: "203.0.113.1" }, "", "notAllowed"],
    [
      "one of a pool for this namespace",
      { namespace: "team", request: "203.0.113.1" },
      "203.0.113.1",
      null,
    ],
    ["a reserved one", { request: "203.0.113.9" }, "", "reserved"],
    ["one of a draining pool", { request: "203.0.113.17" }, "", "notAllowed"],
    [
      "one that ends in .255 where those are avoided",
      { request: "203.0.113.255" },
      "",
      "notInPool",
    ],
    ["the wrong family", { request: "2001:db8::1" }, "", "requestFamily"],
    [
      "one for a dual Service",
      { clusterIPs: DUAL, policy: "PreferDualStack", annotations: ips("192.0.2.1") },
      "",
      "requestFamily",
    ],
    [
      "two for a single Service",
      { annotations: ips("192.0.2.1,2001:db8::1") },
      "",
      "requestFamily",
    ],
    [
      "two for a dual Service, order as written",
      { clusterIPs: DUAL, policy: "RequireDualStack", annotations: ips("2001:db8::1, 192.0.2.1") },
      "2001:db8::1,192.0.2.1",
      null,
    ],
    [
      "two of different pools",
      {
        clusterIPs: DUAL,
        policy: "RequireDualStack",
        annotations: ips("198.51.100.1,2001:db8::1"),
      },
      "",
      "notInPool",
    ],
    ["two of one family", { annotations: ips("192.0.2.1,192.0.2.2") }, "", "badRequest"],
    ["three", { annotations: ips("192.0.2.1,2001:db8::1,192.0.2.2") }, "", "badRequest"],
    ["no address", { request: "192.0.2" }, "", "badRequest"],
    [
      "field and annotation",
      { request: "192.0.2.1", annotations: ips("192.0.2.1") },
      "",
      "badRequest",
    ],
    [
      "address and its pool",
      { request: "198.51.100.2", annotations: named("manual") },
      "198.51.100.2",
      null,
    ],
    [
      "address and another pool",
      { request: "198.51.100.2", annotations: named("auto") },
      "",
      "requestInOtherPool",
    ],
    ["a pool without autoAssign", { annotations: named("manual") }, "198.51.100.0", null],
    ["a pool that does not exist", { annotations: named("nowhere") }, "", "unknownPool"],
    ["a pool for others", { annotations: named("team") }, "", "notAllowed"],
    [
      "a pool without the family",
      { clusterIPs: V6, annotations: named("manual") },
      "",
      "poolExhausted",
    ],
    ["a draining pool", { annotations: named("draining") }, "", "notAllowed"],
    ["a pool with reserved addresses", { annotations: named("reserving") }, "203.0.113.10", null],
    [
      "a dual Service from a pool of one family",
      { clusterIPs: DUAL, policy: "RequireDualStack", annotations: named("manual") },
      "",
      "poolExhausted",
    ],
    [
      "the same under PreferDualStack",
      { clusterIPs: DUAL, policy: "PreferDualStack", annotations: named("manual") },
      "198.51.100.0",
      null,
    ],
  ];
  for (const [given, ask, addresses, pending] of rows)
    it(`${given} -> ${addresses || pending}`, () => {
      const { result, services } = settle(POOLS, [service("s", ask)]);
      const [outcome] = result.outcomes.values();
      expect((services[0]!.status?.loadBalancer?.ingress ?? []).map((i) => i.ip).join()).to.equal(
        addresses,
      );
      expect(outcome!.pending?.kind ?? null).to.equal(pending);
    });

  it("free, taken and outside are three distinct events", () => {
    const seen = settle(POOLS, [
      service("free", { request: "192.0.2.1" }),
      service("outside", { request: "192.0.2.99" }),
      service("taken", { request: "192.0.2.1" }),
    ]);
    const told = (name: string): string =>
      `${seen.events[name]![0]!.reason}: ${seen.events[name]![0]!.message}`;
    expect(told("free")).to.equal('IPAllocated: Assigned IP ["192.0.2.1"]');
    expect(told("outside")).to.match(
      /^AllocationFailed: .*"default\/outside".*"192\.0\.2\.99" not allowed in config/,
    );
    expect(told("taken")).to.match(
      /^AllocationFailed: .*192\.0\.2\.1: it is used by "default\/free"/,
    );
  });
});

describe("automatic choice (behaviour reference 1.6)", () => {
  const by = (more: Parameters<typeof allocation>[0]) => ({ serviceAllocation: allocation(more) });
  const web = [{ matchLabels: { app: "web" } }];
  const one = (name: string, more: Partial<Pool> = {}) =>
    pool(name, `192.0.2.${{ a: 0, b: 1, c: 2, d: 3 }[name] ?? 9}/32`, more);
  const rows: [given: string, pools: Pool[], ask: Ask, from: string | null][] = [
    ["by name", [one("b"), one("a")], {}, "a"],
    ["never one without autoAssign", [one("a", { autoAssign: false }), one("b")], {}, "b"],
    ["never a draining one", [one("a", { draining: true }), one("b")], {}, "b"],
    [
      "pinned by namespace before general",
      [one("a"), one("b", by({ namespaces: ["default"] }))],
      {},
      "b",
    ],
    [
      "pinned by labels before general",
      [one("a"), one("b", by({ serviceSelectors: web }))],
      { labels: { app: "web" } },
      "b",
    ],
    [
      "not pinned for other labels",
      [one("a"), one("b", by({ serviceSelectors: web }))],
      { labels: { app: "db" } },
      "a",
    ],
    ["a priority alone pins for everybody", [one("a"), one("b", by({ priority: 7 }))], {}, "b"],
    [
      "lower priority first",
      [one("a", by({ priority: 20 })), one("b", by({ priority: 10 }))],
      {},
      "b",
    ],
    ["no priority last", [one("a", by({})), one("b", by({ priority: 99 }))], {}, "b"],
    [
      "a negative priority counts as none",
      [one("a", by({ priority: -1 })), one("b", by({ priority: 99 }))],
      {},
      "b",
    ],
    [
      "equal priorities by name",
      [one("b", by({ priority: 1 })), one("a", by({ priority: 1 }))],
      {},
      "a",
    ],
    [
      "both namespace and labels must fit",
      [one("a", by({ namespaces: ["default"], serviceSelectors: web }))],
      {},
      null,
    ],
    [
      "selectors that match no namespace let nobody in",
      [one("a", by({ namespaces: [], namespacesRestricted: true }))],
      {},
      null,
    ],
    [
      "not even with labels that fit",
      [one("a", by({ namespaces: [], namespacesRestricted: true, serviceSelectors: web }))],
      { labels: { app: "web" } },
      null,
    ],
    [
      "nor on request",
      [one("a", by({ namespaces: [], namespacesRestricted: true }))],
      { annotations: named("a") },
      null,
    ],
  ];
  for (const [given, pools, ask, from] of rows)
    it(`${given} -> ${from ?? "pending"}`, () =>
      expect(settle(pools, [service("s", ask)]).pools["s"]).to.equal(from));

  it("full pinned pools give way to general ones", () => {
    const pools = [
      one("a", by({ priority: 1 })),
      one("b", by({ priority: 2 })),
      one("c"),
      one("d"),
    ];
    const seen = settle(
      pools,
      ["s1", "s2", "s3", "s4", "s5"].map((n) => service(n)),
    );
    expect(seen.pools).to.deep.equal({ s1: "a", s2: "b", s3: "c", s4: "d", s5: null });
  });

  const v4 = pool("v4", "192.0.2.0/32");
  const v6 = pool("v6", "2001:db8::/128");
  const both = pool("z", ["198.51.100.0/32", "2001:db8:1::/128"]);
  const dualRows: [pools: Pool[], policy: string, first: string, ips: string][] = [
    [[v4, v6, both], "RequireDualStack", "IPv4", "198.51.100.0,2001:db8:1::"],
    [[v4, v6, both], "PreferDualStack", "IPv4", "198.51.100.0,2001:db8:1::"],
    [[v4, v6], "RequireDualStack", "IPv4", ""],
    [[v4, v6], "PreferDualStack", "IPv4", "192.0.2.0"],
    [[v4, v6], "PreferDualStack", "IPv6", "2001:db8::"],
    [[v6], "PreferDualStack", "IPv4", "2001:db8::"],
    [[v4, v6, both], "SingleStack", "IPv4", ""],
    [
      [pool("a", "192.0.2.9/32", by({ priority: 1 })), both],
      "PreferDualStack",
      "IPv4",
      "192.0.2.9",
    ],
  ];
  for (const [pools, policy, first, addresses] of dualRows)
    it(`dual, ${policy}, ${first} first, pools ${pools.map((p) => p.name).join()} -> ${addresses || "pending"}`, () => {
      const families = first === "IPv4" ? ["IPv4", "IPv6"] : ["IPv6", "IPv4"];
      const seen = settle(pools, [service("s", { clusterIPs: DUAL, policy, families })]);
      expect(seen.ips["s"]).to.equal(addresses);
    });

  it("addresses in written order of the blocks, ascending, .0 and .255 left out on demand", () => {
    const pools = [pool("p", ["192.0.2.254-192.0.3.1", "192.0.2.0/31"], { avoidBuggyIPs: true })];
    const seen = settle(
      pools,
      ["s1", "s2", "s3", "s4"].map((n) => service(n)),
    );
    expect(seen.ips).to.deep.equal({ s1: "192.0.2.254", s2: "192.0.3.1", s3: "192.0.2.1", s4: "" });
  });

  it("203.0.113.0/30 gives .0, .1, .2, .3", () => {
    const seen = settle(
      [pool("p", "203.0.113.0/30")],
      ["a", "b", "c", "d"].map((n) => service(n)),
    );
    expect(Object.values(seen.ips)).to.deep.equal([0, 1, 2, 3].map((i) => `203.0.113.${i}`));
  });

  it("holders first, then by age, then by name", () => {
    const seen = settle(
      [pool("p", "192.0.2.0/29")],
      [
        service("z-old", { created: "2020-01-01T00:00:00Z" }),
        service("b", { created: "2021-01-01T00:00:00Z" }),
        service("a", { created: "2021-01-01T00:00:00+00:00" }),
        service("holder", { created: "2023-01-01T00:00:00Z", ips: ["192.0.2.0"] }),
        service("moved", { created: "2023-01-01T00:00:00Z", ips: ["198.51.100.1"] }),
      ],
    );
    expect(seen.ips).to.deep.equal({
      holder: "192.0.2.0",
      moved: "192.0.2.1",
      "z-old": "192.0.2.2",
      a: "192.0.2.3",
      b: "192.0.2.4",
    });
  });
});

describe("why there is none: three distinct reasons", () => {
  const rows: [given: string, pools: Pool[], kind: string, message: RegExp][] = [
    ["no pool", [], "noPool", /no available IPs: no IPAddressPool is configured/],
    [
      "exhausted",
      [pool("p", "192.0.2.0/32")],
      "exhausted",
      /no available IPs: pool "p": it has no free IPv4 address/,
    ],
    [
      "not allowed",
      [pool("p", "192.0.2.0/29", { serviceAllocation: allocation({ namespaces: ["x"] }) })],
      "noPoolForService",
      /no pool serves this Service unasked; pool "p": its serviceAllocation does not list this namespace/,
    ],
    [
      "only on request",
      [pool("p", "192.0.2.0/29", { autoAssign: false })],
      "noPoolForService",
      /pool "p": it is only given on request \(autoAssign: false\)/,
    ],
    [
      "other family",
      [pool("p", "2001:db8::/64")],
      "noPoolForService",
      /pool "p": it has no IPv4 range/,
    ],
  ];
  for (const [given, pools, kind, message] of rows)
    it(`${given} -> ${kind}`, () => {
      const { result, events } = settle(pools, [service("a-first"), service("s")]);
      expect(result.outcomes.get("default/s")!.pending!.kind).to.equal(kind);
      if (kind === "noPool") expect(events["s"]![0]!.message).to.match(message);
      else expect(events["s"]!.at(-1)!.message).to.match(message);
    });
});
