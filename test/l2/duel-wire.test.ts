import { expect } from "chai";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { electionOrder } from "../../src/l2/election.ts";
import { parseIp } from "../../src/net/ip.ts";
import { eventually } from "../support/wait.ts";
import { announcerIn } from "./support/announcer.ts";
import type { RemoteAnnouncer } from "./support/announcer.ts";
import { arping, macOf, ndisc, neighbour } from "./support/wire.ts";

const VIP = "192.0.2.100";
const VIP6 = "2001:db8::64";
const NODES = ["n1", "n2"];

describe("two stations with one address", function () {
  this.timeout(180_000);
  let net: Net;
  let client: Netns;
  let stranger: Netns;
  const spaces = new Map<string, Netns>();
  const macs = new Map<string, string>();
  const running = new Map<string, RemoteAnnouncer>();
  const at = (node: string): RemoteAnnouncer => running.get(node)!;

  before(async () => {
    net = createNet();
    const hub = await net.namespace("sw");
    await net.bridge(hub, "br0");
    const host = async (name: string, last: number): Promise<Netns> => {
      const ns = await net.namespace(name);
      const addresses = [`192.0.2.${last}/24`, `2001:db8::${last}/64`];
      await net.veth({ ns, dev: "eth0", addresses }, { ns: hub, dev: name, bridge: "br0" });
      return ns;
    };
    for (const [i, name] of NODES.entries()) {
      const ns = await host(name, i + 1);
      spaces.set(name, ns);
      macs.set(name, await macOf(ns, "eth0"));
    }
    [client, stranger] = [await host("c1", 9), await host("x1", 66)];
  });
  after(async () => net.destroy());
  beforeEach(async () => {
    for (const [name, ns] of spaces)
      running.set(name, await announcerIn(ns, name, { refreshMs: 0 }));
  });
  afterEach(() => {
    for (const announcer of running.values()) announcer.kill();
  });

  const know = (facts: object): void => {
    for (const announcer of running.values()) announcer.know(facts);
  };
  const byMac = () => ({
    members: NODES.map((node) => ({ node, macs: [macs.get(node)], addresses: [] })),
  });
  const event = (node: string, kind: string) =>
    at(node).said.find((s) => s.event?.kind === kind)?.event;
  const answering = (): Promise<readonly string[]> => arping(client, "eth0", VIP, 2);
  const settled = (node: string) =>
    eventually(`${node} alone`, async () => (await answering()).join() === macs.get(node));

  const [winner, loser] = electionOrder(NODES, parseIp(VIP)) as [string, string];

  for (const order of [
    [winner, loser],
    [loser, winner],
  ] as const)
    it(`settles by the election's order, ${order[0]} first on the wire`, async () => {
      know(byMac());
      for (const node of order) at(node).announce({ [VIP]: "*" });
      await settled(winner);
      expect(await at(loser).ask("yielded")).to.deep.equal({ [VIP]: winner });
      expect(event(loser, "duel")).to.include({
        outcome: "yield",
        node: winner,
        mac: macs.get(winner),
      });
      expect(await at(winner).ask("yielded")).to.deep.equal({});
    });

  it("the loser takes over when the winner gives up, and when it dies", async () => {
    know(byMac());
    for (const node of NODES) at(node).announce({ [VIP]: "*" });
    await settled(winner);
    at(winner).announce({});
    await settled(loser);
    at(winner).announce({ [VIP]: "*" });
    await settled(winner);
    at(winner).kill();
    await settled(loser);
  });

  it("hands an address over: answers until the other announces it, then no more", async () => {
    know(byMac());
    at(winner).announce({ [VIP]: "*" });
    await settled(winner);
    const silent = at(winner).handOver(60_000);
    await settled(winner);
    at(loser).announce({ [VIP]: "*" });
    expect(await silent).to.equal("silent");
    await settled(loser);
    expect(await at(loser).ask("yielded")).to.deep.equal({});
  });

  it("an address that nobody takes is let go in the end", async () => {
    know(byMac());
    at(winner).announce({ [VIP]: "*" });
    await settled(winner);
    expect(await at(winner).handOver(100)).to.equal("silent");
    expect(await answering()).to.deep.equal([]);
  });

  it("recognises a node by the kernel's neighbour table alone", async () => {
    const members = NODES.map((node, i) => ({ node, macs: [], addresses: [`192.0.2.${i + 1}`] }));
    for (const ns of spaces.values())
      for (const i of [1, 2]) await ns.spawn("ping", "-c", "1", "-W", "1", `192.0.2.${i}`).ended;
    know({ members });
    for (const node of NODES) at(node).announce({ [VIP]: "*" });
    await settled(winner);
    expect(event(loser, "duel")).to.include({ outcome: "yield", node: winner });
  });

  it("recognises a node by the kernel's neighbour table alone over IPv6, as one of MetalLB's is", async () => {
    const [best, other] = electionOrder(NODES, parseIp(VIP6)) as [string, string];
    const members = NODES.map((node, i) => ({ node, macs: [], addresses: [`2001:db8::${i + 1}`] }));
    for (const ns of spaces.values())
      for (const i of [1, 2])
        await eventually("a neighbour", async () => {
          await ns.spawn("ping", "-6", "-c", "1", "-W", "1", `2001:db8::${i}`).ended;
          const own = i === NODES.findIndex((n) => spaces.get(n) === ns) + 1;
          return own || (await neighbour(ns, `2001:db8::${i}`)).mac !== null;
        });
    know({ members });
    for (const node of NODES) at(node).announce({ [VIP6]: "*" });
    await eventually(
      "one owner",
      async () => (await ndisc(client, "eth0", VIP6)).join() === macs.get(best),
    );
    const duel = await eventually("the event", () => event(other, "duel"));
    expect(duel).to.include({ outcome: "yield", node: best, mac: macs.get(best) });
    expect(event(other, "foreignHost")).to.equal(undefined);
  });

  it("notices a host outside that has the address over IPv6, by the first question", async () => {
    const [owner] = electionOrder(NODES, parseIp(VIP6)) as [string];
    know(byMac());
    await stranger.exec("ip", "addr", "add", `${VIP6}/128`, "dev", "eth0", "nodad");
    try {
      at(owner).announce({ [VIP6]: "*" });
      const seen = await eventually("the event", async () => {
        await ndisc(client, "eth0", VIP6);
        return event(owner, "foreignHost");
      });
      expect(seen).to.include({ ip: VIP6, mac: await macOf(stranger, "eth0"), port: "eth0" });
      await eventually("the owner goes on", async () =>
        (await ndisc(client, "eth0", VIP6)).includes(macs.get(owner)!),
      );
    } finally {
      await stranger.exec("ip", "addr", "del", `${VIP6}/128`, "dev", "eth0");
    }
  });

  it("notices a second owner that never announces, by the first question: IPVS without strict ARP", async () => {
    know(byMac());
    await stranger.exec("ip", "addr", "add", `${VIP}/32`, "dev", "lo");
    await stranger.exec("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0");
    const xMac = await macOf(stranger, "eth0");
    at(winner).announce({ [VIP]: "*" });
    await eventually("both answer", async () => (await answering()).length === 2);
    const seen = await eventually("the event", () => event(winner, "foreignHost"));
    expect(seen).to.include({ ip: VIP, mac: xMac, port: "eth0" });
    expect(await answering()).to.include(macs.get(winner));
    const counters = (await at(winner).ask("counters")) as Record<string, Record<string, number>>;
    expect(counters["duels"]?.[VIP]).to.be.greaterThan(0);
    await stranger.exec("ip", "addr", "del", `${VIP}/32`, "dev", "lo");
  });

  it("notices each of many, by questions that it hears: how soon is printed", async () => {
    const vips = [1, 2, 3, 4, 5].map((i) => `192.0.2.${i + 200}`);
    const xMac = await macOf(stranger, "eth0");
    know(byMac());
    await stranger.exec("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0");
    for (const vip of vips) await stranger.exec("ip", "addr", "add", `${vip}/32`, "dev", "lo");
    // Silent until it is asked: only its answers to questions give it away.
    at(winner).announce(Object.fromEntries(vips.map((vip) => [vip, "*" as const])));
    await at(winner).ask("counters");
    const took: number[] = [];
    for (const vip of vips) {
      const startMs = Date.now();
      await arping(client, "eth0", vip, 1);
      const seen = await eventually(`the event for ${vip}`, () =>
        at(winner).said.find(({ event: e }) => e?.kind === "foreignHost" && e["ip"] === vip),
      );
      expect(seen.event).to.include({ mac: xMac, port: "eth0" });
      took.push(seen.atMs - startMs);
    }
    console.log(`      noticed ${took.join(", ")} ms after a client began to ask`);
    const counters = (await at(winner).ask("counters")) as Record<string, Record<string, number>>;
    for (const vip of vips) expect(counters["duels"]?.[vip]).to.equal(1);
    for (const vip of vips) await stranger.exec("ip", "addr", "del", `${vip}/32`, "dev", "lo");
  });

  it("settles over IPv6 too", async () => {
    const [best, other] = electionOrder(NODES, parseIp(VIP6)) as [string, string];
    know(byMac());
    for (const node of [other, best]) at(node).announce({ [VIP6]: "*" });
    await eventually(
      "one owner",
      async () => (await ndisc(client, "eth0", VIP6)).join() === macs.get(best),
    );
    expect(await at(other).ask("yielded")).to.deep.equal({ [VIP6]: best });
    at(best).announce({});
    await eventually(
      "the other one",
      async () => (await ndisc(client, "eth0", VIP6)).join() === macs.get(other),
    );
  });

  it("tells a client that hears no broadcasts about the takeover, because it asked", async () => {
    know({ ...byMac(), watched: [VIP] });
    at(winner).announce({ [VIP]: "*" });
    await at(loser).ask("counters");
    await client.spawn("ping", "-c", "1", "-W", "1", VIP).ended;
    const macSeen = async (): Promise<string | null> => (await neighbour(client, VIP)).mac;
    await eventually("resolved", async () => (await macSeen()) === macs.get(winner));
    await client.exec("nft", "add", "table", "arp", "deaf");
    await client.exec("nft", "add chain arp deaf in { type filter hook input priority 0; }");
    await client.exec(
      "nft",
      "add",
      "rule",
      "arp",
      "deaf",
      "in",
      "meta",
      "pkttype",
      "broadcast",
      "drop",
    );
    at(winner).kill();
    // The kernel keeps a fresh entry for a second against all unasked news (locktime).
    await new Promise((resolve) => setTimeout(resolve, 1200));
    at(loser).announce({ [VIP]: "*" });
    await eventually("the new owner", async () => (await macSeen()) === macs.get(loser), 3000);
    await client.exec("nft", "delete", "table", "arp", "deaf");
  });
});
