import { expect } from "chai";
import { Clash, type Fencing } from "../../chaos/clash.ts";
import { Judge } from "../../chaos/judge.ts";
import { BASE, CHANGE, kindOf } from "../../chaos/kinds.ts";
import type { Target } from "../../chaos/kind.ts";
import type { KindName } from "../../chaos/kinds.ts";
import type { Fault } from "../../chaos/schedule.ts";
import type { Spot } from "../../chaos/world.ts";
import { NODES } from "../../src/lab/plan.ts";

const L2: Spot = { name: "a", by: "l2", address: "198.51.100.150", local: false, restless: false };
const BGP: Spot = { name: "b", by: "bgp", address: "203.0.113.10", local: false, restless: false };
const PREFIX = "203.0.113.10/32";
const START = 1_000_000;

const fault = (kind: KindName, target: Target, id = 0): Fault => ({
  ...{ id, kind, target },
  ...{ atMs: 0, untilMs: 0, dice: 0 },
});

/** A world that has been calm for a minute. */
function calm(fencing: Fencing = "quorum") {
  const clash = new Clash(fencing);
  for (const spot of [L2, BGP]) clash.change(spot, true, NODES, START - 60_000);
  const judge = new Judge([L2, BGP], clash);
  return {
    clash,
    judge,
    /** Rounds from a moment to another, each with these answers. */
    answered(fromMs: number, toMs: number, ...who: readonly string[]) {
      for (let t = fromMs; t <= toMs; t += 50) judge.round(START + t, new Map([[L2.address, who]]));
    },
    routed(fromMs: number, toMs: number, ...through: readonly string[]) {
      for (let t = fromMs; t <= toMs; t += 250)
        judge.routes("r1", START + t, new Map(through.length === 0 ? [] : [[PREFIX, through]]));
    },
    found: () => judge.violations.map((v) => `${v.what} ${v.object}`),
  };
}

describe("the judge of a chaos run", () => {
  it("finds nothing where one node answers and every route stands", () => {
    const w = calm();
    w.answered(0, 10_000, "n1");
    w.routed(0, 10_000, ...NODES);
    expect(w.found()).to.deep.equal([]);
  });

  it("finds an address without an owner, once it lasts", () => {
    const w = calm();
    w.answered(0, BASE.gap);
    expect(w.found()).to.deep.equal([]);
    w.answered(BASE.gap, BASE.gap + 5000);
    expect(w.found()).to.deep.equal(["gap 198.51.100.150"]);
    expect(w.judge.worst()).to.deep.equal([
      { what: "gap", faults: "none", ms: BASE.gap + 5000, times: 1 },
    ]);
  });

  it("is more patient while the machine has more to do than it can", () => {
    const w = calm();
    w.judge.load(3);
    w.answered(0, 3 * BASE.gap);
    expect(w.found()).to.deep.equal([]);
    w.answered(3 * BASE.gap, 4 * BASE.gap);
    expect(w.found()).to.have.length(1);
  });

  it("lets what explains something do so for as much longer then", () => {
    const after = (factor: number): readonly string[] => {
      const w = calm();
      w.judge.load(factor);
      const killed = fault("speaker-kill", "n2");
      w.clash.begin(killed, START - 5000);
      w.clash.change(BGP, true, NODES, START - 1000);
      w.clash.heal(killed, START);
      w.routed(0, kindOf("speaker-kill").heal.bgp * 1.5, "n1", "n3");
      return w.found();
    };
    expect(after(1)).to.deep.equal([`missing ${PREFIX} via n2 at r1`]);
    expect(after(2)).to.deep.equal([]);
  });

  it("finds two owners, also when they take turns with rounds that show one", () => {
    const w = calm();
    for (let t = 0; t < 4000; t += 100) {
      w.answered(t, t, "n1", "n2");
      w.answered(t + 50, t + 50, "n1");
    }
    expect(w.found()).to.deep.equal(["two 198.51.100.150"]);
  });

  it("finds a stranger's answer", () => {
    const w = calm();
    w.answered(0, 3000, "00:00:5e:00:53:01");
    expect(w.found()).to.deep.equal(["stray 198.51.100.150"]);
  });

  it("allows a takeover its time, and no more", () => {
    const w = calm();
    const limit = kindOf("speaker-kill").begin.l2;
    w.answered(0, 1000, "n1");
    w.clash.begin(fault("speaker-kill", "n1"), START + 1000);
    w.answered(1050, 900 + limit);
    expect(w.found()).to.deep.equal([]);
    w.answered(900 + limit, 2000 + limit);
    expect(w.found()).to.deep.equal(["gap 198.51.100.150"]);
  });

  it("asks for no owner without a quorum, but never for two", () => {
    const w = calm();
    w.clash.begin(fault("speaker-kill", "n1", 1), START);
    w.clash.begin(fault("link-cut", "n2", 2), START);
    w.answered(0, 30_000);
    expect(w.found()).to.deep.equal([]);
    w.answered(30_050, 40_000, "n2", "n3");
    expect(w.found()).to.deep.equal(["two 198.51.100.150"]);
  });

  it("without fencing expects an answer of whoever is left, and both parts of a split to answer", () => {
    const w = calm("gossip");
    w.clash.begin(fault("speaker-kill", "n1", 1), START);
    w.clash.begin(fault("speaker-kill", "n2", 2), START);
    w.answered(0, 10_000);
    expect(w.found()).to.deep.equal(["gap 198.51.100.150"]);
    const split = calm("gossip");
    split.clash.begin(fault("node-apart", "n1", 1), START);
    split.answered(0, 20_000, "n1", "n2");
    expect(split.found()).to.deep.equal([]);
  });

  it("lets nobody answer from a node that is excluded", () => {
    const w = calm();
    w.clash.begin(fault("label-exclude", "n1"), START);
    w.answered(0, 20_000, "n1");
    expect(w.found()).to.deep.equal(["stray 198.51.100.150"]);
  });

  it("concludes nothing from a time in which it could not look", () => {
    const w = calm();
    w.answered(0, 1000);
    w.answered(9000, 10_000);
    expect(w.found()).to.deep.equal([]);
    expect(w.judge.blindMs).to.equal(8000);
  });

  it("wants routes to stand while a speaker is dead, and a cut node's to go", () => {
    const w = calm();
    w.clash.begin(fault("speaker-kill", "n1", 1), START);
    w.routed(0, 3000, "n2", "n3");
    expect(w.found()).to.deep.equal([`missing ${PREFIX} via n1 at r1`]);
    const cut = calm();
    cut.clash.begin(fault("link-cut", "n1", 1), START);
    const limit = kindOf("link-cut").begin.bgp;
    cut.routed(0, limit - 500, ...NODES);
    expect(cut.found()).to.deep.equal([]);
    cut.routed(limit - 500, limit + 2000, ...NODES);
    expect(cut.found()).to.deep.equal([`stale ${PREFIX} via n1 at r1`]);
  });

  it("finds a route of a Service that is gone, and takes its time for one that is new", () => {
    const w = calm();
    w.clash.change(BGP, false, [], START);
    w.routed(0, CHANGE.bgp - 250, ...NODES);
    expect(w.found()).to.deep.equal([]);
    w.routed(CHANGE.bgp + 250, CHANGE.bgp + 2500, ...NODES);
    expect(w.found()).to.have.length(3);
  });

  it("waits for a controller that is down, and counts from when it is back", () => {
    const w = calm();
    w.clash.begin(fault("controller-kill", "controller"), START);
    w.clash.change(BGP, true, NODES, START + 500);
    w.routed(0, 20_000);
    expect(w.found()).to.deep.equal([]);
    w.clash.heal(fault("controller-kill", "controller"), START + 20_000);
    w.routed(20_000, 27_000);
    expect(w.found()).to.deep.equal([]);
    w.routed(27_000, 33_000);
    expect(w.found()).to.have.length(3);
  });

  it("finds a withdrawal that a speaker's restart does not explain", () => {
    const w = calm();
    const kill = fault("speaker-kill", "n1");
    w.clash.begin(kill, START);
    w.clash.heal(kill, START + 2000);
    w.judge.withdrawn("r1", "n1", PREFIX, START + 3000);
    expect(w.found()).to.deep.equal([`withdrawn ${PREFIX} via n1 at r1`]);
    const restart = fault("frr-restart", "n2", 1);
    w.clash.begin(restart, START + 4000);
    w.judge.withdrawn("r1", "n2", PREFIX, START + 4100);
    expect(w.found()).to.have.length(1);
  });

  it("excuses nothing that stands while rights or the API server are gone", () => {
    const w = calm();
    const rights = fault("rbac-speaker", "api");
    w.clash.begin(rights, START);
    w.answered(0, 5000);
    w.routed(0, 5000, "n1", "n2");
    w.judge.withdrawn("r1", "n3", PREFIX, START + 3000);
    expect(w.found()).to.deep.equal([
      "gap 198.51.100.150",
      `missing ${PREFIX} via n3 at r1`,
      `withdrawn ${PREFIX} via n3 at r1`,
    ]);
    w.clash.heal(rights, START + 5000);
    const after = calm();
    after.clash.begin(rights, START - 5000);
    after.clash.heal(rights, START);
    after.answered(0, 3000);
    expect(after.found(), "nor just after").to.deep.equal(["gap 198.51.100.150"]);
  });

  it("lets what is asked for meanwhile wait, and counts from when speakers can read again", () => {
    const w = calm();
    const server = fault("apiserver-pause", "api");
    const mark = fault("label-exclude", "n1", 1);
    w.clash.begin(server, START);
    w.clash.change(BGP, false, [], START + 100);
    w.clash.begin(mark, START + 200);
    w.routed(200, 30_000, ...NODES);
    w.answered(200, 30_000, "n1");
    expect(w.found()).to.deep.equal([]);
    w.clash.heal(server, START + 30_000);
    w.routed(30_000, 45_000, ...NODES);
    expect(w.found()).to.deep.equal([]);
    w.routed(45_000, 60_000, ...NODES);
    expect(w.found()).to.include(`stale ${PREFIX} via n1 at r1`);
  });

  it("does not count on a speaker that started while it could not read", () => {
    const w = calm();
    const rights = fault("rbac-speaker", "api");
    w.clash.begin(rights, START);
    for (const [id, node] of (["n1", "n2"] as const).entries()) {
      w.clash.begin(fault("speaker-kill", node, id + 1), START);
      w.clash.heal(fault("speaker-kill", node, id + 1), START + 1000);
    }
    w.answered(1000, 20_000);
    expect(w.found(), "no quorum").to.deep.equal([]);
    w.clash.heal(rights, START + 20_000);
    w.answered(20_000, 60_000);
    expect(w.found()).to.deep.equal(["gap 198.51.100.150"]);
  });

  it("wants everything to go with its advertisement, and to come back with it", () => {
    const w = calm();
    const gone = fault("bgp-advertisement-gone", "manifests");
    w.clash.begin(gone, START);
    w.judge.withdrawn("r1", "n1", PREFIX, START + 1000);
    w.routed(0, 5000, ...NODES);
    expect(w.found()).to.deep.equal([]);
    w.routed(5000, 9000, ...NODES);
    expect(w.found()).to.have.length(3);
    w.clash.heal(gone, START + 9000);
    w.routed(9000, 20_000);
    expect(w.found().filter((f) => f.startsWith("missing"))).to.have.length(3);
  });
});
