/** Members in one process, on a network and a clock of their own. */
import { MemoryHost } from "../../../src/membership/memory-host.ts";
import { MemoryNetwork, VirtualClock } from "../../../src/membership/memory-transport.ts";
import { Memberlist } from "../../../src/membership/memberlist.ts";
import type { Timing } from "../../../src/membership/profiles.ts";
import type { Endpoint } from "../../../src/membership/transport.ts";

/** A small, seeded generator (mulberry32), so that a failure replays. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Noted {
  readonly at: string;
  readonly of: string;
  readonly ms: number;
}

export interface ClusterOptions {
  readonly size: number;
  readonly timing: Timing;
  readonly loss?: number;
  readonly seed?: number;
  readonly delayMs?: (random: () => number) => number;
}

export interface Cluster {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly random: () => number;
  readonly endpoints: readonly Endpoint[];
  readonly hosts: readonly MemoryHost[];
  readonly members: readonly Memberlist[];
  /** Who was given up, where and when. */
  readonly deaths: readonly Noted[];
  /** Whose own probe got no answer from whom, and when. */
  readonly suspicions: readonly Noted[];
  /** When a member was cut off. */
  readonly cutMs: ReadonlyMap<string, number>;
  /** Gone without a word, as by a cut link. */
  readonly cut: (index: number) => void;
}

/** `m0`, `m1`, ... with the first three as seeds; they have found each other as a rule. */
export async function clusterOf(o: ClusterOptions): Promise<Cluster> {
  const { size, timing, loss = 0, seed = 1 } = o;
  const delayMs = o.delayMs ?? ((r: () => number) => 1 + 4 * r());
  const clock = new VirtualClock();
  const random = seeded(seed);
  const network = new MemoryNetwork({ clock, random, loss, delayMs: () => delayMs(random) });
  const endpoints = Array.from({ length: size }, (_, i) => ({
    addr: Uint8Array.of(192, 0, 2 + (i >> 8), i & 255),
    port: 7946,
  }));
  const deaths: Noted[] = [];
  const suspicions: Noted[] = [];
  const cutMs = new Map<string, number>();
  const hosts = endpoints.map((endpoint) => new MemoryHost(clock, network.bind(endpoint)));
  const members = hosts.map((host, i) => {
    const name = `m${i}`;
    const member = new Memberlist({
      name,
      transport: host.transport,
      timing,
      clock: host.clock,
      random,
      seeds: () => endpoints.slice(0, 3),
      onEvent: (e) => {
        const list = e.kind === "leave" ? deaths : e.kind === "suspect" ? suspicions : null;
        if (list !== null && "node" in e) list.push({ at: name, of: e.node.name, ms: clock.now() });
      },
    });
    member.start();
    return member;
  });
  await clock.run(timing.gossipIntervalMs * 60);
  const cut = (index: number): void => {
    const endpoint = endpoints[index];
    if (endpoint !== undefined) network.cut(endpoint);
    cutMs.set(`m${index}`, clock.now());
    void members[index]?.close();
  };
  return { clock, network, random, endpoints, hosts, members, deaths, suspicions, cutMs, cut };
}
