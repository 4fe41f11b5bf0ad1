/** Many Services at once: how long after the last request the last route comes, and one created right behind them. */
import { setTimeout as sleep } from "node:timers/promises";
import { addresses, createEndpoints, createService, each } from "../lab/objects.ts";
import { allRouted, fill, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";
import { warmUp } from "./routes.ts";

export async function measureBurst(bench: Bench): Promise<void> {
  const { site, plan, ledger } = bench;
  const { kube, router } = site;
  const names = Array.from({ length: plan.burst }, (_, i) => `burst-${i}`);
  const after = "burst-after";
  await rounds(bench, "burst", `${plan.burst} at once`, async (system) => {
    await fill(bench, 0);
    await withSession(bench, system, ["n1"], async () => {
      await warmUp(bench);
      await each([...names, after], (name) => createEndpoints(kube, name));
      await sleep(2000);
      router.kernel.forget();
      let lastMs = 0;
      await each(names, async (name) => {
        lastMs = Date.now();
        await createService(kube, name);
      });
      const afterMs = Date.now();
      await createService(kube, after);
      await allocated(bench);
      await allRouted(bench);
      const ips = await addresses(kube);
      const times = router.kernel.appeared();
      const routedMs = (name: string): number => times.get(ips.get(name)?.[0] ?? "") ?? NaN;
      ledger.add("burst-last", system, [Math.max(...names.map(routedMs)) - lastMs]);
      ledger.add("burst-after", system, [routedMs(after) - afterMs]);
    });
  });
  await fill(bench, 0);
}

async function allocated({ site, plan }: Bench): Promise<void> {
  const end = Date.now() + plan.limitMs;
  while ([...(await addresses(site.kube)).values()].some((ips) => ips.length === 0)) {
    if (Date.now() > end) throw new Error("Services without an address");
    await sleep(500); // rarely: these requests are no part of the load
  }
}
