import { expect } from "chai";
import fc from "fast-check";
import { emptySnapshot } from "../../src/api/snapshot.ts";
import type { Node, Pod } from "../../src/api/objects.ts";
import { MemoryHost } from "../../src/membership/memory-host.ts";
import { MemoryNetwork, VirtualClock } from "../../src/membership/memory-transport.ts";
import { PROFILES } from "../../src/membership/profiles.ts";
import { parseIp } from "../../src/net/ip.ts";
import { parseMac } from "../../src/net/mac.ts";
import { decodeMemberMeta, encodeMemberMeta } from "../../src/reconciler/member-meta.ts";
import { parseLabels, seedsFor } from "../../src/reconciler/seeds.ts";
import { startSpeakerMembership } from "../../src/reconciler/speaker-membership.ts";
import type { Fencing, SpeakerMembership } from "../../src/reconciler/speaker-membership.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("member metadata", () => {
  it("survives the wire", () => {
    const ports = [{ name: "eth0", mac: parseMac("02:42:0a:00:00:01") }];
    expect(decodeMemberMeta(encodeMemberMeta(ports))).to.deep.equal({ ports });
    expect(decodeMemberMeta(encodeMemberMeta([]))).to.deep.equal({ ports: [] });
  });
  it("says that it does not say all", () => {
    const ports = Array.from({ length: 60 }, (_, i) => ({
      name: `interface-${i}`,
      mac: parseMac("02:42:0a:00:00:01"),
    }));
    const octets = encodeMemberMeta(ports);
    expect(octets.length).to.be.at.most(512);
    expect(decodeMemberMeta(octets)).to.deep.equal({ ports: null });
  });
  it("of MetalLB, of serf and of anything else is no FerroLB's, and never throws", () => {
    expect(decodeMemberMeta(null)).to.equal(null);
    expect(decodeMemberMeta(Uint8Array.of(0xff, 0x80))).to.equal(null);
    fc.assert(
      fc.property(fc.string(), (text) => {
        decodeMemberMeta(new TextEncoder().encode(`ferrolb1 ${text}`));
      }),
    );
  });
});

describe("seeds", () => {
  const own = { node: "n1", address: parseIp("192.0.2.1") };
  const node = (name: string, address: string): Node => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: { addresses: [{ type: "InternalIP", address }] },
  });
  const pod = (name: string, namespace: string, component: string, podIP: string): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { app: "metallb", component } },
    status: { podIP },
  });
  const labels = parseLabels("app=metallb, component=speaker");
  const nodes = [
    node("n1", "192.0.2.1"),
    node("n2", "192.0.2.2"),
    node("n3", "2001:db8::3"),
    node("n4", "no address"),
  ];

  it("are the other Nodes of our family without Pods", () =>
    expect(seedsFor({ ...emptySnapshot(), nodes }, labels, own)).to.deep.equal(["192.0.2.2"]));
  it("are the labelled Pods of our namespace where there are some", () => {
    const pods = [
      pod("speaker-1", "metallb-system", "speaker", "192.0.2.1"),
      pod("speaker-9", "metallb-system", "speaker", "192.0.2.9"),
      pod("controller", "metallb-system", "controller", "192.0.2.8"),
      pod("other", "default", "speaker", "192.0.2.7"),
    ];
    expect(seedsFor({ ...emptySnapshot(), nodes, pods }, labels, own)).to.deep.equal(["192.0.2.9"]);
  });
});

describe("the speaker's view of the ring", () => {
  function ring(
    size: number,
    fencing: Fencing,
    exists: () => ((name: string) => boolean) | null = () => null,
    known: readonly string[] = [],
  ) {
    const clock = new VirtualClock();
    let state = 7;
    const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const network = new MemoryNetwork({ clock, random, loss: 0, delayMs: () => 1 });
    const endpoints = Array.from({ length: size }, (_, i) => ({
      addr: Uint8Array.of(192, 0, 2, i + 1),
      port: 7946,
    }));
    const hosts = endpoints.map((endpoint) => new MemoryHost(clock, network.bind(endpoint)));
    const speakers = hosts.map((host, i): SpeakerMembership =>
      startSpeakerMembership({
        name: `n${i + 1}`,
        transport: host.transport,
        timing: PROFILES.fast,
        clock: host.clock,
        random,
        seeds: () => endpoints,
        fencing,
        log: silent,
        exists,
        known: { known },
        keepKnown: () => undefined,
      }),
    );
    for (const speaker of speakers) speaker.alive(); // as the first pass does
    return { clock, network, endpoints, hosts, speakers };
  }
  const sizes = (speakers: readonly SpeakerMembership[]) => speakers.map((s) => s.alive()?.size);

  it("nobody answers for anything before it has greeted the others", async () => {
    const { clock, speakers } = ring(3, "gossip");
    expect(sizes(speakers)).to.deep.equal([0, 0, 0]);
    expect(speakers[0]!.fenced()).to.equal("arriving");
    const seen = new Set<number | undefined>();
    for (const speaker of speakers) speaker.onChange(() => seen.add(speaker.alive()?.size));
    await clock.run(2000);
    expect(seen).not.to.include(1);
    expect(sizes(speakers)).to.deep.equal([3, 3, 3]);
  });
  it("others that do not answer are waited for a second", async () => {
    const { clock, network, endpoints, speakers } = ring(2, "gossip");
    network.partition(endpoints[1]!, 1);
    await clock.run(1100);
    expect(speakers[0]!.alive()).to.deep.equal(new Set(["n1"]));
  });
  it("gossip alone: both halves of a split network go on", async () => {
    const { clock, network, endpoints, speakers } = ring(3, "gossip");
    await clock.run(2000);
    expect(sizes(speakers)).to.deep.equal([3, 3, 3]);
    expect(speakers.every((s) => s.allFerrolb())).to.equal(true);
    network.partition(endpoints[0]!, 1);
    await clock.run(3000);
    expect(sizes(speakers)).to.deep.equal([1, 2, 2]);
  });
  it("quorum: the smaller half stops, and comes back when the split heals", async () => {
    const { clock, network, endpoints, speakers } = ring(3, "quorum");
    await clock.run(2000);
    network.partition(endpoints[0]!, 1);
    await clock.run(3000);
    expect(sizes(speakers)).to.deep.equal([0, 2, 2]);
    expect(speakers[0]!.fenced()).to.equal("quorumLost");
    network.partition(endpoints[0]!, 0);
    await clock.run(2000);
    expect(sizes(speakers)).to.deep.equal([3, 3, 3]);
  });
  it("quorum: of two, neither goes on alone; the deletion of the other's Node ends that at once", async () => {
    let nodes = ["n1", "n2"];
    const { clock, network, endpoints, speakers } = ring(
      2,
      "quorum",
      () => (name) => nodes.includes(name),
    );
    await clock.run(2000);
    expect(sizes(speakers)).to.deep.equal([2, 2]);
    network.partition(endpoints[0]!, 1);
    await clock.run(3000);
    expect(sizes(speakers)).to.deep.equal([0, 0]);
    nodes = ["n1"]; // no word of the ring comes with it
    expect(speakers[0]!.alive()).to.deep.equal(new Set(["n1"]));
  });
  it("quorum: who restarts remembers the others, and waits for them", async () => {
    const { clock, network, endpoints, speakers } = ring(3, "quorum", undefined, [
      "n1",
      "n2",
      "n3",
    ]);
    network.partition(endpoints[0]!, 1);
    await clock.run(3000);
    expect(sizes(speakers)).to.deep.equal([0, 2, 2]);
    network.partition(endpoints[0]!, 0);
    await clock.run(2000);
    expect(sizes(speakers)).to.deep.equal([3, 3, 3]);
  });
  it("quorum: the smaller half is silent before anybody else takes over, however the split falls", async () => {
    for (const [size, apart] of [
      [3, 1],
      [5, 2],
      [7, 3],
      [4, 2],
    ] as const) {
      const { clock, network, endpoints, speakers } = ring(size, "quorum");
      await clock.run(2000);
      for (const endpoint of endpoints.slice(0, apart)) network.partition(endpoint, 1);
      for (
        let ms = 0;
        ms < 1500 && speakers.slice(0, apart).some((s) => s.alive()?.size !== 0);
        ms += 10
      ) {
        const others = speakers.slice(apart).map((s) => s.alive()?.size);
        expect(others, `${ms} ms after the split`).to.deep.equal(others.map(() => size));
        await clock.run(10);
      }
      await clock.run(1500);
      const rest = 2 * apart === size ? 0 : size - apart;
      expect(sizes(speakers)).to.deep.equal([
        ...Array<number>(apart).fill(0),
        ...Array<number>(size - apart).fill(rest),
      ]);
    }
  });
  it("quorum: a connection that was taken just before the split keeps nobody going", async () => {
    for (const frozenMs of [100, 200, 300, 400]) {
      const { clock, network, endpoints, hosts, speakers } = ring(3, "quorum");
      await clock.run(2000);
      for (const host of hosts.slice(1)) host.pause(frozenMs);
      await clock.run(frozenMs - 20);
      network.partition(endpoints[0]!, 1);
      await clock.run(800);
      expect(speakers[0]!.alive()?.size, `frozen for ${frozenMs} ms`).to.equal(0);
    }
  });
  it("quorum: a planned leave does not fence those who stay", async () => {
    const { clock, speakers } = ring(3, "quorum");
    await clock.run(2000);
    for (const s of speakers.slice(1)) {
      void s.leave();
      await clock.run(1500);
    }
    expect(speakers[0]!.alive()).to.deep.equal(new Set(["n1"]));
  });
});
