/** What speaker and controller need: resident memory, CPU, API requests; while nothing happens, and under churn. */
import { setTimeout as sleep } from "node:timers/promises";
import { createEndpoints, createService, deleteService } from "../lab/objects.ts";
import { allRouted, drop, fill, rounds, withSession } from "../lab/session.ts";
import type { Bench, Session } from "../lab/session.ts";
import { cpuOf, residentMb } from "../lab/usage.ts";

/** Routes of so many may take MetalLB minutes; its memory does not wait for them. */
const ROUTES_MS = 60_000;
const SETTLE_MS = 5000;
/** After a start status is written for a while; so few requests in a second are idle. */
const [CALM_REQUESTS, CALM_TRIES] = [5, 30];
const CHURNING = 10;

export async function measureMemory(bench: Bench): Promise<void> {
  for (const size of bench.plan.memory) {
    await fill(bench, size);
    await rounds(bench, "memory", `${size} Services`, (system) =>
      withSession(bench, system, ["n1"], (session) => oneSize(bench, session, size)),
    );
  }
}

async function oneSize(bench: Bench, session: Session, size: number): Promise<void> {
  const { ledger, plan, site } = bench;
  const { system } = session;
  const add = (row: string, value: number, note?: string): void =>
    ledger.add(`${row}-${size}`, system, [value], note);
  const [speaker, controller] = [session.speakers.get("n1")!.pid(), session.controller.pid()];
  const note = await allRouted(bench, ROUTES_MS).then(
    () => undefined,
    () => `${site.router.kernel.routes().size} of ${size} routes after ${ROUTES_MS / 1000} s`,
  );
  await sleep(SETTLE_MS);
  for (let i = 0; i < CALM_TRIES; i++)
    if ((await during(bench, session, 1)).requests <= CALM_REQUESTS) break;
  const idle = await during(bench, session, plan.idleS);
  const { all, own } = await residentMb(speaker);
  add("rss", all, note);
  add("own", own);
  add("controller-rss", (await residentMb(controller)).all);
  add("cpu", idle.speaker);
  add("requests", idle.requests);
  const stop = startChurn(bench);
  const churn = await during(bench, session, plan.churnS);
  await stop();
  const churned = await residentMb(speaker);
  add("rss-churn", churned.all);
  add("own-churn", churned.own);
  add("cpu-churn", churn.speaker);
  add("cpu-node", churn.node);
  add("controller-cpu", churn.controller);
  add("requests-churn", churn.requests);
}

interface Use {
  /** Per cent of one core. */
  readonly speaker: number;
  readonly node: number;
  readonly controller: number;
  /** A second. */
  readonly requests: number;
}

async function during({ site }: Bench, session: Session, seconds: number): Promise<Use> {
  const speaker = session.speakers.get("n1")!;
  const beside = [
    ...speaker.besides(),
    ...session.nodes.flatMap(({ frr }) => [...frr.pids().values()]),
  ];
  const cpu = async () => {
    const own = await cpuOf(speaker.pid());
    const others = await Promise.all(beside.map(cpuOf));
    const controller = await cpuOf(session.controller.pid());
    const node = others.reduce((sum, o) => sum + o.withChildren, own.withChildren);
    return { speaker: own.own, node, controller: controller.own };
  };
  const [mark, before, beganMs] = [await site.audit.mark(), await cpu(), Date.now()];
  await sleep(seconds * 1000);
  const [after, tookS] = [await cpu(), (Date.now() - beganMs) / 1000];
  const asked = [...(await site.audit.since(mark))]
    .filter(([agent]) => /^(?:ferrolb|metallb)/.test(agent))
    .reduce((sum, [, count]) => sum + count, 0);
  const share = (of: keyof typeof after): number => ((after[of] - before[of]) / tookS) * 100;
  return {
    ...{ speaker: share("speaker"), node: share("node"), controller: share("controller") },
    requests: asked / tookS,
  };
}

/** Services that come and go, one change after another at an even rate. */
export function startChurn(bench: Bench): () => Promise<void> {
  const { kube } = bench.site;
  const names = Array.from({ length: CHURNING }, (_, i) => `churn-${i}`);
  const end = new AbortController();
  const loop = (async () => {
    for (const name of names) await createEndpoints(kube, name);
    const beganMs = Date.now();
    for (let i = 0; !end.signal.aborted; i++) {
      const name = names[i % CHURNING]!;
      if (Math.floor(i / CHURNING) % 2 === 0) await createService(kube, name);
      else await deleteService(kube, name);
      await sleep(Math.max(0, beganMs + ((i + 1) * 1000) / bench.plan.churnPerS - Date.now()));
    }
  })();
  return async () => {
    end.abort();
    await loop;
    for (const name of names) await drop(bench, name);
  };
}
