/** Three nodes share addresses, one of them breaks: how long its addresses are without an answer. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ArpWatch } from "../../test/takeover/arp-watch.ts";
import { watchArp } from "../../test/takeover/arp-watch.ts";
import type { SystemName } from "../core/result.ts";
import { addresses, createEndpoints, createService, each } from "../lab/objects.ts";
import { CLIENT, NODES } from "../lab/plan.ts";
import type { NodeName } from "../lab/plan.ts";
import { fill, poll, rounds, withSession } from "../lab/session.ts";
import type { Bench, Session } from "../lab/session.ts";
import type { Program } from "../lab/speaker.ts";
import { buildLoad } from "./l2.ts";

interface Break {
  readonly row: string;
  readonly hurt: (speaker: Program, node: NodeName) => Promise<void> | void;
  readonly mend: (speaker: Program, node: NodeName) => Promise<void> | void;
}

const PERIOD_MS = 20;

export async function measureTakeover(bench: Bench): Promise<void> {
  const { plan, site } = bench;
  await fill(bench, 0);
  const load = await buildLoad(bench);
  const names = Array.from({ length: plan.shared }, (_, i) => `shared-${i}`);
  await each(names, async (name) => {
    await createEndpoints(site.kube, name, NODES);
    await createService(site.kube, name, { pool: "wire" });
  });
  const breaks: readonly Break[] = [
    { row: "gap-term", hurt: (s) => s.signal("SIGTERM"), mend: (s) => s.start() },
    { row: "gap-kill", hurt: (s) => s.signal("SIGKILL"), mend: (s) => s.start() },
    { row: "gap-stop", hurt: (s) => s.signal("SIGSTOP"), mend: (s) => s.signal("SIGCONT") },
    { row: "gap-cut", hurt: (_, n) => site.link(n, false), mend: (_, n) => site.link(n, true) },
  ];
  await rounds(bench, "takeover", "three nodes", (system, round) =>
    withSession(bench, system, NODES, async (session) => {
      const ipsOf = async () => [...(await addresses(site.kube)).values()].flat();
      await poll(bench, "addresses", async () => (await ipsOf()).length === plan.shared);
      const watch = watchArp({
        ...{ client: site.client, device: "eth0", own: CLIENT, periodMs: PERIOD_MS },
        ips: await ipsOf(),
        nodes: new Map(session.nodes.map(({ mac, name }) => [mac, name])),
      });
      try {
        await complete(bench, watch);
        await underLoad(bench, session.system, watch, load);
        for (let i = 0; i < plan.breaks[system]; i++)
          for (const one of breaks) await broken(bench, session, watch, one, round + i);
      } finally {
        watch.stop();
      }
    }),
  );
  await fill(bench, 0);
}

/** Every node answers for some, and nobody else for the same. */
async function complete(bench: Bench, watch: ArpWatch): Promise<void> {
  await poll(bench, "every node answers", () => NODES.every((n) => owned(watch, n).length > 0));
  await watch.settled(bench.plan.limitMs);
}

const owned = (watch: ArpWatch, node: string): readonly string[] =>
  [...watch.owners()].filter(([, owner]) => owner === node).map(([ip]) => ip);

async function broken(
  bench: Bench,
  { system, speakers }: Session,
  watch: ArpWatch,
  { row, hurt, mend }: Break,
  turn: number,
): Promise<void> {
  const victim = NODES[turn % NODES.length]!;
  const speaker = speakers.get(victim)!;
  const lost = owned(watch, victim);
  const atMs = Date.now();
  await hurt(speaker, victim);
  await poll(bench, "others answer", () => owned(watch, victim).length === 0);
  await watch.settled(bench.plan.limitMs);
  const { gaps } = watch.since(atMs);
  bench.ledger.add(
    row,
    system,
    lost.map((ip) => gaps.get(ip) ?? NaN),
  );
  await mend(speaker, victim);
  await complete(bench, watch);
  await sleep(500);
}

/** A flood of requests to one address while nothing breaks: addresses must stay where they are. */
async function underLoad(
  bench: Bench,
  system: SystemName,
  watch: ArpWatch,
  load: string,
): Promise<void> {
  const { plan, site, ledger } = bench;
  const before = watch.owners();
  const ip = [...before.keys()][0] ?? "";
  const atMs = Date.now();
  await site.client.exec(load, "eth0", ip, `${plan.loadPerS}`, `${plan.loadS}`);
  await sleep(1000);
  const { moves } = watch.since(atMs);
  ledger.add("false-takeover", system, [moves]);
  await watch.settled(plan.limitMs);
}
