/** Under externalTrafficPolicy Local the only endpoint moves: until the route leads to its new node alone. */
import { setTimeout as sleep } from "node:timers/promises";
import { createEndpoints, createService, moveEndpoints } from "../lab/objects.ts";
import { addressOf } from "../lab/plan.ts";
import { drop, fill, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";

const SAMPLES = { ferrolb: 10, metallb: 3 } as const;

export async function measureLocal(bench: Bench): Promise<void> {
  const { site, plan, ledger } = bench;
  const { kernel } = site.router;
  const name = "local";
  await fill(bench, 0);
  await rounds(bench, "local", "between two nodes", async (system) => {
    await withSession(bench, system, ["n1", "n2"], async () => {
      const leads = (to: string) => (hops: readonly string[]) => hops.join() === addressOf(to);
      const through = (to: string, fromMs: number) =>
        kernel.first(`a route to ${to} alone`, fromMs, (e) => leads(to)(e.hops), plan.limitMs);
      await createEndpoints(site.kube, name, ["n1"]);
      const beganMs = Date.now();
      await createService(site.kube, name, { spec: { externalTrafficPolicy: "Local" } });
      await through("n1", beganMs);
      await sleep(3000); // n2's session has to be up too
      for (let i = 0; i < SAMPLES[system]; i++) {
        const to = i % 2 === 0 ? "n2" : "n1";
        const atMs = Date.now();
        const [{ ms }] = await Promise.all([
          through(to, atMs),
          moveEndpoints(site.kube, name, [to]),
        ]);
        ledger.add("local-move", system, [ms - atMs]);
        await sleep(500);
      }
    });
    await drop(bench, name);
  });
}
