/** A BGPAdvertisement's community changes: when the router has it on the first and on the last route. */
import { setTimeout as sleep } from "node:timers/promises";
import { withCommunity } from "../lab/bgp-log.ts";
import { setCommunity } from "../lab/objects.ts";
import { NODE_ASN } from "../lab/plan.ts";
import { allRouted, fill, poll, rounds, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";

const SAMPLES = { ferrolb: 5, metallb: 3 } as const;

export async function measureAttributes(bench: Bench): Promise<void> {
  const { site, plan, ledger } = bench;
  const { log } = site.router;
  let changes = 0;
  await fill(bench, plan.attributes);
  await rounds(bench, "attributes", `${plan.attributes} routes`, (system) =>
    withSession(bench, system, ["n1"], async () => {
      await allRouted(bench);
      await sleep(3000);
      for (let i = 0; i < SAMPLES[system]; i++) {
        const community = `${NODE_ASN}:${++changes}`;
        const mark = await log.mark();
        const atMs = Date.now();
        await setCommunity(site.kube, community);
        let seen: ReadonlyMap<string, number> = new Map();
        await poll(bench, `${community} on every route`, async () => {
          seen = withCommunity(await log.since(mark), community);
          return seen.size >= plan.attributes;
        });
        ledger.add("community-first", system, [Math.min(...seen.values()) - atMs]);
        ledger.add("community-last", system, [Math.max(...seen.values()) - atMs]);
        await sleep(1000);
      }
    }),
  );
}
