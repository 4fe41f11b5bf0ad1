/** What a ring costs and how soon it notices, measured in simulation and set against the formulas of the SWIM paper. */
import type { Timing } from "../../../src/membership/profiles.ts";
import { clusterOf } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";

export interface Experiment {
  readonly nodes: number;
  readonly timing: Timing;
  /** Share of datagrams lost. */
  readonly loss: number;
  /** Mean way of a datagram; half to one and a half of it. */
  readonly delayMs: number;
  readonly seed: number;
  /** Members that are cut off, one after the other. */
  readonly crashes: number;
  /** Undisturbed time before, in which costs and false suspicions are counted. */
  readonly calmMs: number;
  /** Share of nodes whose process gets a tenth of the processor, away for up to `awayMs` at a time. */
  readonly slow: number;
  readonly awayMs: number;
}

export interface Outcome {
  /** Of a crash, to the first member that suspects it, to the first that gives it up, from there to the last. */
  readonly suspectedMs: readonly number[];
  readonly noticedMs: readonly number[];
  readonly spreadMs: readonly number[];
  /** Datagrams and octets sent by each node in a second, undisturbed. */
  readonly datagrams: number;
  readonly octets: number;
  /** Suspicions by a probe of one's own, per node and protocol period, undisturbed. */
  readonly suspicions: number;
  /** Members that were given up though they lived; each counts once a time, not once for each who heard. */
  readonly falsePositives: number;
  /** Simulated. */
  readonly seconds: number;
}

const STEP_MS = 10;
const RECOVER_MS = 2000;

export async function runExperiment(o: Experiment): Promise<Outcome> {
  const cluster = await clusterOf({
    size: o.nodes,
    timing: o.timing,
    seed: o.seed,
    loss: o.loss,
    delayMs: (random) => o.delayMs * (0.5 + random()),
  });
  const { clock, network } = cluster;
  await together(cluster);
  slowDown(cluster, Math.round(o.slow * o.nodes), o.awayMs);

  const before = { datagrams: network.datagrams, octets: network.octets };
  const suspicionsBefore = cluster.suspicions.length;
  await clock.run(o.calmMs);
  const perNode = (count: number): number => (count * 1000) / o.nodes / o.calmMs;
  const calm = {
    datagrams: perNode(network.datagrams - before.datagrams),
    octets: perNode(network.octets - before.octets),
    suspicions:
      (perNode(cluster.suspicions.length - suspicionsBefore) * o.timing.probeIntervalMs) / 1000,
  };

  const gone = new Set<string>();
  const found = {
    suspectedMs: [] as number[],
    noticedMs: [] as number[],
    spreadMs: [] as number[],
  };
  for (let i = 0; i < o.crashes; i++) {
    // Any moment of a period is as good as any other; and no seed dies.
    await clock.run(cluster.random() * o.timing.probeIntervalMs);
    const victim = 3 + Math.floor(((i + 0.5) * (o.nodes - 3)) / o.crashes);
    gone.add(`m${victim}`);
    const { suspectedMs, noticedMs, spreadMs } = await crash(cluster, victim, gone, o.timing);
    found.suspectedMs.push(suspectedMs);
    found.noticedMs.push(noticedMs);
    found.spreadMs.push(spreadMs);
    await clock.run(RECOVER_MS);
  }
  return {
    ...found,
    ...calm,
    falsePositives: falseDeaths(cluster, gone),
    seconds: clock.now() / 1000,
  };
}

/** Until everybody knows everybody. */
async function together({ clock, members }: Cluster): Promise<void> {
  for (let s = 0; s < 120; s++) {
    if (members.every((m) => m.members().length === members.length)) return;
    await clock.run(1000);
  }
  throw new Error("the members did not find each other within two minutes");
}

function slowDown({ hosts, clock, random }: Cluster, count: number, awayMs: number): void {
  for (const host of hosts.slice(hosts.length - count)) {
    const pause = (): void => {
      const ms = random() * awayMs;
      host.pause(ms);
      clock.after(ms + (random() * awayMs) / 9, pause);
    };
    clock.after(random() * awayMs, pause);
  }
}

async function crash(
  { clock, cut, members, suspicions, deaths }: Cluster,
  victim: number,
  gone: ReadonlySet<string>,
  timing: Timing,
): Promise<{ suspectedMs: number; noticedMs: number; spreadMs: number }> {
  const name = `m${victim}`;
  const living = members.filter((_, i) => !gone.has(`m${i}`));
  const startMs = clock.now();
  cut(victim);
  const isOver = (): boolean => living.every((m) => m.get(name)?.state === "dead");
  const limitMs = startMs + 600 * timing.probeIntervalMs;
  while (!isOver()) {
    if (clock.now() > limitMs) throw new Error(`${name} was not given up by all`);
    await clock.run(STEP_MS);
  }
  const after = (d: { of: string; ms: number }): boolean => d.of === name && d.ms >= startMs;
  const suspected = suspicions.filter(after).map((s) => s.ms);
  const dead = deaths.filter(after).map((d) => d.ms);
  const [first, last] = [Math.min(...dead), Math.max(...dead)];
  return {
    suspectedMs: Math.min(...suspected) - startMs,
    noticedMs: first - startMs,
    spreadMs: last - first,
  };
}

/** Deaths of the living, those within a few seconds of each other as one. */
function falseDeaths({ deaths, cutMs }: Cluster, gone: ReadonlySet<string>): number {
  const lastMs = new Map<string, number>();
  let count = 0;
  for (const { of, ms } of [...deaths].sort((a, b) => a.ms - b.ms)) {
    if (gone.has(of) && ms >= (cutMs.get(of) ?? Infinity)) continue;
    if (ms - (lastMs.get(of) ?? -Infinity) > 5000) count++;
    lastMs.set(of, ms);
  }
  return count;
}

/** What the SWIM paper expects, and what follows from it for members that do not begin their periods together. */
export const formulas = {
  /**
   * Periods from a crash to the first probe that finds it: e/(e-1) where all periods begin together (SWIM, 3.1). Here
   * they don't: the wait for the next of all members' probes, then the probe's own period.
   */
  swimPeriods: Math.E / (Math.E - 1),
  detectionMs: ({ probeIntervalMs, probesPerInterval }: Timing, nodes: number): number =>
    probeIntervalMs * (1 / Math.min(probesPerInterval, nodes - 1) + 1),
  /** Rounds of gossip to `fanout` members until all `nodes` have heard: logarithmic. */
  gossipMs: ({ gossipNodes, gossipIntervalMs }: Timing, nodes: number): number =>
    gossipIntervalMs *
    (Math.log(nodes) / Math.log(1 + gossipNodes) + Math.log(nodes) / gossipNodes),
  /** A ping and an ack for each probe, whatever the number of nodes. */
  datagrams: ({ probeIntervalMs, probesPerInterval }: Timing, nodes: number): number =>
    (2 * Math.min(probesPerInterval, nodes - 1) * 1000) / probeIntervalMs,
  /** False suspicions per node and period at that loss, by datagrams alone (SWIM, 3.1 without crashes). */
  suspicions: (
    { indirectChecks, probesPerInterval }: Timing,
    nodes: number,
    loss: number,
  ): number => {
    const q = 1 - loss;
    return Math.min(probesPerInterval, nodes - 1) * (1 - q ** 2) * (1 - q ** 4) ** indirectChecks;
  },
};
