import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { Applied, Desired } from "../../src/api/frr-desired.ts";
import type { Node, Service } from "../../src/api/objects.ts";
import type { BGPPeer } from "../../src/api/resources.ts";
import type { SentRoutes } from "../../src/api/sent-routes.ts";
import { AppError } from "../../src/errors.ts";
import type { InterfaceChoice } from "../../src/reconciler/ports.ts";
import { runSpeaker } from "../../src/reconciler/speaker.ts";
import type { SpeakerOptions } from "../../src/reconciler/speaker-ports.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { eventually } from "../support/wait.ts";
import { memoryStore } from "./memory-store.ts";

const NS = "metallb-system";
const metadata = (name: string, namespace = NS) => ({ name, namespace });
const node = (name: string): Node => ({ apiVersion: "v1", kind: "Node", metadata: { name } });
const peer = (name: string, address: string, more: object = {}): BGPPeer => ({
  apiVersion: "metallb.io/v1beta2",
  kind: "BGPPeer",
  metadata: metadata(name),
  spec: { myASN: 64500, peerASN: 64501, peerAddress: address, ...more },
});
const service = (name: string, ip: string | null): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: metadata(name, "default"),
  spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  status: { loadBalancer: { ingress: ip === null ? [] : [{ ip }] } },
});
const slice = (name: string) => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice" as const,
  metadata: { ...metadata(name, "default"), labels: { "kubernetes.io/service-name": name } },
  endpoints: [{ addresses: ["192.0.2.9"], nodeName: "n1" }],
});
const WORLD = {
  nodes: [node("n1"), node("n2")],
  pools: [
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool" as const,
      metadata: metadata("p"),
      spec: { addresses: ["203.0.113.0/24"] },
    },
  ],
  bgpAdvertisements: [
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "BGPAdvertisement" as const,
      metadata: metadata("a"),
    },
  ],
  l2Advertisements: [
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "L2Advertisement" as const,
      metadata: metadata("l"),
    },
  ],
  bgpPeers: [peer("r1", "192.0.2.1")],
  services: [service("web", "203.0.113.1")],
  endpointSlices: [slice("web"), slice("more")],
};

/** An FRR whose one session is up and carries what was written. */
const sentAsWritten = (text: string): SentRoutes =>
  new Map([
    [
      "192.0.2.1",
      { state: "Established", prefixes: new Set(text.match(/(?<= network )\S+/g) ?? []) },
    ],
  ]);

/** A speaker whose FRR, wire and membership are literals that remember what they were told. */
function speaking(
  options: Partial<SpeakerOptions> = {},
  answers: (Applied | AppError)[] = [],
  sent: (text: string) => SentRoutes = sentAsWritten,
) {
  const store = memoryStore();
  const stop = new AbortController();
  const texts: string[] = [];
  const told: string[] = [];
  const log: { message: string; fields: object }[] = [];
  const heard = { drift: new Set<() => void>(), members: new Set<() => void>() };
  let alive: ReadonlySet<string> | null = null;
  const hear = (set: Set<() => void>) => (listener: () => void) => {
    set.add(listener);
    return () => void set.delete(listener);
  };
  const state = new Map<string, string>();
  const write = (fields: object, message: string) => void log.push({ message, fields });
  const ended = runSpeaker(
    {
      store,
      clock: systemClock,
      log: { debug: write, info: write, warn: write, error: write },
      state: {
        read: (name) => Promise.resolve(state.get(name) ?? null),
        write: (name, text) => Promise.resolve(void state.set(name, text)),
      },
      frr: {
        apply(desired: Desired) {
          texts.push(desired.text);
          const answer = answers.shift() ?? { kind: "applied", commands: 1, durationMs: 1 };
          return answer instanceof AppError ? Promise.reject(answer) : Promise.resolve(answer);
        },
        sent: () => Promise.resolve(sent(texts.at(-1) ?? "")),
        onDrift: hear(heard.drift),
        close: () => Promise.resolve(),
      },
      announcer: {
        announce: (addresses: ReadonlyMap<string, InterfaceChoice>) =>
          void told.push([...addresses.keys()].join() || "nothing"),
        interfaces: () => ["eth0"],
        onChange: () => () => undefined,
        close: () => Promise.resolve(),
      },
      membership: {
        alive: () => alive,
        onChange: hear(heard.members),
        leave: () => Promise.resolve(void told.push("left")),
      },
    },
    {
      ...{ node: "n1", lbClass: "", excludePolicy: "honour", allocate: false },
      ...{ frrLogLevel: "informational" },
      ...options,
    },
    stop.signal,
  );
  return {
    ...{ store, texts, told, log, state },
    drift: () => heard.drift.forEach((listener) => listener()),
    setAlive(names: ReadonlySet<string> | null) {
      alive = names;
      heard.members.forEach((listener) => listener());
    },
    messages: () => log.map((l) => l.message),
    async end() {
      stop.abort();
      await ended;
    },
  };
}

const soon = (what: string, look: () => boolean) => eventually(what, look, 15_000, 2);
const hasRoute = (text: string | undefined, ip: string) =>
  text?.includes(`network ${ip}/32 `) ?? false;

describe("the speaker's passes", () => {
  it("leaves FRR alone until the first load is complete, then brings it there in one batch", async () => {
    const s = speaking();
    await sleep(50);
    expect(s.texts).to.deep.equal([]);
    s.store.set(WORLD);
    await soon("a batch", () => s.texts.length === 1);
    expect(hasRoute(s.texts[0], "203.0.113.1")).to.equal(true);
    await s.end();
  });

  it("says once, and only with policy auto, that the exclude label of every candidate is ignored", async () => {
    const label = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    const labelled = (name: string): Node => ({ ...node(name), metadata: { name, labels: label } });
    const nodes = [labelled("n1"), labelled("n2")];
    const s = speaking({ excludePolicy: "auto" });
    const warnings = () => s.store.events.filter((e) => e.reason === "excludeLabelIgnored");
    const lines = () => s.messages().filter((m) => m.includes("despite the exclude label"));
    s.setAlive(new Set(["n1"]));
    s.store.set({ ...WORLD, nodes: [node("n1"), labelled("n2")] });
    await soon("announced", () => s.store.events.length === 2);
    s.store.set({ nodes });
    await soon("told", () => warnings().length === 1);
    expect(warnings()[0]?.about).to.deep.equal({ kind: "Node", namespace: "", name: "n1" });
    expect(warnings()[0]?.type).to.equal("Warning");
    s.store.set({ services: [...WORLD.services, service("more", "203.0.113.2")] });
    await soon("the second", () => hasRoute(s.texts.at(-1), "203.0.113.2"));
    await sleep(300); // a report later
    expect(lines()).to.have.length(1);
    s.store.set({ nodes: [labelled("n1"), node("n2")] }); // now another can: the label counts
    await soon("withdrawn", () => !hasRoute(s.texts.at(-1), "203.0.113.2"));
    await sleep(300);
    expect(warnings()).to.have.length(1);
    await s.end();

    for (const excludePolicy of ["ignore", "honour"] as const) {
      const other = speaking({ excludePolicy });
      other.setAlive(new Set(["n1"]));
      other.store.set({ ...WORLD, nodes });
      await sleep(400);
      expect(other.messages().join()).not.to.include("despite the exclude label");
      await other.end();
    }
  });

  it("follows Services, tells transitions once, and settles", async () => {
    const s = speaking();
    s.setAlive(new Set(["n1"]));
    s.store.set(WORLD);
    await soon("announced", () => s.store.events.length === 2);
    s.store.set({ services: [...WORLD.services, service("more", "203.0.113.2")] });
    await soon("the second", () => hasRoute(s.texts.at(-1), "203.0.113.2"));
    await soon("its events", () => s.store.events.length === 4);
    const batches = s.texts.length;
    s.store.set({ services: [...WORLD.services, service("more", "203.0.113.2")] });
    s.store.set({ services: [service("more", "203.0.113.2")] });
    await soon("the first gone", () => !hasRoute(s.texts.at(-1), "203.0.113.1"));
    expect(s.texts.length).to.equal(batches + 1);
    expect(s.store.events.length).to.equal(4);
    expect(s.store.events[0]).to.deep.include({
      reason: "nodeAssigned",
      source: "metallb-speaker",
    });
    await soon("a withdrawal", () => s.messages().includes("withdrawn"));
    const withdrawn = s.log.find((l) => l.message === "withdrawn");
    expect(withdrawn?.fields).to.deep.include({ service: "default/web", reason: "serviceDeleted" });
    await s.end();
  });

  it("writes status objects for what it announces, and drops those of L2 when it ends", async () => {
    const s = speaking({ node: "n1" });
    s.setAlive(new Set(["n1"]));
    s.store.set(WORLD);
    const kinds = () => s.store.reports.map((r) => r.kind).sort();
    await soon("reports", () => s.store.reports.length === 5);
    expect(kinds()).to.deep.equal([
      "AnnouncementReport",
      "ConfigurationState",
      "ServiceBGPStatus",
      "ServiceL2Status",
      "SpeakerReport",
    ]);
    const bgp = s.store.reports.find((r) => r.kind === "ServiceBGPStatus");
    expect(bgp?.status).to.deep.equal({
      ...{ node: "n1", serviceName: "web", serviceNamespace: "default", peers: ["r1"] },
    });
    await s.end();
    expect(kinds()).to.deep.equal(["ConfigurationState", "ServiceBGPStatus"]);
  });

  it("leaves out what FRR refuses, applies the rest, and tries again when the object changes", async () => {
    const bad = { kind: "BGPPeer", namespace: NS, name: "r2" };
    const s = speaking({}, [
      {
        kind: "refused",
        refusals: [{ path: ["router bgp 64500", " neighbor x"], words: "% No", objects: [bad] }],
      },
    ]);
    s.store.set({ ...WORLD, bgpPeers: [...WORLD.bgpPeers, peer("r2", "192.0.2.2")] });
    await soon("the rest", () => s.texts.length === 2);
    expect(s.texts[0]).to.contain("neighbor 192.0.2.2");
    expect(s.texts[1]).not.to.contain("neighbor 192.0.2.2");
    expect(hasRoute(s.texts[1], "203.0.113.1")).to.equal(true);
    const problem = () =>
      s.log.some(
        (l) => l.message === "configuration problem" && JSON.stringify(l).includes("% No"),
      );
    await soon("its problem", problem);
    s.store.set({ bgpPeers: [...WORLD.bgpPeers, peer("r2", "192.0.2.3")] });
    await soon("another try", () => s.texts.at(-1)?.includes("192.0.2.3") ?? false);
    await s.end();
  });

  it("tries again while FRR is away, and brings it back after a drift", async () => {
    const s = speaking({}, [new AppError("ERR_FRR_UNREACHABLE", "no vtysh")]);
    s.store.set(WORLD);
    await soon("another try", () => s.texts.length === 2);
    expect(s.messages()).to.include("pass failed");
    s.drift();
    await soon("applied again", () => s.texts.length === 3);
    expect(s.texts[2]).to.equal(s.texts[1]);
    await s.end();
  });

  it("does not touch FRR where no BGPPeer selects the node, and says so once", async () => {
    const elsewhere = { nodeSelectors: [{ matchLabels: { "kubernetes.io/hostname": "x" } }] };
    const s = speaking();
    s.store.set({ ...WORLD, bgpPeers: [peer("r1", "192.0.2.1", elsewhere)] });
    await soon("L2", () => s.told.length > 0);
    s.store.set({ services: [service("web", "203.0.113.9")] });
    const idle = "no BGPPeer selects this node: BGP has nothing to do";
    await soon("said", () => s.messages().includes(idle));
    expect(s.messages().filter((m) => m === idle).length).to.equal(1);
    expect(s.texts).to.deep.equal([]);
    await s.end();
  });

  it("cleans FRR up when the last peer goes", async () => {
    const s = speaking();
    s.store.set(WORLD);
    await soon("applied", () => s.texts.length === 1);
    s.store.set({ bgpPeers: [] });
    await soon("cleaned", () => s.texts.length === 2);
    expect(s.texts[1]).not.to.contain("router bgp");
    await s.end();
  });

  it("answers at L2 by election among the living, and is silent before it leaves", async () => {
    const s = speaking();
    s.setAlive(new Set(["n1"]));
    s.store.set(WORLD);
    await soon("answers", () => s.told.at(-1) === "203.0.113.1");
    s.setAlive(new Set(["n2"]));
    await soon("yields", () => s.told.at(-1) === "nothing");
    s.setAlive(new Set(["n1"]));
    await soon("answers again", () => s.told.at(-1) === "203.0.113.1");
    await s.end();
    expect(s.told.slice(-2)).to.deep.equal(["nothing", "left"]);
  });

  it("gives addresses itself where there is no controller, the same on every machine", async () => {
    const world = { ...WORLD, services: [service("web", null), service("more", null)] };
    const answers: string[][] = [];
    for (const name of ["n1", "n2"]) {
      const s = speaking({ allocate: true, node: name });
      s.store.set(name === "n1" ? world : { ...world, services: [...world.services].reverse() });
      await soon("routes", () => s.texts.length > 0);
      answers.push(s.texts.at(-1)?.match(/network \d\S+/g) ?? []);
      expect(s.store.writes).to.deep.equal([]);
      await s.end();
    }
    expect(answers[0]).to.have.length(2);
    expect(answers[1]).to.deep.equal(answers[0]);
  });

  it("keeps a peer in its last good version over a restart, and logs no password", async () => {
    const first = speaking();
    first.store.set({ ...WORLD, bgpPeers: [peer("r1", "192.0.2.1", { password: "hush" })] });
    await soon("accepted", () => first.state.has("speaker-accepted.json"));
    await first.end();
    expect(JSON.stringify([...first.state])).not.to.contain("hush");
    expect(JSON.stringify(first.log)).not.to.contain("hush");
    expect(first.texts[0]).to.contain("password hush");
  });
});
