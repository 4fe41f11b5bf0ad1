import { expect } from "chai";
import { DUAL, V4, V6, allocation, pool, reasonsOf, service, settle } from "./support.ts";
import type { Ask } from "./support.ts";
import type { Pool } from "../../src/config/config.ts";

const P = [pool("p", ["192.0.2.0/29", "2001:db8::/125"])];
const LEGACY = "metallb.universe.tf/";

describe("converge, step by step (behaviour reference 1.4)", () => {
  type Row = [
    step: string,
    given: string,
    pools: readonly Pool[],
    ask: Ask,
    ips: string,
    events: string[],
    pending: string | null,
  ];
  const rows: Row[] = [
    ["1", "not a LoadBalancer", P, { type: "ClusterIP", ips: ["192.0.2.1"] }, "", [], null],
    ["2", "no pools", [], { ips: ["192.0.2.1"] }, "", ["AllocationFailed"], "noPool"],
    ["3", "no cluster IP", P, { clusterIPs: [], ips: ["192.0.2.1"] }, "", [], "noClusterIPs"],
    [
      "4",
      "hostname-only entries are skipped",
      P,
      { ingress: [{ hostname: "h" }, { ip: "192.0.2.3" }] },
      "192.0.2.3",
      [],
      null,
    ],
    [
      "4",
      "an entry that is no IP",
      P,
      { ips: ["192.0.2.300"] },
      "192.0.2.0",
      ["ClearAssignment", "IPAllocated"],
      null,
    ],
    [
      "5",
      "RequireDualStack with one cluster IP",
      P,
      { policy: "RequireDualStack", ips: ["192.0.2.1"] },
      "",
      ["not enough clusterips"],
      "notEnoughClusterIPs",
    ],
    ["6", "no current IPs", P, {}, "192.0.2.0", ["IPAllocated"], null],
    [
      "7",
      "current IPs of two times the same family",
      P,
      { ips: ["192.0.2.1", "192.0.2.2"] },
      "192.0.2.0",
      ["nolbIPsIPFamily", "IPAllocated"],
      null,
    ],
    [
      "7",
      "cluster IPs of no family",
      P,
      { clusterIPs: ["None"], ips: ["192.0.2.1"] },
      "192.0.2.1",
      ["noclusterIPsIPFamily"],
      "unknownFamily",
    ],
    [
      "7",
      "another family than the Service",
      P,
      { clusterIPs: V6, ips: ["192.0.2.1"] },
      "2001:db8::",
      ["IPAllocated"],
      null,
    ],
    [
      "7",
      "one address for a dual Service, SingleStack",
      P,
      { clusterIPs: DUAL, ips: ["192.0.2.1"] },
      "",
      ["AllocationFailed"],
      "dualButSingleStack",
    ],
    [
      "7",
      "one address for a dual Service, RequireDualStack",
      P,
      { clusterIPs: DUAL, policy: "RequireDualStack", ips: ["192.0.2.1"] },
      "192.0.2.0,2001:db8::",
      ["IPAllocated"],
      null,
    ],
    [
      "7+11",
      "one address for a dual Service, PreferDualStack",
      P,
      { clusterIPs: DUAL, policy: "PreferDualStack", ips: ["192.0.2.1"] },
      "192.0.2.1,2001:db8::",
      ["IPAllocated"],
      null,
    ],
    [
      "8",
      "present IP in no pool",
      P,
      { ips: ["198.51.100.1"] },
      "192.0.2.0",
      ["ClearAssignment", "IPAllocated"],
      null,
    ],
    [
      "8",
      "present IP in no pool, nothing else free",
      [pool("p", "192.0.2.0/32", { draining: true })],
      { ips: ["198.51.100.1"] },
      "",
      ["ClearAssignment", "AllocationFailed"],
      "noPoolForService",
    ],
    [
      "8",
      "present IPs of two pools",
      [
        pool("a", "192.0.2.0/29"),
        pool("b", "2001:db8::/125"),
        pool("c", ["198.51.100.0/30", "2001:db8:1::/125"]),
      ],
      { clusterIPs: DUAL, policy: "RequireDualStack", ips: ["192.0.2.1", "2001:db8::1"] },
      "198.51.100.0,2001:db8:1::",
      ["ClearAssignment", "IPAllocated"],
      null,
    ],
    [
      "8",
      "pool is for another namespace",
      [pool("p", "192.0.2.0/29", { serviceAllocation: allocation({ namespaces: ["x"] }) })],
      { ips: ["192.0.2.1"] },
      "",
      ["ClearAssignment", "AllocationFailed"],
      "noPoolForService",
    ],
    [
      "9",
      "another pool by annotation",
      [...P, pool("q", "198.51.100.0/30")],
      { ips: ["192.0.2.1"], annotations: { "metallb.io/address-pool": "q" } },
      "198.51.100.0",
      ["IPAllocated"],
      null,
    ],
    [
      "9",
      "the same pool by annotation",
      P,
      { ips: ["192.0.2.1"], annotations: { "metallb.io/address-pool": "p" } },
      "192.0.2.1",
      [],
      null,
    ],
    [
      "10",
      "invalid request keeps the present IP",
      P,
      { ips: ["192.0.2.1"], request: "nonsense" },
      "192.0.2.1",
      ["LoadBalancerFailed"],
      "badRequest",
    ],
    [
      "10",
      "invalid request after step 8 cleared",
      P,
      { ips: ["198.51.100.1"], request: "nonsense" },
      "",
      ["ClearAssignment", "LoadBalancerFailed"],
      "badRequest",
    ],
    [
      "10",
      "invalid request without a present IP",
      P,
      { request: "nonsense" },
      "",
      ["AllocationFailed"],
      "badRequest",
    ],
    [
      "10",
      "another address requested",
      P,
      { ips: ["192.0.2.1"], request: "192.0.2.5" },
      "192.0.2.5",
      ["IPAllocated"],
      null,
    ],
    [
      "10",
      "the same address requested",
      P,
      { ips: ["192.0.2.1"], request: "192.0.2.1" },
      "192.0.2.1",
      [],
      null,
    ],
    [
      "11",
      "the other family has no address",
      [pool("p", "192.0.2.0/29")],
      { clusterIPs: DUAL, policy: "PreferDualStack", ips: ["192.0.2.1"] },
      "192.0.2.1",
      ["AdditionalAssignFailed"],
      null,
    ],
    [
      "12",
      "nothing free",
      [pool("p", "2001:db8::/125")],
      {},
      "",
      ["AllocationFailed"],
      "noPoolForService",
    ],
    [
      "14",
      "ipMode and the like are no difference",
      P,
      { ingress: [{ ip: "192.0.2.1", ipMode: "VIP" }] },
      "192.0.2.1",
      [],
      null,
    ],
  ];
  for (const [step, given, pools, ask, ips, events, pending] of rows)
    it(`${step}: ${given} -> ${ips || "none"}${events.map((e) => `, ${e}`).join("")}`, () => {
      const { result, ...seen } = settle(pools, [service("s", ask)]);
      const outcome = result.outcomes.get("default/s");
      const ingress = seen.services[0]!.status?.loadBalancer?.ingress ?? [];
      expect(ingress.flatMap((i) => i.ip ?? []).join()).to.equal(ips);
      expect(reasonsOf(seen.events["s"])).to.deep.equal(events);
      expect(outcome?.pending?.kind ?? null).to.equal(pending);
      const mark = seen.services[0]!.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
      if (outcome?.pending?.kind !== "unknownFamily")
        expect(mark).to.equal(ips === "" ? undefined : (outcome?.pool ?? undefined));
    });

  it("writes no status where only ipMode is more than expected", () => {
    const held = service("s", {
      ingress: [{ ip: "192.0.2.1", ipMode: "VIP" }],
      annotations: { "metallb.io/ip-allocated-from-pool": "p" },
    });
    expect(settle(P, [held]).services[0]).to.equal(held);
  });

  it("writes canonical text over another spelling of the same address", () => {
    const held = service("s", { clusterIPs: V6, ips: ["2001:DB8:0::1"] });
    const seen = settle(P, [held]);
    expect(seen.ips["s"]).to.equal("2001:db8::1");
    expect(seen.events["s"]).to.equal(undefined);
  });

  it("leaves Services of another class alone, whatever they show", () => {
    const other = service("o", { class: "example.org/x", ips: ["192.0.2.0"] });
    const seen = settle(P, [other, service("s")]);
    expect(seen.ips).to.deep.equal({ s: "192.0.2.0" });
    expect(seen.services[0]).to.equal(other);
  });

  it("with --lb-class, clears a Service that stopped being a LoadBalancer and lost its class", () => {
    const gone = service("s", {
      type: "ClusterIP",
      ips: ["192.0.2.0"],
      annotations: { "metallb.io/ip-allocated-from-pool": "p" },
    });
    const foreign = { ...gone, metadata: { ...gone.metadata, name: "f", annotations: {} } };
    const seen = settle(P, [gone, foreign], { lbClass: "example.org/x" });
    expect(seen.services[0]!.status!.loadBalancer!.ingress).to.deep.equal([]);
    expect(seen.services[1]).to.equal(foreign);
  });
});

describe("cluster IPs where no API server gives them", () => {
  const rows: [given: string, ask: Ask, ips: string][] = [
    ["nothing said", {}, "192.0.2.0"],
    ["ipFamilies IPv6", { families: ["IPv6"] }, "2001:db8::"],
    ["PreferDualStack", { policy: "PreferDualStack" }, "192.0.2.0,2001:db8::"],
    ["RequireDualStack", { policy: "RequireDualStack" }, "192.0.2.0,2001:db8::"],
    ["an IPv6 address is requested", { request: "2001:db8::3" }, "2001:db8::3"],
    [
      "one cluster IP is written after all",
      { clusterIPs: V4, policy: "PreferDualStack" },
      "192.0.2.0",
    ],
  ];
  for (const [given, ask, ips] of rows)
    it(`${given} -> ${ips}`, () => {
      const seen = settle(P, [service("s", { clusterIPs: [], ...ask })], {
        familySource: "derived",
      });
      expect(seen.ips["s"]).to.equal(ips);
    });
});

describe("annotations (behaviour reference 1.2)", () => {
  const pools = [...P, pool("q", "198.51.100.0/30")];
  const rows: [
    given: string,
    annotations: Record<string, string>,
    ips: string,
    events: string[],
  ][] = [
    ["the new key", { "metallb.io/address-pool": "q" }, "198.51.100.0", ["IPAllocated"]],
    [
      "the legacy key",
      { [`${LEGACY}address-pool`]: "q" },
      "198.51.100.0",
      ["IPAllocated", "deprecatedAnnotation"],
    ],
    [
      "both: the new one wins",
      { [`${LEGACY}address-pool`]: "q", "metallb.io/address-pool": "p" },
      "192.0.2.0",
      ["IPAllocated", "deprecatedAnnotation"],
    ],
    [
      "an empty new one wins and asks for nothing",
      { [`${LEGACY}address-pool`]: "q", "metallb.io/address-pool": "" },
      "192.0.2.0",
      ["IPAllocated", "deprecatedAnnotation"],
    ],
    [
      "requested addresses, spaces trimmed",
      { "metallb.io/loadBalancerIPs": " 192.0.2.4 " },
      "192.0.2.4",
      ["IPAllocated"],
    ],
    [
      "legacy requested addresses",
      { [`${LEGACY}loadBalancerIPs`]: "192.0.2.4" },
      "192.0.2.4",
      ["IPAllocated", "deprecatedAnnotation"],
    ],
    [
      "the pool that was written is never read",
      { "metallb.io/ip-allocated-from-pool": "q" },
      "192.0.2.0",
      ["IPAllocated"],
    ],
    [
      "one warning per legacy key",
      { [`${LEGACY}address-pool`]: "q", [`${LEGACY}allow-shared-ip`]: "k" },
      "198.51.100.0",
      ["IPAllocated", "deprecatedAnnotation", "deprecatedAnnotation"],
    ],
  ];
  for (const [given, annotations, ips, events] of rows)
    it(`${given} -> ${ips}`, () => {
      const seen = settle(pools, [service("s", { annotations })]);
      expect(seen.ips["s"]).to.equal(ips);
      expect(reasonsOf(seen.events["s"])).to.deep.equal(events);
    });
});
