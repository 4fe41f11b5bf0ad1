import { expect } from "chai";
import { Lateness } from "../../src/membership/lateness.ts";
import { Memberlist } from "../../src/membership/memberlist.ts";
import { VirtualClock } from "../../src/membership/memory-transport.ts";
import { PROFILES } from "../../src/membership/profiles.ts";
import { clusterOf } from "./support/cluster.ts";
import type { Cluster } from "./support/cluster.ts";

const timing = PROFILES.fast;
/** Of simulated time, in each case. */
const STARVED_MS = Number(process.env["FERROLB_STARVED_S"] ?? 20) * 1000;
const between = ({ random }: Cluster, least: number, most: number): number =>
  least + random() * (most - least);

/** Every process waits for the processor, `away` ms at a time, and has it for `there` ms. */
async function starve(cluster: Cluster, forMs: number, there: Range, away: Range): Promise<void> {
  const untilMs = cluster.clock.now() + forMs;
  for (const host of cluster.hosts) {
    const pause = (): void => {
      if (cluster.clock.now() >= untilMs) return;
      const awayMs = between(cluster, ...away);
      host.pause(awayMs);
      cluster.clock.after(awayMs + between(cluster, ...there), pause);
    };
    cluster.clock.after(between(cluster, ...away), pause);
  }
  await cluster.clock.run(forMs + 5000);
}
type Range = readonly [least: number, most: number];

describe("a ring on a machine with too much to do", function () {
  this.timeout(180_000 + 100 * STARVED_MS);
  const cases: [what: string, size: number, there: Range, away: Range][] = [
    ["a fifth of the processor, 100 to 400 ms away at a time", 3, [20, 100], [100, 400]],
    ["the same with seven", 7, [20, 100], [100, 400]],
    ["a tenth of it, up to 900 ms away", 5, [10, 60], [200, 900]],
    ["once in a while a second", 5, [500, 3000], [800, 1200]],
  ];
  for (const [what, size, there, away] of cases)
    it(`${size} members, all starved, ${what}: nobody is given up`, async () => {
      for (const seed of [1, 2]) {
        const cluster = await clusterOf({ size, timing, seed });
        await starve(cluster, STARVED_MS, there, away);
        expect(cluster.deaths).to.deep.equal([]);
        expect(cluster.members.map((m) => m.members().length)).to.deep.equal(
          Array<number>(size).fill(size),
        );
      }
    });

  it("the whole machine stands still for seconds: nobody is given up", async () => {
    const cluster = await clusterOf({ size: 7, timing });
    for (const ms of [500, 1000, 3000, 10_000]) {
      for (const host of cluster.hosts) host.pause(ms + between(cluster, 0, 20));
      await cluster.clock.run(ms + 4000);
      expect(cluster.deaths, `after ${ms} ms`).to.deep.equal([]);
    }
  });

  it("who was away has a thousand datagrams to read, and accuses nobody before it has", async () => {
    const cluster = await clusterOf({ size: 24, timing });
    for (let round = 0; round < 2; round++) {
      cluster.hosts[3]!.pause(900);
      let accused = 0;
      const stop = watchAccusations(cluster, 3, () => accused++);
      await cluster.clock.run(1500);
      stop();
      expect(accused).to.equal(0);
    }
    expect(cluster.deaths).to.deep.equal([]);
  });

  it("a process that is away for a second is waited for; one that stays away is not", async () => {
    const cluster = await clusterOf({ size: 3, timing });
    cluster.hosts[0]!.pause(1000);
    await cluster.clock.run(4000);
    expect(cluster.deaths).to.deep.equal([]);
    const startMs = cluster.clock.now();
    cluster.hosts[0]!.pause(8000);
    await cluster.clock.run(4000);
    expect(cluster.deaths.map((d) => d.of)).to.deep.equal(["m0", "m0"]);
    const noticedMs = cluster.deaths.map((d) => d.ms - startMs);
    expect(Math.min(...noticedMs)).to.be.greaterThan(1300);
    expect(Math.max(...noticedMs)).to.be.lessThan(2200);
    await cluster.clock.run(6000);
    expect(cluster.members.map((m) => m.members().length)).to.deep.equal([3, 3, 3]);
  });

  it("a cut link is noticed within a second all the same", async () => {
    for (const size of [3, 7, 30]) {
      const cluster = await clusterOf({ size, timing });
      cluster.cut(1);
      const startMs = cluster.clock.now();
      await cluster.clock.run(1000);
      expect(cluster.deaths.map((d) => d.of)).to.deep.equal(Array<string>(size - 1).fill("m1"));
      expect(Math.max(...cluster.deaths.map((d) => d.ms - startMs))).to.be.lessThan(1000);
    }
  });

  /** Suspects in one member's own view, where there is no reason for any. */
  function watchAccusations(cluster: Cluster, of: number, found: () => void): () => void {
    const member = cluster.members[of]!;
    let cancel = (): void => undefined;
    const look = (): void => {
      const here = member.records();
      for (const m of here) if (m.suspicion?.by === `m${of}`) found();
      cancel = cluster.clock.after(1, look);
    };
    look();
    return () => cancel();
  }
});

describe("our own lateness", () => {
  /** A clock whose timers come late by `lateMs`. */
  const late = (clock: VirtualClock, lateMs: () => number) =>
    new Lateness({
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms === 0 ? 0 : ms + lateMs(), run),
    });

  it("is the worst of late, halves each second, and what any timer has does not count", async () => {
    const clock = new VirtualClock();
    let lateMs = 8;
    const lateness = late(clock, () => lateMs);
    lateness.after(100, () => undefined);
    await clock.run(200);
    expect(lateness.lateMs).to.equal(0);
    lateMs = 410;
    lateness.after(100, () => undefined);
    await clock.run(510);
    expect(lateness.lateMs).to.equal(400);
    await clock.run(1000);
    expect(lateness.lateMs).to.equal(200);
    lateMs = 60;
    lateness.after(100, () => undefined);
    await clock.run(160);
    expect(lateness.lateMs).to.be.within(150, 200);
  });

  it("judges at once when it is in time, and when late only after a turn without news", async () => {
    const clock = new VirtualClock();
    let lateMs = 0;
    const lateness = late(clock, () => lateMs);
    const judged: number[] = [];
    lateness.judging.after(100, () => judged.push(clock.now()));
    await clock.run(100);
    expect(judged).to.deep.equal([100]);
    lateMs = 500;
    let news = 3;
    const read = (): void => {
      if (news-- > 0) {
        lateness.heard();
        clock.after(0, read);
      }
    };
    clock.after(600, read);
    lateness.judging.after(100, () => judged.push(news));
    await clock.run(700);
    expect(judged).to.deep.equal([100, -1]);
  });

  it("does not wait for ever for those who talk without end", async () => {
    const clock = new VirtualClock();
    const lateness = late(clock, () => 500);
    let turns = 0;
    const talk = (): void => {
      lateness.heard();
      if (turns++ < 1000) clock.after(0, talk);
    };
    clock.after(600, talk);
    let judgedAfter = -1;
    lateness.judging.after(100, () => (judgedAfter = turns));
    await clock.run(700);
    expect(judgedAfter).to.be.within(1, 100);
  });

  it("a judgement that was called off does not come, not even while it reads", async () => {
    const clock = new VirtualClock();
    const lateness = late(clock, () => 500);
    let judged = false;
    const cancel = lateness.judging.after(100, () => (judged = true));
    clock.after(600, () => {
      lateness.heard();
      clock.after(0, cancel);
    });
    await clock.run(700);
    expect(judged).to.equal(false);
  });
});

describe("settings at their ends", () => {
  it("without probes nobody is given up, and nobody takes itself for frozen", async () => {
    const still = { ...timing, probeIntervalMs: 0 };
    const { clock, cut, members, deaths } = await clusterOf({ size: 3, timing: still });
    cut(2);
    await clock.run(20_000);
    expect(deaths).to.deep.equal([]);
    expect(members[0]!.sinceTickMs()).to.equal(0);
  });
  it("without awareness the health score stays 0", async () => {
    const { clock, cut, members } = await clusterOf({
      size: 3,
      timing: { ...timing, awarenessMax: 0 },
    });
    cut(2);
    await clock.run(500);
    expect(members[0]!.health).to.equal(0);
  });
  it("who has taken a dead member's address under another name is not taken for it", async () => {
    const { clock, network, endpoints, members, deaths } = await clusterOf({ size: 3, timing });
    void members[2]!.close();
    network.cut(endpoints[2]!);
    const heir = new Memberlist({
      ...{ name: "heir", timing, clock, random: () => 0.5 },
      transport: network.bind(endpoints[2]!),
      seeds: () => endpoints,
    });
    heir.start();
    await clock.run(5000);
    expect(members[0]!.members().map((m) => m.name)).to.deep.equal(["heir", "m0", "m1"]);
    const before = network.datagrams;
    await clock.run(1000);
    expect(deaths.filter((d) => d.of === "heir")).to.deep.equal([]);
    expect(network.datagrams - before).to.be.lessThan(200); // told that it is dead it would say more
  });
});

describe("joining any of several", () => {
  const dead = { addr: Uint8Array.of(192, 0, 2, 250), port: 7946 };

  it("is over with the first that answers, though others never do", async () => {
    const { clock, members, endpoints } = await clusterOf({ size: 3, timing });
    const startMs = clock.now();
    let overMs = -1;
    void members[0]!.joinAny([dead, endpoints[1]!, dead]).then((joined) => {
      expect(joined).to.equal(true);
      overMs = clock.now() - startMs;
    });
    await clock.run(5000);
    expect(overMs).to.be.within(1, 100);
  });
  it("fails when none answers, and when there are none", async () => {
    const { clock, members } = await clusterOf({ size: 2, timing });
    let joined: boolean | null = null;
    void members[0]!.joinAny([dead]).then((any) => (joined = any));
    await clock.run(timing.tcpTimeoutMs - 100);
    expect(joined).to.equal(null);
    await clock.run(500);
    expect(joined).to.equal(false);
    expect(await members[0]!.joinAny([])).to.equal(false);
  });
});
