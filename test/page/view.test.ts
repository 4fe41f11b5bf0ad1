import { expect } from "chai";
import type { ServiceStatus, SessionStatus, Status } from "../../src/explain/status.ts";
import { changesBetween } from "../../src/page/changes.ts";
import { layoutFor } from "../../src/page/layout.ts";
import { pageViewOf } from "../../src/page/view.ts";
import { watchPicture } from "../../src/page/watch.ts";
import type { Told } from "../../src/page/watch.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import { manualClock } from "../support/manual-clock.ts";

const session = (node: string, state: string | null, more: Partial<SessionStatus> = {}) => ({
  ...{ peer: "r1", node, neighbor: "192.0.2.1", remoteAS: "64501", state, since: null },
  ...{ prefixesSent: 1, reason: "", message: "" },
  ...more,
});
const service = (name: string, more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  ...{ namespace: "default", name, addresses: ["203.0.113.1"], pool: "p", served: true },
  ...{ reason: "bgp", message: "", owner: "n1", nextHops: ["n1"], peers: ["r1"], createdAt: null },
  ...more,
});
const status = (more: Partial<Status> = {}): Status => ({
  pools: [
    {
      ...{ name: "p", addresses: ["203.0.113.0/28"], usedPercent: 6.2, problem: null },
      ...{ assignedIPv4: 1n, availableIPv4: 15n, assignedIPv6: 2n, availableIPv6: 2n ** 80n - 2n },
    },
  ],
  sessions: [session("n1", "Established"), session("n2", "Active"), session("n3", null)],
  services: [service("web")],
  members: [
    { node: "n1", alive: true, reason: "" },
    { node: "n2", alive: false, reason: "memberMissing" },
  ],
  conflicts: [],
  ...more,
});

describe("the picture", () => {
  it("has routers by address, links by state, and counts", () => {
    const view = pageViewOf("t", status());
    expect(view.counts).to.deep.equal({
      ...{ served: 1, services: 1, up: 1, sessions: 3, alive: 1, members: 2 },
    });
    expect(view.routers.map((r) => [r.id, r.up, r.sessions])).to.deep.equal([["192.0.2.1", 1, 3]]);
    expect(view.links.map((l) => l.state)).to.deep.equal(["up", "down", "unknown"]);
    expect(view.nodes[0]).to.include({ name: "n1", owned: 1, routed: 1 });
    expect(view.pools[0]?.used).to.equal("1 of 16 IPv4, 2 of 2^80 IPv6");
  });

  it("is plain JSON", () => {
    const view = pageViewOf("t", status());
    expect(JSON.parse(JSON.stringify(view))).to.deep.equal(view);
  });

  it("places everything apart, inside the frame", () => {
    for (const count of [0, 1, 8, 30]) {
      const names = Array.from({ length: count }, (_, i) => `n${i}`);
      const { routers, nodes, width, height } = layoutFor(["a", "b"], names);
      const all = [...routers.values(), ...nodes.values()];
      for (const { x, y } of all) {
        expect(x).to.be.within(66, width - 66);
        expect(y).to.be.within(24, height - 16);
      }
      expect(new Set(all.map(({ x, y }) => `${x} ${y}`)).size).to.equal(count + 2);
    }
  });
});

describe("changes", () => {
  const cases: [given: string, before: Partial<Status>, now: Partial<Status>, then: string[]][] = [
    ["nothing", {}, {}, []],
    ["a new Service", { services: [] }, {}, ["good default/web is new: 203.0.113.1"]],
    ["one that goes", {}, { services: [] }, ["plain default/web is gone"]],
    [
      "one that breaks",
      {},
      { services: [service("web", { served: false, reason: "noEndpoints", message: "no Pod" })] },
      ["bad default/web is not served: no Pod"],
    ],
    [
      "an address that moves",
      {},
      { services: [service("web", { owner: "n2", nextHops: ["n2"] })] },
      ["plain n2 answers for default/web", "plain routers send default/web to n2"],
    ],
    [
      "sessions",
      {},
      { sessions: [session("n1", "Idle"), session("n2", "Established"), session("n3", null)] },
      ["bad session of n1 with 192.0.2.1: Idle", "good session of n2 with 192.0.2.1 is up"],
    ],
    [
      "a lost speaker",
      {},
      {
        members: [
          { node: "n1", alive: false, reason: "noLiveSpeaker" },
          { node: "n2", alive: true, reason: "" },
        ],
      },
      ["bad speaker of n1 is lost: noLiveSpeaker", "good speaker of n2 is alive"],
    ],
  ];
  for (const [given, before, now, then] of cases)
    it(given, () => {
      const found = changesBetween(pageViewOf("t", status(before)), pageViewOf("t", status(now)));
      expect(found.map((c) => `${c.mood} ${c.text}`)).to.deep.equal(then);
    });
});

describe("watching", () => {
  it("looks only while somebody watches, tells once per change, and says when it cannot", async () => {
    const clock = manualClock(0);
    let looks = 0;
    let nodes: string[] = [];
    let broken = false;
    let unread: string[] = [];
    const watcher = watchPicture({
      ...{ title: "t", clock, everyMs: 1000 },
      look: () => {
        looks++;
        if (broken) return Promise.reject(new Error("the directory is gone"));
        const all = nodes.map((name) => ({
          apiVersion: "v1",
          kind: "Node" as const,
          metadata: { name },
        }));
        return Promise.resolve({
          snapshot: { ...emptySnapshot(), nodes: all },
          options: {},
          unread,
        });
      },
    });
    await clock.advance(5000);
    expect(looks).to.equal(0);
    const told: Told[] = [];
    const stop = watcher.subscribe((text) => told.push(JSON.parse(text) as Told));
    await clock.advance(3000);
    expect([told.length, looks]).to.deep.equal([1, 4]);
    nodes = ["n1"];
    await clock.advance(1000);
    expect(told.at(-1)?.changes.map((c) => c.text)).to.deep.equal(["node n1 is new"]);
    broken = true;
    await clock.advance(2000);
    expect([told.length, told.at(-1)?.trouble]).to.deep.equal([3, "the directory is gone"]);
    broken = false;
    unread = ["endpointSlices"];
    await clock.advance(1000);
    expect(told.at(-1)?.trouble).to.contain("may not read endpointSlices");
    unread = [];
    await clock.advance(1000);
    expect(told.at(-1)?.trouble).to.equal(null);
    stop();
    const before = looks;
    await clock.advance(10_000);
    expect(looks).to.equal(before);
    watcher.close();
  });
});
