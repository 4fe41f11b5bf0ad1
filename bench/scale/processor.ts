/**
 * What one change costs speaker and controller in processor time, by thread: Services come and go at an even rate,
 * beside others that stand.
 *
 *   node --import tsx bench/scale/processor.ts [--services 900] [--seconds 30] [--rate 4] [--profile DIR]
 *
 * With `--profile` both write a `.cpuprofile` there when they end; `bench/scale/hot.ts` sums it up.
 * Root and namespaces are needed.
 */
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { kubeBinaries } from "../../test/support/kube.ts";
import { ferrolb } from "../../test/support/lab.ts";
import { createLedger } from "../core/ledger.ts";
import { FULL } from "../core/plan.ts";
import { rowsFor } from "../core/rows.ts";
import { startChurn } from "../groups/memory.ts";
import { allRouted, fill, withSession } from "../lab/session.ts";
import type { Bench } from "../lab/session.ts";
import { startSite } from "../lab/site.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "900" },
    seconds: { type: "string", default: "30" },
    rate: { type: "string", default: "4" },
    profile: { type: "string" },
  },
});
const [services, seconds, churnPerS] = [values.services, values.seconds, values.rate].map(
  Number,
) as [number, number, number];

const TICK_MS = 10;
/** So long the status objects of a Service take after a start: 40 a second are written, two for each. */
const STATUS_MS = 50;

interface Thread {
  readonly name: string;
  readonly userMs: number;
  readonly systemMs: number;
}

function threadsOf(pid: number): ReadonlyMap<string, Thread> {
  const dir = `/proc/${pid}/task`;
  return new Map(
    readdirSync(dir).map((id) => {
      const stat = readFileSync(`${dir}/${id}/stat`, "utf8");
      const [open, close] = [stat.indexOf("("), stat.lastIndexOf(")")];
      const fields = stat.slice(close + 2).split(" ");
      const [userMs, systemMs] = [Number(fields[11]) * TICK_MS, Number(fields[12]) * TICK_MS];
      const name = id === String(pid) ? "main" : stat.slice(open + 1, close);
      return [id, { name, userMs, systemMs }] as const;
    }),
  );
}

function print(what: string, before: ReadonlyMap<string, Thread>, pid: number): void {
  console.log(`${what}: ms of processor a second, user + system`);
  for (const [id, { name, userMs, systemMs }] of threadsOf(pid)) {
    const was = before.get(id);
    const [user, system] = [userMs - (was?.userMs ?? 0), systemMs - (was?.systemMs ?? 0)];
    if (user + system > TICK_MS * 2)
      console.log(`  ${name.padEnd(20)} ${perSecond(user)} + ${perSecond(system)}`);
  }
}
const perSecond = (ms: number): string => (ms / seconds).toFixed(1).padStart(7);

const bin = await kubeBinaries("kube-apiserver");
if (bin === null) throw new Error("no kube-apiserver or etcd: run scripts/setup test");
const closers: (() => unknown)[] = [];
try {
  const words = await ferrolb();
  const [node = "node", ...rest] = words;
  const profiled =
    values.profile === undefined
      ? words
      : [
          node,
          "--cpu-prof",
          "--cpu-prof-interval",
          "500",
          "--cpu-prof-dir",
          values.profile,
          ...rest,
        ];
  const site = await startSite({ bin, frr: "8.4", closing: (step) => closers.push(step) });
  const bench: Bench = {
    plan: { ...FULL, churnPerS },
    ...{ site, systems: ["ferrolb"], say: console.error },
    ledger: createLedger(rowsFor(FULL), ["ferrolb"]),
    programs: { ferrolb: profiled, peers: null },
    signal: new AbortController().signal,
  };
  await fill({ ...bench, programs: { ferrolb: words, peers: null } }, services);
  await withSession(bench, "ferrolb", ["n1"], async (session) => {
    await allRouted(bench);
    await sleep(10_000 + services * STATUS_MS);
    const pids = {
      speaker: session.speakers.get("n1")!.pid(),
      controller: session.controller.pid(),
    };
    const measure = async (what: string): Promise<void> => {
      const before = Object.entries(pids).map(
        ([name, pid]) => [name, pid, threadsOf(pid)] as const,
      );
      await sleep(seconds * 1000);
      for (const [name, pid, was] of before) print(`${name}, ${what}`, was, pid);
    };
    await measure("idle");
    const stop = startChurn(bench);
    await measure(`${churnPerS} changes a second beside ${services}`);
    await stop();
  });
} finally {
  for (const close of closers.reverse()) await close();
}
