/**
 * Where the time of one creation goes: one Service at a time through API server, controller, speaker, FRR and a
 * router, each stage from the log of whoever did it.
 *
 *   node --import tsx bench/scale/stages.ts [--services 500] [--samples 20] [--frr 8.4|10.3]
 *
 * Prints median and 95th percentile of each stage in milliseconds. Root and namespaces are needed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { kubeBinaries } from "../../test/support/kube.ts";
import { ferrolb } from "../../test/support/lab.ts";
import { createLedger } from "../core/ledger.ts";
import { FULL } from "../core/plan.ts";
import { rowsFor } from "../core/rows.ts";
import { summaryOf } from "../core/stats.ts";
import { created, deleted, warmUp } from "../groups/routes.ts";
import { allRouted, fill, withSession } from "../lab/session.ts";
import type { Bench, Session } from "../lab/session.ts";
import { startSite } from "../lab/site.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "500" },
    samples: { type: "string", default: "20" },
    frr: { type: "string", default: "8.4" },
  },
});
const [services, samples] = [Number(values.services), Number(values.samples)];

const STAGES = [
  "the Service is stored",
  "the controller writes its address",
  "the address is stored",
  "the speaker begins a pass",
  "decisions and frr.conf as text",
  "FRR has the lines",
  "the router has the UPDATE",
  "the router's kernel has the route",
  "all of it",
  "afterwards: reading back, frr.conf on disk",
] as const;
const times = new Map<string, number[]>(STAGES.map((stage) => [stage, []]));

interface Request {
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}
interface Line {
  readonly ts: string;
  readonly msg: string;
  readonly durationMs?: number;
  readonly givenMs?: number;
  readonly passMs?: number;
}

/** Lines of JSON; the last may be half written. */
const parsed = <T>(text: string): T[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as T);

async function oneSample(bench: Bench, session: Session, name: string): Promise<void> {
  const { site } = bench;
  const speaker = session.speakers.get("n1")!;
  const audit = join(site.dir, "audit.log");
  const [logged, audited, heard] = [
    speaker.log().length,
    (await readFile(audit)).length,
    await site.router.log.mark(),
  ];
  const beganMs = Date.now();
  const { ip, tookMs } = await created(bench, name);
  await sleep(700);
  const requests = parsed<Request>((await readFile(audit)).subarray(audited).toString());
  const find = (verb: string, uri: RegExp): readonly number[] => {
    const found = requests.find((r) => r.verb === verb && uri.test(r.requestURI));
    return [found?.requestReceivedTimestamp, found?.stageTimestamp].map((t) => msOf(t ?? ""));
  };
  const [, storedMs = NaN] = find("create", /\/services$/);
  const [writtenMs = NaN, addressMs = NaN] = find("patch", new RegExp(`/services/${name}/status`));
  const applied = parsed<Line>(speaker.log().slice(logged)).find(({ msg }) => msg === "applied");
  const endMs = Date.parse(applied?.ts ?? "");
  const { durationMs = NaN, givenMs = NaN, passMs = NaN } = applied ?? {};
  const text = await site.router.log.since(heard);
  const update = text.split("\n").find((line) => line.includes(`rcvd ${ip}/`));
  const updateMs = Date.parse((update ?? "").slice(0, 23).replaceAll("/", "-").replace(" ", "T"));
  const marks = [beganMs, storedMs, writtenMs, addressMs, endMs - durationMs - passMs];
  marks.push(endMs - durationMs, endMs - durationMs + givenMs, updateMs, beganMs + tookMs);
  marks.slice(1).forEach((at, i) => times.get(STAGES[i]!)!.push(at - marks[i]!));
  times.get("all of it")!.push(tookMs);
  times.get(STAGES[9])!.push(durationMs - givenMs);
  await deleted(bench, name, ip);
  await sleep(500);
}

/** With microseconds, as the API server writes it. */
const msOf = (stamp: string): number =>
  Date.parse(stamp.replace(/(\.\d{3})\d*/, "$1")) +
  Number(/\.\d{3}(\d{3})/.exec(stamp)?.[1] ?? 0) / 1000;

const bin = await kubeBinaries("kube-apiserver");
if (bin === null) throw new Error("no kube-apiserver or etcd: run scripts/setup test");
const closers: (() => unknown)[] = [];
try {
  const words = await ferrolb();
  const frr = values.frr === "10.3" ? "10.3" : "8.4";
  const site = await startSite({ bin, frr, closing: (step) => closers.push(step) });
  const bench: Bench = {
    ...{ plan: FULL, site, systems: ["ferrolb"], say: console.error },
    ledger: createLedger(rowsFor(FULL), ["ferrolb"]),
    programs: { ferrolb: words, peers: null },
    signal: new AbortController().signal,
  };
  await fill(bench, services);
  await withSession(bench, "ferrolb", ["n1"], async (session) => {
    await allRouted(bench);
    if (services === 0) await warmUp(bench);
    await sleep(5000);
    for (let i = 0; i < samples; i++) await oneSample(bench, session, `stage-${i}`);
  });
} finally {
  for (const close of closers.reverse()) await close();
}
console.log(
  `one creation beside ${services} others, FRR ${values.frr}: p50 / p95 of ${samples}, ms`,
);
for (const [stage, found] of times) {
  const { p50, p95 } = summaryOf(found.filter((t) => !Number.isNaN(t)));
  console.log(`${stage.padEnd(44)} ${p50.toFixed(1).padStart(7)} ${p95.toFixed(1).padStart(7)}`);
}
