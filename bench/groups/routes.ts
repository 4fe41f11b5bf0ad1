/** One Service created and deleted among so many: from just before the request to the router's kernel. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SystemName } from "../core/result.ts";
import { createEndpoints, createService, deleteEndpoints, deleteService } from "../lab/objects.ts";
import { allRouted, fill, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";

export async function measureRoutes(bench: Bench): Promise<void> {
  for (const size of bench.plan.sizes) {
    await fill(bench, size);
    await rounds(bench, "routes", `beside ${size}`, (system) => oneSession(bench, system, size));
  }
}

function oneSession(bench: Bench, system: SystemName, size: number): Promise<void> {
  const { ledger, plan, site } = bench;
  return withSession(bench, system, ["n1"], async ({ startedMs }) => {
    const allMs = await allRouted(bench);
    if (size > 0) {
      const firstMs = Math.min(...site.router.kernel.appeared().values());
      ledger.add(`cold-first-${size}`, system, [firstMs - startedMs]);
      ledger.add(`cold-all-${size}`, system, [allMs - startedMs]);
    } else await warmUp(bench);
    await sleep(Math.max(2000, plan.calmMs[system])); // what starting leaves behind is no part of the samples
    for (let i = 0; i < plan.samples[system]; i++) {
      const name = `probe-${i}`;
      const { ip, tookMs } = await created(bench, name);
      ledger.add(`create-${size}`, system, [tookMs]);
      await sleep(plan.calmMs[system]);
      ledger.add(`delete-${size}`, system, [await deleted(bench, name, ip)]);
      await sleep(plan.calmMs[system]);
    }
  });
}

/** With no Service there is nothing to see that the session is up: one comes and goes first. */
export async function warmUp(bench: Bench): Promise<void> {
  const { ip } = await created(bench, "warm-up");
  await deleted(bench, "warm-up", ip);
}

/** Time from just before the request to the first route that was not there before, in ms. */
export async function created(
  { site, plan }: Bench,
  name: string,
): Promise<{ readonly ip: string; readonly tookMs: number }> {
  const { kube } = site;
  const { kernel } = site.router;
  await createEndpoints(kube, name);
  const before = new Set(kernel.routes().keys());
  const atMs = Date.now();
  const [{ ip, ms }] = await Promise.all([
    kernel.first(
      `a route for ${name}`,
      atMs,
      (e) => e.hops.length > 0 && !before.has(e.ip),
      plan.limitMs,
    ),
    createService(kube, name),
  ]);
  return { ip, tookMs: ms - atMs };
}

/** Time from just before the request to the route that is gone, in ms. */
export async function deleted({ site, plan }: Bench, name: string, ip: string): Promise<number> {
  const { kube } = site;
  const atMs = Date.now();
  const [{ ms }] = await Promise.all([
    site.router.kernel.first(
      `the end of ${name}'s route`,
      atMs,
      (e) => e.ip === ip && e.hops.length === 0,
      plan.limitMs,
    ),
    deleteService(kube, name),
  ]);
  await deleteEndpoints(kube, name);
  return ms - atMs;
}
