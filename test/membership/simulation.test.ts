/** Many members in one process over a network with loss and delay, on a clock that runs ahead. */
import { expect } from "chai";
import { Memberlist } from "../../src/membership/memberlist.ts";
import { MemoryNetwork, VirtualClock } from "../../src/membership/memory-transport.ts";
import { PROFILES } from "../../src/membership/profiles.ts";
import type { Timing } from "../../src/membership/profiles.ts";

/** A small, seeded generator (mulberry32), so that a failure replays. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function cluster(size: number, timing: Timing, loss: number, seed = 1) {
  const clock = new VirtualClock();
  const random = seeded(seed);
  const network = new MemoryNetwork({ clock, random, loss, delayMs: () => 1 + 4 * random() });
  const endpoints = Array.from({ length: size }, (_, i) => ({
    addr: Uint8Array.of(192, 0, 2 + (i >> 8), i & 255),
    port: 7946,
  }));
  const deaths: { at: string; of: string; ms: number }[] = [];
  const members = endpoints.map((endpoint, i) => {
    const name = `m${i}`;
    const member = new Memberlist({
      name,
      transport: network.bind(endpoint),
      timing,
      clock,
      random,
      seeds: () => endpoints.slice(0, 3),
      onEvent: (e) => {
        if (e.kind === "leave") deaths.push({ at: name, of: e.node.name, ms: clock.now() });
      },
    });
    member.start();
    return member;
  });
  await clock.run(timing.gossipIntervalMs * 60);
  return { clock, network, endpoints, members, deaths };
}

describe("membership in simulation", function () {
  this.timeout(120_000);

  it("twenty members find each other and stay calm at 5 % loss", async () => {
    const { clock, members, deaths } = await cluster(20, PROFILES.fast, 0.05);
    await clock.run(20_000);
    expect(members.every((m) => m.members().length === 20)).to.equal(true);
    expect(deaths).to.deep.equal([]);
  });

  it("a death among forty is known to all, once, and to nobody before it happened", async () => {
    const { clock, network, endpoints, members, deaths } = await cluster(40, PROFILES.fast, 0.01);
    network.cut(endpoints[7]!);
    void members[7]!.close();
    const cutMs = clock.now();
    await clock.run(5000);
    expect(deaths.length).to.equal(39);
    expect(deaths.every((d) => d.of === "m7" && d.ms >= cutMs)).to.equal(true);
  });

  it("a healed partition comes together within a second", async () => {
    const { clock, network, endpoints, members } = await cluster(6, PROFILES.fast, 0);
    endpoints.slice(0, 3).forEach((e) => network.partition(e, 1));
    await clock.run(4000);
    expect(members.map((m) => m.members().length)).to.deep.equal([3, 3, 3, 3, 3, 3]);
    endpoints.slice(0, 3).forEach((e) => network.partition(e, 0));
    await clock.run(1000);
    expect(members.map((m) => m.members().length)).to.deep.equal([6, 6, 6, 6, 6, 6]);
  });

  it("also after the dead were forgotten", async () => {
    const { clock, network, endpoints, members } = await cluster(4, PROFILES.fast, 0);
    network.partition(endpoints[0]!, 1);
    await clock.run(60_000);
    network.partition(endpoints[0]!, 0);
    await clock.run(1500);
    expect(members.map((m) => m.members().length)).to.deep.equal([4, 4, 4, 4]);
  });

  it("the same seed gives the same run", async () => {
    const run = async () => {
      const { network, members } = await cluster(12, PROFILES.memberlist, 0.1, 42);
      return [network.datagrams, members.map((m) => m.members().length)];
    };
    expect(await run()).to.deep.equal(await run());
  });
});
