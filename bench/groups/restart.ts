/** A controller that starts over Services which hold addresses: when it gives the next one, and that none changed. */
import { setTimeout as sleep } from "node:timers/promises";
import { addresses, createEndpoints, createService } from "../lab/objects.ts";
import { drop, fill, poll, rounds, withController } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";

const AFTERWARDS_MS = 2000;

export async function measureRestart(bench: Bench): Promise<void> {
  const { kube } = bench.site;
  await fill(bench, bench.plan.adopted);
  await rounds(bench, "restart", `${bench.plan.adopted} Services`, async (system) => {
    const held = await addresses(kube);
    await createEndpoints(kube, "waiting");
    await createService(kube, "waiting"); // nobody is there to give it an address
    await withController(bench, system, async () => {
      const atMs = performance.now();
      const path = "/api/v1/namespaces/default/services/waiting";
      await poll(
        bench,
        "an address for what waited",
        async () => {
          const { body } = await kube.request("GET", path);
          const { status } = body as { status: { loadBalancer?: { ingress?: unknown[] } } };
          return (status.loadBalancer?.ingress ?? []).length > 0;
        },
        10,
      );
      bench.ledger.add("restart", system, [performance.now() - atMs]);
      await sleep(AFTERWARDS_MS);
    });
    const now = await addresses(kube);
    const changed = [...held].filter(([name, ips]) => now.get(name)?.join() !== ips.join());
    bench.ledger.add("restart-changed", system, [changed.length]);
    await drop(bench, "waiting");
  });
}
