/**
 * Service changes without end through a real API server, with the controller and one speaker and its FRR: is memory flat?
 *
 *   node --import tsx bench/scale/churn.ts [--minutes 60] [--per-minute 1000] [--window 200] [--frr 8.4|10.3]
 *
 * A sample each ten seconds, a table, and a verdict: over the last half, resident memory must not grow by more than
 * MOST_PER_HOUR of where it stands. Exit code 1 where it does, or where the router's routes are not those in the end.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { slopeOf } from "./slope.ts";
import { startSite } from "./site.ts";
import { startFerrolb } from "./speakers.ts";
import { usageOf } from "./usage.ts";
import { createService, removeService, writeConfiguration, writeNodes } from "./world.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: process.env["FERROLB_CHURN_MINUTES"] ?? "60" },
    "per-minute": { type: "string", default: "1000" },
    window: { type: "string", default: "200" },
    frr: { type: "string", default: "8.4" },
  },
});
const SAMPLE_MS = 10_000;
const MOST_PER_HOUR = 0.1;
/** Requests at once: the oldest Service that goes is older than any that is being made. */
const AT_ONCE = 8;
const minutes = Number(values.minutes);
const everyMs = 60_000 / Number(values["per-minute"]);
const window = Number(values.window);

/** Ends in order when it is asked to, with a verdict over what was seen. */
const asked = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => {
    process.exitCode = 130;
    asked.abort();
  });

const site = await startSite(values.frr === "10.3" ? "10.3" : "8.4");
const controller = spawn(
  process.execPath,
  [
    ...[resolve(import.meta.dirname, "../../bin/ferrolb"), "controller"],
    ...["--kubeconfig", site.api.kubeconfig, "--state-dir", join(site.dir, "controller")],
    ...["--webhook-mode", "disabled", "--port", "0", "--health-probe-port", "0"],
  ],
  { stdio: "ignore", env: { ...process.env, METALLB_NAMESPACE: "metallb-system" } },
);
try {
  await writeConfiguration(site.client, { layer2: false });
  await writeNodes(site.client, 0, 3);
  const speaker = await startFerrolb(site);
  const pids = { speaker: speaker.pid, controller: controller.pid ?? 0 };
  const samples: {
    readonly minute: number;
    readonly speaker: number;
    readonly controller: number;
  }[] = [];
  const beganMs = performance.now();
  let [made, removed, sampledMs] = [0, 0, beganMs];
  const underWay = new Set<Promise<unknown>>();
  console.log("minute  changes  routes  speaker MB  (peak)  controller MB");
  while (performance.now() - beganMs < minutes * 60_000 && !asked.signal.aborted) {
    if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    const isNew = made - removed < window || (made + removed) % 2 === 0;
    const change = isNew
      ? createService(site.client, made++)
      : removeService(site.client, removed++);
    underWay.add(change);
    change.then(
      () => underWay.delete(change),
      () => undefined, // whoever waits for it next gets its error
    );
    const aheadMs = beganMs + (made + removed) * everyMs - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
    if (performance.now() - sampledMs < SAMPLE_MS) continue;
    sampledMs = performance.now();
    const minute = (sampledMs - beganMs) / 60_000;
    const [own, other] = [usageOf(pids.speaker), usageOf(pids.controller)];
    samples.push({ minute, speaker: own.rssMb, controller: other.rssMb });
    const cells = [minute.toFixed(1).padStart(6), `${made + removed}`.padStart(8)];
    cells.push(`${site.kernel.count()}`.padStart(7), own.rssMb.toFixed(1).padStart(11));
    cells.push(own.peakMb.toFixed(1).padStart(7), other.rssMb.toFixed(1).padStart(14));
    console.log(cells.join(" "));
  }
  const tookMinutes = (performance.now() - beganMs) / 60_000;
  await Promise.all(underWay);
  await site.kernel.holds(made - removed, 60_000);
  const late = samples.slice(Math.floor(samples.length / 2));
  for (const who of ["speaker", "controller"] as const) {
    const perHour = slopeOf(late.map((s) => [s.minute / 60, s[who]]));
    const mean = late.reduce((sum, s) => sum + s[who], 0) / late.length;
    const isFlat = perHour <= MOST_PER_HOUR * mean;
    const grows = `${perHour.toFixed(1)} MB an hour of ${mean.toFixed(1)} MB`;
    console.log(
      `${who}: ${isFlat ? "flat" : "GROWS"}, ${grows}, over the last ${late.length} samples`,
    );
    if (!isFlat) process.exitCode = 1;
  }
  console.log(
    `${((made + removed) / tookMinutes).toFixed(0)} changes a minute; routes as they should be`,
  );
  await speaker.stop();
} finally {
  const gone = once(controller, "exit");
  if (controller.exitCode === null && controller.kill("SIGTERM"))
    await Promise.race([gone, sleep(6000)]);
  controller.kill("SIGKILL");
  await site.close();
}
