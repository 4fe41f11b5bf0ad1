/** One system at work: its controller and speakers on fresh FRRs, for as long as a measurement takes. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "../core/ledger.ts";
import type { Plan } from "../core/plan.ts";
import type { SystemName } from "../core/result.ts";
import type { GroupName } from "../core/rows.ts";
import {
  addresses,
  createEndpoints,
  createService,
  deleteEndpoints,
  deleteService,
  each,
} from "./objects.ts";
import type { NodeName } from "./plan.ts";
import { freshFrr } from "./site.ts";
import type { Site, SiteNode } from "./site.ts";
import { controller, speaker } from "./speaker.ts";
import type { Parts, Program } from "./speaker.ts";

export interface Bench {
  readonly plan: Plan;
  readonly site: Site;
  readonly systems: readonly SystemName[];
  readonly ledger: Ledger;
  /** Words that run FerroLB; directory of MetalLB's binaries. */
  readonly programs: Pick<Parts, "ferrolb" | "peers">;
  /** Progress, for people who wait. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Session {
  readonly system: SystemName;
  readonly controller: Program;
  readonly speakers: ReadonlyMap<NodeName, Program>;
  readonly nodes: readonly SiteNode[];
  /** When the last speaker was started, ms since the epoch. */
  readonly startedMs: number;
}

const controllerOf = ({ site, programs }: Bench, system: SystemName): Program =>
  controller(system, {
    ...programs,
    ...{ space: site.client, kubeconfig: site.kubeconfig },
    dir: join(site.dir, `controller-${system}`),
  });

/** The controller alone, ended afterwards. */
export async function withController<T>(
  bench: Bench,
  system: SystemName,
  work: (one: Program) => Promise<T>,
): Promise<T> {
  const one = controllerOf(bench, system);
  await one.start();
  try {
    return await work(one);
  } finally {
    await one.stop();
  }
}

/** @throws Error of the work, with what the programs said last */
export async function withSession<T>(
  bench: Bench,
  system: SystemName,
  names: readonly NodeName[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { site, programs } = bench;
  const nodes = await Promise.all(names.map((name) => site.node(name)));
  await Promise.all((await site.laid()).map(freshFrr)); // also where this session has no speaker
  await site.router.kernel.until("no route of an earlier session", (r) => r.size === 0, 30_000);
  site.router.kernel.forget();
  const speakers = new Map(
    nodes.map(({ name, space, frr }) => [
      name,
      speaker(system, {
        ...{ ...programs, space, frr, node: name, kubeconfig: site.kubeconfig },
        dir: join(site.dir, `${name}-${system}`),
      }),
    ]),
  );
  const one = controllerOf(bench, system);
  const all = [one, ...speakers.values()];
  try {
    await one.start();
    await Promise.all([...speakers.values()].map((s) => s.start()));
    return await work({ system, controller: one, speakers, nodes, startedMs: Date.now() });
  } catch (cause) {
    for (const program of all) bench.say(program.log().slice(-1500));
    throw cause;
  } finally {
    await Promise.all(all.map((program) => program.stop()));
  }
}

/** The work for each system in turn, as often as there are rounds; what fails is on record, and others go on. */
export async function rounds(
  bench: Bench,
  group: GroupName,
  what: string,
  work: (system: SystemName, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < bench.plan.rounds; round++) {
    const order = round % 2 === 0 ? bench.systems : [...bench.systems].reverse();
    for (const system of order) {
      bench.signal.throwIfAborted();
      const began = Date.now();
      try {
        await work(system, round);
      } catch (error) {
        bench.ledger.failed(group, system, error instanceof Error ? error.message : String(error));
      }
      const took = ((Date.now() - began) / 1000).toFixed(1);
      bench.say(
        `${group}: ${what}, ${system}, round ${round + 1} of ${bench.plan.rounds}: ${took} s`,
      );
    }
  }
}

const PREFIX = "crowd-";
const nameOf = (i: number): string => `${PREFIX}${String(i).padStart(5, "0")}`;
export const [FIRST, SECOND] = [nameOf(0), nameOf(1)];

/** Exactly so many Services with addresses, and no other; a controller runs only while it is needed. */
export async function fill(bench: Bench, count: number): Promise<void> {
  const { kube } = bench.site;
  const wanted = Array.from({ length: count }, (_, i) => nameOf(i));
  const there = await addresses(kube);
  await each(
    [...there.keys()].filter((name) => !wanted.includes(name)),
    (name) => drop(bench, name),
  );
  await each(
    wanted.filter((name) => !there.has(name)),
    async (name) => {
      await createEndpoints(kube, name);
      await createService(kube, name);
    },
  );
  const allocated = async (): Promise<boolean> =>
    [...(await addresses(kube)).values()].every((ips) => ips.length > 0);
  if (await allocated()) return;
  await withController(bench, "ferrolb", async () => {
    while (!(await allocated())) {
      bench.signal.throwIfAborted();
      await sleep(200);
    }
  });
}

export async function drop({ site }: Bench, name: string): Promise<void> {
  await deleteService(site.kube, name);
  await deleteEndpoints(site.kube, name);
}

/** Waits for a route to every address of the pool that routes are for; the time of the last. */
export async function allRouted(bench: Bench, limitMs = bench.plan.limitMs): Promise<number> {
  const ips = [...(await addresses(bench.site.kube)).values()].flat();
  const { kernel } = bench.site.router;
  if (ips.length === 0) return Date.now();
  return await kernel.until(
    `routes to ${ips.length} addresses`,
    (routes) => routes.size >= ips.length && ips.every((ip) => routes.has(ip)),
    limitMs,
  );
}

/** A condition that no event tells of. @throws Error naming `what` after the limit */
export async function poll(
  bench: Bench,
  what: string,
  look: () => Promise<boolean> | boolean,
  everyMs = 50,
  limitMs = bench.plan.limitMs,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await look())) {
    bench.signal.throwIfAborted();
    if (Date.now() > end) throw new Error(`not seen within ${limitMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
}
