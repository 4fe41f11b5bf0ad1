import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Node, Pod, Service } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { EventWrite } from "../../src/api/store.ts";
import { nodesWithoutSpeaker } from "../../src/explain/without-speaker.ts";
import { watchCoverage } from "../../src/reconciler/coverage.ts";
import { ANNOUNCEABLE } from "../../src/reconciler/unreachable.ts";
import { manualClock } from "../support/manual-clock.ts";

const NS = "metallb-system";
const node = (name: string, ...taints: string[]): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  spec: { taints: taints.map((key) => ({ key, effect: "NoSchedule" })) },
});
const pod = (on: string, ready = "True"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `speaker-${on}`, namespace: NS, labels: { component: "speaker" } },
  spec: { nodeName: on },
  status: { conditions: [{ type: "Ready", status: ready }] },
});
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

describe("nodes without a speaker", () => {
  const cases: [given: string, nodes: Node[], pods: Pod[], then: string[]][] = [
    ["everybody has one", [node("a")], [pod("a")], []],
    ["a taint", [node("a"), node("b", CONTROL_PLANE)], [pod("a")], ["b taint"]],
    ["a tainted node with a speaker", [node("a", CONTROL_PLANE)], [pod("a")], []],
    ["not ready", [node("a")], [pod("a", "False")], ["a notReady"]],
    ["a node in trouble", [node("a", "node.kubernetes.io/unreachable")], [], ["a noPod"]],
    ["no Pods at all", [node("b"), node("a")], [], ["a noPod", "b noPod"]],
  ];
  for (const [given, nodes, pods, then] of cases)
    it(`${given} -> ${then.join(", ") || "none"}`, () => {
      const found = nodesWithoutSpeaker({ nodes, pods, namespace: NS });
      expect(found.map((w) => `${w.node} ${w.reason}`)).to.deep.equal(then);
    });

  it("a taint is an event at once, a rollout none, and the number goes back to 0 by itself", async () => {
    const clock = manualClock(0);
    const events: EventWrite[] = [];
    const counts: (number | null)[] = [];
    let pods = [pod("a")];
    const stop = new AbortController();
    const say = (): void => undefined;
    const running = watchCoverage(
      {
        store: {
          snapshot: () => ({ ...emptySnapshot(NS), nodes: [node("a"), node("b", CONTROL_PLANE)] }),
          recordEvent: (event) => events.push(event),
        },
        pods: () => Promise.resolve(pods),
        writeConditions: null,
        lbClass: "",
        clock,
        log: { debug: say, info: say, warn: say, error: say },
        onCoverage: (without) => counts.push(without?.length ?? null),
      },
      stop.signal,
    );
    await clock.advance(100);
    expect(events.map((e) => [e.reason, e.about.name])).to.deep.equal([["noSpeaker", "b"]]);
    expect(events[0]?.message).to.contain(`${CONTROL_PLANE}:NoSchedule`);
    pods = [pod("b")];
    await clock.advance(5000);
    expect([counts.at(-1), events.length]).to.deep.equal([1, 1]);
    pods = [pod("a"), pod("b")];
    await clock.advance(5000);
    expect([counts.at(-1), events.length]).to.deep.equal([0, 1]);
    pods = [pod("b")];
    await clock.advance(40_000);
    expect(events.at(-1)?.message).to.contain('no speaker runs on node "a"');
    stop.abort();
    await Promise.all([running, sleep(0)]);
    expect(counts.at(-1)).to.equal(null);
  });

  it("no speaker anywhere: said by each Service that has an address, once, until one lives", async () => {
    const clock = manualClock(0);
    const other = { type: "example.com/Ready", status: "True" };
    const service = (name: string, ip?: string, lbClass?: string): Service => ({
      ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" } },
      spec: { type: "LoadBalancer", ...(lbClass !== undefined && { loadBalancerClass: lbClass }) },
      status: { loadBalancer: { ingress: ip === undefined ? [] : [{ ip }] }, conditions: [other] },
    });
    let services = [service("web", "203.0.113.1"), service("pending"), service("theirs", "203.0.113.2", "x.y/z")]; // prettier-ignore
    const events: EventWrite[] = [];
    let pods = [pod("a")];
    const stop = new AbortController();
    const say = (): void => undefined;
    const running = watchCoverage(
      {
        store: {
          snapshot: () => ({ ...emptySnapshot(NS), nodes: [node("a")], services }),
          recordEvent: (event) => events.push(event),
        },
        pods: () => Promise.resolve(pods),
        writeConditions: (about, conditions) => {
          services = services.map((s) =>
            s === about ? { ...s, status: { ...s.status, conditions } } : s,
          );
          return Promise.resolve();
        },
        lbClass: "",
        clock,
        log: { debug: say, info: say, warn: say, error: say },
        onCoverage: say,
      },
      stop.signal,
    );
    const shown = () =>
      services.map((s) => (s.status?.conditions ?? []).map((c) => c.reason ?? c.type).join(" "));
    const about = () => events.filter((e) => e.about.kind === "Service").map((e) => e.about.name);
    await clock.advance(100);
    pods = [];
    await clock.advance(10_000);
    expect(shown()).to.deep.equal([`${other.type} noLiveSpeaker`, other.type, other.type]);
    await clock.advance(20_000);
    expect(about()).to.deep.equal(["web"]);
    expect(services[0]?.status?.conditions?.[1]).to.include({
      type: ANNOUNCEABLE,
      status: "False",
    });
    pods = [pod("a")];
    await clock.advance(4000);
    expect(shown()).to.deep.equal([other.type, other.type, other.type]);
    pods = [];
    await clock.advance(4000); // replaced, and back before it matters
    pods = [pod("a")];
    await clock.advance(20_000);
    expect(about()).to.deep.equal(["web"]);
    stop.abort();
    await running;
  });
});
