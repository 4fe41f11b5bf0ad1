import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Node, Pod } from "../../src/api/objects.ts";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { EventWrite } from "../../src/api/store.ts";
import { nodesWithoutSpeaker } from "../../src/explain/without-speaker.ts";
import { watchCoverage } from "../../src/reconciler/coverage.ts";
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
});
