import { expect } from "chai";
import type { Service } from "../../src/api/objects.ts";
import { movesBetween } from "../../src/allocator/moves.ts";
import { parseRetained, retainedText } from "../../src/allocator/retention.ts";
import { settleServices } from "../../src/allocator/settle.ts";
import type { SettleInput } from "../../src/allocator/settle.ts";
import type { Pool } from "../../src/config/config.ts";
import { faultOf, messageOf } from "../../src/allocator/messages.ts";
import { Controller, DUAL, pool, reasonsOf, service, settle } from "./support.ts";

const named = (world: readonly Service[], ...names: string[]): Service[] =>
  world.filter((s) => names.includes(s.metadata.name));

describe("retention: an address stays with namespace/name for a while", () => {
  const P = [pool("p", "192.0.2.0/30")];
  const life = (retainS = 60, pools: readonly Pool[] = P) => {
    const controller = new Controller({ retainS });
    const step = (world: readonly Service[], list = pools) => settle(list, world, {}, controller);
    return { controller, step };
  };

  it("deleted and created again: the same address, though others came in between", () => {
    const { step } = life();
    const first = step([service("a"), service("b")]);
    const without = step([...named(first.services, "b"), service("c")]);
    expect(without.ips).to.deep.equal({ b: "192.0.2.1", c: "192.0.2.2" });
    expect(without.result.retained).to.deep.equal([
      { key: "default/a", ips: ["192.0.2.0"], untilMs: 60_000 },
    ]);
    const back = step([...without.services, service("a")]);
    expect(back.ips["a"]).to.equal("192.0.2.0");
    expect(back.result.retained).to.deep.equal([]);
  });

  it("deleted and created again between two looks: the same address", () => {
    const { step } = life();
    const first = step([service("z"), service("a")]);
    expect(first.ips).to.deep.equal({ z: "192.0.2.1", a: "192.0.2.0" });
    const again = step([service("a0"), service("z")]);
    expect(again.ips).to.deep.equal({ z: "192.0.2.1", a0: "192.0.2.2" });
    const off = life(0);
    off.step([service("z"), service("a")]);
    expect(off.step([service("a0"), service("z")]).ips).to.deep.equal({
      a0: "192.0.2.0",
      z: "192.0.2.1",
    });
  });

  it("a NodePort Service that becomes a LoadBalancer again", () => {
    const { step } = life();
    const first = step([service("a")]);
    const [a] = first.services;
    const off = step([{ ...a!, spec: { ...a!.spec, type: "NodePort" } }]);
    expect(off.services[0]!.status!.loadBalancer!.ingress).to.deep.equal([]);
    const back = step([{ ...off.services[0]!, spec: a!.spec! }, service("0")]);
    expect(back.ips["a"]).to.equal("192.0.2.0");
  });

  it("another namespace is another name", () => {
    const { step } = life();
    step([service("a")]);
    step([]);
    expect(step([service("a", { namespace: "other" })]).ips).to.deep.equal({
      "other/a": "192.0.2.1",
    });
  });

  it("given to others when the pool has nothing else, the one that ends first before", () => {
    const { step, controller } = life();
    const all = step(["a", "b", "c", "d"].map((n) => service(n)));
    controller.nowMs = 1000;
    const less = step(named(all.services, "a", "b", "d")); // c first
    controller.nowMs = 2000;
    const least = step(named(less.services, "b", "d")); // then a
    const seen = step([...least.services, service("e")]);
    expect(seen.ips["e"]).to.equal("192.0.2.2");
    expect(step([...seen.services, service("f")]).ips["f"]).to.equal("192.0.2.0");
  });

  it("a request by address is a need", () => {
    const { step } = life();
    step([service("a")]);
    step([]);
    expect(step([service("x", { request: "192.0.2.0" })]).ips["x"]).to.equal("192.0.2.0");
  });

  it("ends after its time", () => {
    const { step, controller } = life();
    step([service("a")]);
    step([]);
    controller.nowMs = 60_000;
    expect(step([service("x")]).ips["x"]).to.equal("192.0.2.0");
    expect(controller.last!.retained).to.deep.equal([]);
  });

  it("0 switches it off; a pool may say otherwise for itself", () => {
    const off = life(0);
    off.step([service("a")]);
    expect(off.step([]).result.retained).to.deep.equal([]);
    const own = life(0, [{ ...P[0]!, retainS: 5 }]);
    own.step([service("a")]);
    expect(own.step([]).result.retained[0]!.untilMs).to.equal(5000);
    const none = life(60, [{ ...P[0]!, retainS: 0 }]);
    none.step([service("a")]);
    expect(none.step([]).result.retained).to.deep.equal([]);
  });

  it("kept addresses are available, not assigned", () => {
    const { step } = life();
    step([service("a")]);
    expect(step([]).result.counters.get("p")).to.include({ assignedIPv4: 0n, availableIPv4: 4n });
  });

  it("what does not fit any more is not forced: another request, another family, a pool that drains", () => {
    const pools = [pool("p", ["192.0.2.0/30", "2001:db8::/126"])];
    for (const [ask, ips] of [
      [{ request: "192.0.2.3" }, "192.0.2.3"],
      [{ clusterIPs: [DUAL[1]!] }, "2001:db8::"],
    ] as const) {
      const { step } = life(60, pools);
      step([service("a")]);
      step([]);
      expect(step([service("a", ask)]).ips["a"]).to.equal(ips);
    }
    const { step } = life();
    step([service("a")]);
    step([]);
    expect(step([service("a")], [{ ...P[0]!, draining: true }]).ips["a"]).to.equal("");
  });

  it("a sharer comes back to the address that the others still use", () => {
    const { step } = life();
    const k = { "metallb.io/allow-shared-ip": "k" };
    const first = step([
      service("a", { annotations: k, ports: [1], request: "192.0.2.2" }),
      service("b", { annotations: k, ports: [2], request: "192.0.2.2" }),
    ]);
    const alone = step(named(first.services, "a"));
    expect(
      step([...alone.services, service("b", { annotations: k, ports: [2] })]).ips["b"],
    ).to.equal("192.0.2.2");
  });

  it("survives as text, and reads anything else as nothing", () => {
    const { step } = life();
    step([service("a")]);
    const { retained } = step([]).result;
    expect(parseRetained(retainedText(retained))).to.deep.equal(retained);
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      '{"version":2,"retained":[]}',
      '{"version":1,"retained":[{"key":1},7,{"key":"a/b","ips":["x"],"untilMs":1}]}',
    ])
      expect(parseRetained(text)).to.deep.equal([]);
  });
});

describe("drain and reserved addresses", () => {
  it("a draining pool keeps its holders, gives nothing new, and empties", () => {
    const before = [pool("p", "192.0.2.0/30")];
    const drained = [pool("p", "192.0.2.0/30", { draining: true }), pool("q", "198.51.100.0/30")];
    const controller = new Controller();
    const first = settle(before, [service("a"), service("b")], {}, controller);
    const seen = settle(drained, [...first.services, service("c")], {}, controller);
    expect(seen.ips).to.deep.equal({ a: "192.0.2.0", b: "192.0.2.1", c: "198.51.100.0" });
    expect(
      settle(drained, [...named(first.services, "b"), service("a")], {}, controller).ips,
    ).to.deep.equal({ b: "192.0.2.1", a: "198.51.100.0" });
  });

  it("a reserved address is passed over, refused on request, and kept by who has it", () => {
    const reserved = pool("r", ["192.0.2.0/31"]).cidrs;
    const seen = settle(
      [pool("p", "192.0.2.0/30", { reserved })],
      [
        service("has", { ips: ["192.0.2.1"] }),
        service("new"),
        service("wants", { request: "192.0.2.0" }),
      ],
    );
    expect(seen.ips).to.deep.equal({ has: "192.0.2.1", new: "192.0.2.2", wants: "" });
    expect(seen.events["wants"]![0]!.message).to.contain('192.0.2.0 is reserved in pool "p"');
  });
});

describe("a pool that cannot be read", () => {
  const mark = { "metallb.io/ip-allocated-from-pool": "broken" };
  const held = service("a", { ips: ["192.0.2.1"], annotations: mark });
  const leftOut = new Set(["broken"]);

  it("takes nobody's address away", () => {
    for (const pools of [[], [pool("q", "198.51.100.0/30")]]) {
      const seen = settle(pools, [held], { leftOut });
      expect(seen.services[0]).to.equal(held);
      expect(seen.events).to.deep.equal({});
    }
  });

  it("does once it is deleted", () =>
    expect(settle([pool("q", "198.51.100.0/30")], [held]).ips["a"]).to.equal("198.51.100.0"));

  it("does not keep an address that another pool has now: that one takes over", () =>
    expect(settle([pool("q", "192.0.2.0/30")], [held], { leftOut }).pools["a"]).to.equal("q"));
});

describe("which addresses an edit moves (validate --against)", () => {
  const given = (pools: readonly Pool[], services: readonly Service[]): SettleInput => ({
    pools,
    services,
    leftOut: new Set(),
    lbClass: "",
    familySource: "derived",
  });
  const world = [service("a"), service("b"), service("c", { ips: ["192.0.2.3"] })];
  const before = settleServices(given([pool("p", "192.0.2.0/30")], world));
  const movesTo = (...pools: Pool[]) =>
    movesBetween(before, given(pools, world)).map((m) => [
      m.service,
      m.from.join(),
      m.to.join(),
      m.toPool,
    ]);

  it("none when nothing or only the name changes, or room is added", () => {
    expect(movesTo(pool("p", "192.0.2.0/30"))).to.deep.equal([]);
    expect(movesTo(pool("renamed", "192.0.2.0/30"))).to.deep.equal([]);
    expect(movesTo(pool("p", ["192.0.2.0/29"]))).to.deep.equal([]);
    expect(movesTo(pool("p", "192.0.2.0/30", { draining: true }))).to.deep.equal([]);
  });

  it("those outside a shrunk pool, with where to and why", () => {
    expect(movesTo(pool("p", "192.0.2.1-192.0.2.2"))).to.deep.equal([
      ["default/a", "192.0.2.0", "192.0.2.2", "p"],
      ["default/c", "192.0.2.3", "", null],
    ]);
    const [move] = movesBetween(before, given([pool("p", "192.0.2.1-192.0.2.2")], world));
    expect(move!.why).to.contain("not allowed in config");
  });

  it("all when the pool goes", () =>
    expect(movesTo(pool("q", "198.51.100.0/24"))).to.deep.equal([
      ["default/a", "192.0.2.0", "198.51.100.0", "q"],
      ["default/b", "192.0.2.1", "198.51.100.1", "q"],
      ["default/c", "192.0.2.3", "198.51.100.2", "q"],
    ]));

  it("a deleted Service, or one that wants no address any more, moves nothing", () => {
    const less = [service("a", { type: "ClusterIP" })];
    expect(movesBetween(before, given([pool("q", "198.51.100.0/24")], less))).to.deep.equal([]);
  });
});

describe("reasons point at an object and a field", () => {
  const seen = settle(
    [pool("p", "192.0.2.0/32"), pool("q", "198.51.100.0/30", { autoAssign: false })],
    [
      service("a"),
      service("full"),
      service("shared", { request: "192.0.2.0" }),
      service("out", { request: "203.0.113.1" }),
      service("named", { annotations: { "metallb.io/address-pool": "nope" } }),
    ],
  );
  const rows: [name: string, kind: string, object: string, path: string][] = [
    ["full", "exhausted", "IPAddressPool metallb-system/p", "spec.addresses"],
    [
      "shared",
      "inUse",
      "Service default/shared",
      'metadata.annotations["metallb.io/allow-shared-ip"]',
    ],
    ["out", "notInPool", "Service default/out", "spec.loadBalancerIP"],
    [
      "named",
      "unknownPool",
      "Service default/named",
      'metadata.annotations["metallb.io/address-pool"]',
    ],
  ];
  for (const [name, kind, object, path] of rows)
    it(`${kind} -> ${object} ${path}`, () => {
      const { pending, key } = seen.result.outcomes.get(`default/${name}`)!;
      const fault = faultOf(pending!, key, "metallb-system");
      expect(pending!.kind).to.equal(kind);
      expect(`${fault.object.kind} ${fault.object.namespace}/${fault.object.name}`).to.equal(
        object,
      );
      expect(fault.path).to.equal(path);
      expect(messageOf(pending!)).to.not.equal("");
      expect(reasonsOf(seen.events[name])).to.deep.equal(["AllocationFailed"]);
    });
});
