/** A whole run: the site, every group in turn, the results; torn down however it ends. */
import { access } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { AppError } from "../src/errors.ts";
import { requireRoot } from "../src/lab/lab.ts";
import { kubeBinaries } from "../test/support/kube.ts";
import { ferrolb } from "../test/support/lab.ts";
import { createLedger } from "./core/ledger.ts";
import type { Result, SystemName } from "./core/result.ts";
import { rowsFor } from "./core/rows.ts";
import type { GroupName } from "./core/rows.ts";
import { measureAttributes } from "./groups/attributes.ts";
import { measureBurst } from "./groups/burst.ts";
import { measureDisturbance } from "./groups/disturb.ts";
import { measureL2 } from "./groups/l2.ts";
import { measureLocal } from "./groups/local.ts";
import { measureMemory } from "./groups/memory.ts";
import { measureRestart } from "./groups/restart.ts";
import { measureRoutes } from "./groups/routes.ts";
import { measureSizes } from "./groups/sizes.ts";
import { measureTakeover } from "./groups/takeover.ts";
import type { Bench } from "./lab/session.ts";
import { startSite } from "./lab/site.ts";
import type { Options } from "./options.ts";

const MEASURES: Readonly<Record<GroupName, (bench: Bench) => Promise<void>>> = {
  routes: measureRoutes,
  burst: measureBurst,
  disturb: measureDisturbance,
  attributes: measureAttributes,
  local: measureLocal,
  memory: measureMemory,
  restart: measureRestart,
  l2: measureL2,
  takeover: measureTakeover,
  sizes: measureSizes,
};

/**
 * What was measured, also after an interrupt.
 * @throws AppError `ERR_ENVIRONMENT` where the machine cannot carry it
 */
export async function run(
  options: Options,
  say: (text: string) => void,
  /** Told after each group what there is so far: an hour is long, and machines fail. */
  soFar: (results: readonly Result[]) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly Result[]> {
  requireRoot();
  const { plan, peers } = options;
  if (peers !== null) await requirePeers(peers);
  say("preparing: packages, bundle, Kubernetes' programs (minutes on the first run)");
  const words = await ferrolb();
  const bin = await kubeBinaries("kube-apiserver");
  if (bin === null)
    throw new AppError("ERR_ENVIRONMENT", "no kube-apiserver or etcd: run scripts/setup test");
  const systems: readonly SystemName[] = peers === null ? ["ferrolb"] : ["ferrolb", "metallb"];
  const ledger = createLedger(rowsFor(plan), systems);
  const results = (): readonly Result[] =>
    ledger.results({ frr: options.frr, at: new Date().toISOString(), load: loadavg()[0] ?? 0 });
  const closers: (() => unknown)[] = [];
  try {
    say(`starting the API server and the router; FRR ${options.frr} on the nodes`);
    const site = await startSite({ bin, frr: options.frr, closing: (step) => closers.push(step) });
    const bench: Bench = {
      plan,
      site,
      systems,
      ledger,
      say,
      signal,
      programs: { ferrolb: words, peers },
    };
    const interrupted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    for (const group of options.groups) {
      if (signal.aborted) break;
      try {
        await Promise.race([MEASURES[group](bench), interrupted]);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        for (const system of systems) ledger.failed(group, system, why);
      }
      await soFar(results());
    }
  } finally {
    for (const close of closers.reverse()) await close();
  }
  return results();
}

async function requirePeers(dir: string): Promise<void> {
  for (const file of ["metallb-speaker", "metallb-controller", "metallb-frr-reloader.sh"])
    await access(join(dir, file)).catch((cause: unknown) => {
      throw new AppError("ERR_ENVIRONMENT", `${join(dir, file)} is missing`, { cause });
    });
}
