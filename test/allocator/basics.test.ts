import { expect } from "chai";
import { DUAL, V6, pool, reasonsOf, service, settle } from "./support.ts";

describe("allocation outcomes (behaviour reference 8)", () => {
  const pools = [pool("pool1", "1.2.3.0/31"), pool("pool2", "3.4.5.6/32", { autoAssign: false })];
  const dualPools = [pool("pool5", ["1.2.3.0/31", "1000::/127"])];
  const to2 = { "metallb.io/address-pool": "pool2" };
  type Row = [
    given: string,
    pools: typeof pools,
    ask: Parameters<typeof service>[1],
    ips: string,
    events: string[],
  ];
  const rows: Row[] = [
    ["single v4, nothing requested", pools, {}, "1.2.3.0", ["IPAllocated"]],
    [
      "requests an address of a pool without autoAssign",
      pools,
      { request: "3.4.5.6" },
      "3.4.5.6",
      ["IPAllocated"],
    ],
    [
      "holds 1.2.3.0, annotation pool2",
      pools,
      { ips: ["1.2.3.0"], annotations: to2 },
      "3.4.5.6",
      ["IPAllocated"],
    ],
    [
      "holds 1.2.3.1, requests 1.2.3.4 (in no pool)",
      pools,
      { ips: ["1.2.3.1"], request: "1.2.3.4" },
      "",
      ["AllocationFailed"],
    ],
    [
      "requests 1.2.3.1 and pool2 at once",
      pools,
      { request: "1.2.3.1", annotations: to2 },
      "",
      ["AllocationFailed"],
    ],
    [
      "hostname and an address in no pool",
      pools,
      { ingress: [{ hostname: "h" }, { ip: "10.10.10.10" }] },
      "1.2.3.0",
      ["ClearAssignment", "IPAllocated"],
    ],
    [
      "status with three IPs",
      pools,
      { ips: ["1.2.3.0", "1.2.3.1", "1.2.3.2"] },
      "1.2.3.0",
      ["nolbIPsIPFamily", "IPAllocated"],
    ],
    [
      "RequireDualStack, status has one v6",
      dualPools,
      { clusterIPs: DUAL, policy: "RequireDualStack", ips: ["1000::"] },
      "1.2.3.0,1000::",
      ["IPAllocated"],
    ],
    [
      "both annotation and spec.loadBalancerIP",
      pools,
      { request: "1.2.3.1", annotations: { "metallb.io/loadBalancerIPs": "1.2.3.1" } },
      "",
      ["AllocationFailed"],
    ],
    ["v4 Service holding a v6 address", dualPools, { ips: ["1000::"] }, "1.2.3.0", ["IPAllocated"]],
    [
      "v6 Service holding a v4 address",
      dualPools,
      { ips: ["1.2.3.0"], clusterIPs: V6 },
      "1000::",
      ["IPAllocated"],
    ],
    ["NodePort Service with status", pools, { type: "NodePort", ips: ["1.2.3.0"] }, "", []],
  ];
  for (const [given, on, ask, ips, events] of rows)
    it(`${given} -> ${ips || "nothing"}`, () => {
      const seen = settle(on, [service("s", ask)]);
      const ingress = seen.services[0]!.status?.loadBalancer?.ingress ?? [];
      expect(ingress.map((i) => i.ip).join()).to.equal(ips);
      expect(reasonsOf(seen.events["s"])).to.deep.equal(events);
    });
});
