import { expect } from "chai";
import type { Service } from "../../src/api/objects.ts";
import type { Pool } from "../../src/config/config.ts";
import { Controller, DUAL, V4, allocation, pool, reasonsOf, service, settle } from "./support.ts";
import type { Ask } from "./support.ts";

const P = [pool("p", "192.0.2.0/29"), pool("q", "198.51.100.0/30", { autoAssign: false })];
const inQ = { annotations: { "metallb.io/address-pool": "q" } };

/** The Service as edited: a new object with the status (and written pool) of the old one. */
function edited(before: Service, ask: Ask): Service {
  const mark = before.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
  const fresh = service(before.metadata.name, ask);
  const annotations = {
    ...fresh.metadata.annotations,
    ...(mark === undefined ? {} : { "metallb.io/ip-allocated-from-pool": mark }),
  };
  return {
    ...fresh,
    metadata: { ...fresh.metadata, annotations },
    ...(before.status === undefined ? {} : { status: before.status }),
  };
}

describe("state machine (behaviour reference 1.9)", () => {
  /** Held on `first` with `pools`; then the edit; the same also with a controller that has just started. */
  type Row = [
    event: string,
    first: Ask,
    then: Ask,
    pools: readonly Pool[],
    ips: string,
    events: string[],
  ];
  const TEAM = [
    pool("p", "192.0.2.0/29", {
      serviceAllocation: allocation({ serviceSelectors: [{ matchLabels: { app: "web" } }] }),
    }),
    pool("g", "203.0.113.0/30"),
  ];
  const WEB = { labels: { app: "web" } };
  const BUGGY = [pool("p", "192.0.2.0/29", { avoidBuggyIPs: true })];
  const rows: Row[] = [
    ["nothing", {}, {}, P, "192.0.2.0", []],
    ["type becomes another", {}, { type: "ClusterIP" }, P, "", []],
    ["requested IP added", {}, { request: "192.0.2.5" }, P, "192.0.2.5", ["IPAllocated"]],
    [
      "requested IP added, in no pool: the old one is not kept",
      {},
      { request: "192.0.9.5" },
      P,
      "",
      ["AllocationFailed"],
    ],
    [
      "requested IP changed",
      { request: "192.0.2.4" },
      { request: "192.0.2.5" },
      P,
      "192.0.2.5",
      ["IPAllocated"],
    ],
    ["request removed", { request: "192.0.2.4" }, {}, P, "192.0.2.4", []],
    ["pool annotation removed", inQ, {}, P, "198.51.100.0", []],
    ["request becomes invalid", {}, { request: "x" }, P, "192.0.2.0", ["LoadBalancerFailed"]],
    ["pool annotation changed", {}, inQ, P, "198.51.100.0", ["IPAllocated"]],
    [
      "pool annotation names none",
      {},
      { annotations: { "metallb.io/address-pool": "x" } },
      P,
      "",
      ["AllocationFailed"],
    ],
    [
      "key, policy, selector, ports changed, alone",
      {},
      {
        traffic: "Local",
        selector: { a: "b" },
        ports: [1],
        annotations: { "metallb.io/allow-shared-ip": "k" },
      },
      P,
      "192.0.2.0",
      [],
    ],
    ["labels no longer match", WEB, {}, TEAM, "203.0.113.0", ["ClearAssignment", "IPAllocated"]],
    ["pool removed under the IP", {}, {}, [P[1]!], "", ["ClearAssignment", "AllocationFailed"]],
    [
      "pool shrunk under the IP",
      {},
      {},
      [pool("p", "192.0.2.4/30")],
      "192.0.2.4",
      ["ClearAssignment", "IPAllocated"],
    ],
    [
      "avoidBuggyIPs now forbids it",
      {},
      {},
      BUGGY,
      "192.0.2.1",
      ["ClearAssignment", "IPAllocated"],
    ],
    ["pool renamed", {}, {}, [pool("renamed", "192.0.2.0/29")], "192.0.2.0", []],
    [
      "autoAssign turned off",
      {},
      {},
      [pool("p", "192.0.2.0/29", { autoAssign: false })],
      "192.0.2.0",
      [],
    ],
    [
      "another pool gets a better priority",
      {},
      {},
      [P[0]!, pool("best", "203.0.113.0/30", { serviceAllocation: allocation({ priority: 1 }) })],
      "192.0.2.0",
      [],
    ],
    [
      "pool begins to drain",
      {},
      {},
      [pool("p", "192.0.2.0/29", { draining: true })],
      "192.0.2.0",
      [],
    ],
    [
      "its address becomes reserved",
      {},
      {},
      [pool("p", "192.0.2.0/29", { reserved: pool("r", "192.0.2.0/32").cidrs })],
      "192.0.2.0",
      [],
    ],
    ["all pools removed", {}, {}, [], "", ["AllocationFailed"]],
    [
      "one cluster IP becomes two",
      {},
      { clusterIPs: DUAL, policy: "RequireDualStack" },
      [pool("p", ["192.0.2.0/29", "2001:db8::/125"])],
      "192.0.2.0,2001:db8::",
      ["IPAllocated"],
    ],
  ];
  for (const [event, first, then, pools, ips, events] of rows)
    for (const restarted of [false, true])
      it(`${event}${restarted ? ", seen after a restart" : ""} -> ${ips || "none"}`, () => {
        const before = pools === TEAM ? TEAM : P;
        const controller = new Controller();
        const held = settle(before, [service("s", first)], {}, controller);
        expect(held.ips["s"]).to.not.equal("");
        const edit = edited(held.services[0]!, then);
        const seen = settle(pools, [edit], {}, restarted ? new Controller() : controller);
        const ingress = seen.services[0]!.status?.loadBalancer?.ingress ?? [];
        expect(ingress.map((i) => i.ip).join()).to.equal(ips);
        expect(reasonsOf(seen.events["s"])).to.deep.equal(events);
        const mark = seen.services[0]!.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
        expect(mark).to.equal(ips === "" ? undefined : seen.pools["s"]);
      });

  it("deleted: the one that waits gets the address at once", () => {
    const one = [pool("p", "192.0.2.0/32")];
    const controller = new Controller();
    const first = settle(one, [service("a"), service("b")], {}, controller);
    expect(first.ips).to.deep.equal({ a: "192.0.2.0", b: "" });
    const seen = settle(one, [first.services[1]!], {}, controller);
    expect(seen.ips).to.deep.equal({ b: "192.0.2.0" });
    expect(reasonsOf(seen.events["b"])).to.deep.equal(["IPAllocated"]);
  });

  it("ports given up by a sharer are free for the one that waits for them", () => {
    const share = (ports: number[]): Ask => ({
      ports,
      request: "192.0.2.1",
      annotations: { "metallb.io/allow-shared-ip": "k" },
    });
    const controller = new Controller();
    const first = settle(
      P,
      [service("a", share([80, 443])), service("b", share([443]))],
      {},
      controller,
    );
    expect(first.ips["b"]).to.equal("");
    const [a, b] = first.services;
    const seen = settle(P, [edited(a!, share([80])), b!], {}, controller);
    expect(seen.ips).to.deep.equal({ a: "192.0.2.1", b: "192.0.2.1" });
  });

  it("two Services swap their addresses in one step", () => {
    const first = settle(P, [service("a"), service("b")]);
    const [a, b] = first.services;
    const seen = settle(P, [
      edited(a!, { request: "192.0.2.1" }),
      edited(b!, { request: "192.0.2.0" }),
    ]);
    expect(seen.ips).to.deep.equal({ a: "192.0.2.1", b: "192.0.2.0" });
  });

  it("two claim one address after a restart: the older keeps it, the younger moves", () => {
    const seen = settle(P, [
      service("young", { created: "2024-02-01T00:00:00Z", ips: ["192.0.2.3"] }),
      service("old", { created: "2024-01-01T00:00:00Z", ips: ["192.0.2.3"] }),
    ]);
    expect(seen.ips).to.deep.equal({ old: "192.0.2.3", young: "192.0.2.0" });
    expect(reasonsOf(seen.events["young"])).to.deep.equal(["ClearAssignment", "IPAllocated"]);
  });

  it("a decision whose write is still under way stands", () => {
    const controller = new Controller();
    const late = service("late");
    controller.step(P, [late]); // the write of 192.0.2.0 is not seen yet
    const older = service("older", { created: "2020-01-01T00:00:00Z" });
    const world = controller.step(P, [late, older]);
    expect(world.map((s) => s.status!.loadBalancer!.ingress![0]!.ip)).to.deep.equal([
      "192.0.2.0",
      "192.0.2.1",
    ]);
  });

  it("a state is told once, when it begins", () => {
    const controller = new Controller();
    const world = [
      service("s", { request: "203.0.113.9" }),
      service("t", { ips: ["192.0.2.1"], request: "x" }),
    ];
    expect(Object.keys(settle(P, world, {}, controller).events)).to.deep.equal(["s", "t"]);
    expect(settle(P, world, {}, controller).events).to.deep.equal({});
    expect(
      settle(
        P,
        world.map((s) => ({ ...s })),
        {},
        controller,
      ).events,
    ).to.deep.equal({});
  });
});

describe("PreferDualStack top-up (behaviour reference 1.7)", () => {
  const ask: Ask = { clusterIPs: DUAL, policy: "PreferDualStack" };
  const v4 = pool("p", "192.0.2.0/29");
  const dual = pool("p", ["192.0.2.0/29", "2001:db8::/125"]);
  const other = pool("z", ["198.51.100.0/30", "2001:db8:1::/125"]);

  it("a single-family pool gains the other family: IP kept, second one added", () => {
    const controller = new Controller();
    const first = settle([v4], [service("s", ask)], {}, controller);
    expect(first.ips["s"]).to.equal("192.0.2.0");
    const seen = settle([dual], first.services, {}, controller);
    expect(seen.ips["s"]).to.equal("192.0.2.0,2001:db8::");
    expect(seen.events["s"]!.map((e) => e.message)).to.deep.equal([
      'Assigned additional IP "2001:db8::"',
    ]);
  });

  it("a dual pool loses one family: the pair is refused, a fresh allocation follows", () => {
    const first = settle([dual], [service("s", ask)]);
    const seen = settle([v4], first.services);
    expect(seen.ips["s"]).to.equal("192.0.2.0");
    expect(reasonsOf(seen.events["s"])).to.deep.equal([
      "ClearAssignment",
      "IPAllocated",
      "AdditionalAssignFailed",
    ]);
  });

  it("another dual pool appears: it stays in its pool, and says so once", () => {
    const controller = new Controller();
    const first = settle([v4], [service("s", ask)], {}, controller);
    const seen = settle([v4, other], first.services, {}, controller);
    expect(seen.ips["s"]).to.equal("192.0.2.0");
    expect(seen.events["s"]).to.equal(undefined);
    expect(reasonsOf(first.events["s"])).to.deep.equal(["IPAllocated", "AdditionalAssignFailed"]);
  });

  it("one cluster IP: no second address, no flip", () => {
    const single: Ask = { clusterIPs: V4, policy: "PreferDualStack" };
    const controller = new Controller();
    let world = [service("s", single)];
    for (let i = 0; i < 4; i++) world = controller.step([dual], world);
    expect(world[0]!.status!.loadBalancer!.ingress).to.deep.equal([{ ip: "192.0.2.0" }]);
    expect(controller.last!.writes).to.deep.equal([]);
  });

  it("a pair left behind by such a flip becomes one address", () => {
    const flipped = service("s", {
      clusterIPs: V4,
      policy: "PreferDualStack",
      ips: ["192.0.2.0", "2001:db8::"],
    });
    expect(settle([dual], [flipped]).ips["s"]).to.equal("192.0.2.0");
  });

  it("no second address from a draining pool", () => {
    const first = settle([v4], [service("s", ask)]);
    const seen = settle([{ ...dual, draining: true }], first.services);
    expect(seen.ips["s"]).to.equal("192.0.2.0");
  });
});

describe("order of addresses in the status (behaviour reference 1.10)", () => {
  it("as requested, and still so in later passes and after a restart", () => {
    const pools = [pool("p", ["203.0.113.0/30", "2001:db8::/125"])];
    for (const request of ["203.0.113.1,2001:db8::1", "2001:db8::1,203.0.113.1"]) {
      const ask = {
        clusterIPs: DUAL,
        policy: "RequireDualStack",
        annotations: { "metallb.io/loadBalancerIPs": request },
      };
      const first = settle(pools, [service("s", ask)]);
      expect(first.ips["s"]).to.equal(request);
      const seen = settle(pools, first.services);
      expect(seen.ips["s"]).to.equal(request);
      expect(seen.services[0]).to.equal(first.services[0]);
    }
  });

  it("a status in the other order is left as it is", () => {
    const pools = [pool("p", ["203.0.113.0/30", "2001:db8::/125"])];
    const held = service("s", {
      clusterIPs: DUAL,
      policy: "RequireDualStack",
      ips: ["2001:db8::1", "203.0.113.1"],
      annotations: { "metallb.io/loadBalancerIPs": "203.0.113.1,2001:db8::1" },
    });
    expect(settle(pools, [held]).ips["s"]).to.equal("2001:db8::1,203.0.113.1");
  });
});
