/** What one Service's coming and going does to the routes of others, as the router's bgpd received it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { SystemName } from "../core/result.ts";
import { disturbed } from "../lab/bgp-log.ts";
import { addresses } from "../lab/objects.ts";
import { allRouted, fill, FIRST, SECOND, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";
import { created, deleted } from "./routes.ts";

/** Longer than any reload of so many: a withdrawal may come late. */
const SETTLE_MS = 5000;

export async function measureDisturbance(bench: Bench): Promise<void> {
  const { plan, site, ledger } = bench;
  const { log } = site.router;
  const observe = async (
    system: SystemName,
    what: "created" | "deleted" | "both",
    spared: string,
    act: () => Promise<unknown>,
  ): Promise<void> => {
    const others = new Set([...(await addresses(site.kube)).values()].flat());
    others.delete(spared);
    const mark = await log.mark();
    await act();
    await sleep(SETTLE_MS);
    const { withdrawn, again } = disturbed(await log.since(mark), others);
    ledger.add(`others-${what}`, system, [withdrawn]);
    ledger.add(`again-${what}`, system, [again]);
  };
  await rounds(bench, "disturb", `one of ${plan.disturbed}`, async (system) => {
    await fill(bench, plan.disturbed);
    await withSession(bench, system, ["n1"], async () => {
      await allRouted(bench);
      await sleep(SETTLE_MS);
      await observe(system, "created", "", () => created(bench, "one-more"));
      const ip = (await addresses(site.kube)).get(FIRST)?.[0] ?? "";
      await observe(system, "deleted", ip, () => deleted(bench, FIRST, ip));
      const next = (await addresses(site.kube)).get(SECOND)?.[0] ?? "";
      await observe(system, "both", next, async () => {
        await created(bench, "two-more");
        await deleted(bench, SECOND, next);
      });
    });
  });
}
