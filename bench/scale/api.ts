/**
 * One speaker's view of a cluster of any size through a real API server: memory, processor, time to the first
 * announcement, and time per change at the router's kernel.
 *
 *   node --import tsx bench/scale/api.ts [--nodes 1000] [--sizes 0,300,900,5000] [--changes 20] [--layer2]
 *     [--peer-dir DIR] [--frr 8.4|10.3] [--only ferrolb|metallb]
 *
 * Prints a line per step and one JSON document at the end. Root and namespaces are needed.
 */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startSite } from "./site.ts";
import type { Site } from "./site.ts";
import { startFerrolb, startMetallb } from "./speakers.ts";
import type { Speaker } from "./speakers.ts";
import { usageOf } from "./usage.ts";
import {
  addressOf,
  createService,
  giveAddress,
  removeService,
  writeConfiguration,
  writeNodes,
  writeServices,
} from "./world.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    sizes: { type: "string", default: "0,300,900,5000" },
    changes: { type: "string", default: "20" },
    settle: { type: "string", default: "30" },
    layer2: { type: "boolean", default: false },
    "peer-dir": { type: "string" },
    frr: { type: "string", default: "8.4" },
    only: { type: "string" },
    "node-flags": { type: "string", default: "" },
  },
});

interface Row {
  readonly system: string;
  readonly services: number;
  readonly [figure: string]: number | string;
}

const LIMIT_MS = 180_000;
const sizes = values.sizes.split(",").map(Number);
const changes = Number(values.changes);
const peers = values["peer-dir"] ?? process.env["FERROLB_PEER_DIR"];
const rows: Row[] = [];

const say = (row: Row): void => {
  rows.push(row);
  const figures = Object.entries(row).map(
    ([k, v]) => `${k} ${typeof v === "number" ? round(v) : v}`,
  );
  console.log(figures.join("  "));
};
const round = (n: number): number => Math.round(n * 10) / 10;
const at = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? NaN;

/** One Service created and removed again, `changes` times: from the request to the router's kernel. */
async function times(site: Site, services: number): Promise<Record<string, number>> {
  const [came, went]: [number[], number[]] = [[], []];
  for (let n = 0; n < changes; n++) {
    const i = services + 1000 + n;
    const createdMs = performance.now();
    await createService(site.client, i);
    await giveAddress(site.client, i);
    came.push((await site.kernel.has(addressOf(i), LIMIT_MS)) - createdMs);
    await sleep(300);
    const removedMs = performance.now();
    await removeService(site.client, i);
    went.push((await site.kernel.lacks(addressOf(i), LIMIT_MS)) - removedMs);
    await sleep(300);
  }
  for (const list of [came, went]) list.sort((a, b) => a - b);
  return {
    ...{ createP50Ms: at(came, 0.5), createP95Ms: at(came, 0.95) },
    ...{ removeP50Ms: at(went, 0.5), removeP95Ms: at(went, 0.95) },
  };
}

async function measure(site: Site, start: () => Promise<Speaker>, services: number): Promise<void> {
  await site.kernel.holds(0, LIMIT_MS);
  const beganMs = performance.now();
  const speaker = await start();
  try {
    await observe(site, speaker, services, beganMs);
  } catch (error) {
    console.error((await readFile(speaker.log, "utf8")).slice(-3000));
    throw error;
  }
  await speaker.stop();
  await site.frr.stop();
  await writeFile(site.frr.confFile, "");
  await site.frr.restart();
}

async function observe(
  site: Site,
  speaker: Speaker,
  services: number,
  beganMs: number,
): Promise<void> {
  const routedMs = services === 0 ? beganMs : await site.kernel.holds(services, LIMIT_MS);
  await sleep(Number(values.settle) * 1000);
  const loaded = usageOf(speaker.pid);
  await sleep(10_000);
  const idle = usageOf(speaker.pid);
  const before = idle.cpuS;
  const spent = changes === 0 ? {} : await times(site, services);
  const churned = usageOf(speaker.pid);
  await sleep(5000);
  say({
    system: speaker.name,
    services,
    firstRoutesMs: routedMs - beganMs,
    rssMb: idle.rssMb,
    privateMb: idle.privateMb,
    peakMb: loaded.peakMb,
    startCpuS: loaded.cpuS,
    idleCpuPercent: (idle.cpuS - loaded.cpuS) * 10,
    ...spent,
    ...(changes > 0 && { cpuPerChangeMs: ((churned.cpuS - before) * 1000) / (2 * changes) }),
    churnedRssMb: usageOf(speaker.pid).rssMb,
  });
}

const site = await startSite(values.frr === "10.3" ? "10.3" : "8.4");
try {
  await writeConfiguration(site.client, { layer2: values.layer2 });
  await writeNodes(site.client, 0, Number(values.nodes));
  let written = 0;
  for (const services of sizes) {
    await writeServices(site.client, written, services);
    written = services;
    const nodeFlags = values["node-flags"].split(" ").filter((flag) => flag !== "");
    if (values.only !== "metallb")
      await measure(site, () => startFerrolb(site, { nodeFlags }), services);
    if (values.only !== "ferrolb" && peers !== undefined)
      await measure(site, () => startMetallb(site, peers), services);
  }
  console.log(JSON.stringify({ nodes: Number(values.nodes), layer2: values.layer2, rows }));
} finally {
  await site.close();
}
