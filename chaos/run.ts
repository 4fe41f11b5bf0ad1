/** One run: a lab, faults and changes by the schedule, eyes on the wire, and the report. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FrrVersion } from "../src/lab/frr-root.ts";
import { startLab } from "../src/lab/lab.ts";
import { NODES } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import { LAB_ROUTERS } from "../src/lab/router-config.ts";
import { outOfOrder, pause, waitFor } from "./calm.ts";
import { Clash } from "./clash.ts";
import type { Fencing } from "./clash.ts";
import { directoryGround } from "./directory-ground.ts";
import { release, smallDisks } from "./disks.ts";
import { openEyes } from "./eyes.ts";
import type { Ground, Heal } from "./ground.ts";
import { injectorFor } from "./inject.ts";
import { Judge } from "./judge.ts";
import { kindsFor } from "./kinds.ts";
import type { KindName } from "./kinds.ts";
import type { Report } from "./report.ts";
import { scheduleFor } from "./schedule.ts";
import type { Change, Fault } from "./schedule.ts";
import { differences } from "./status.ts";
import { tellViolations } from "./telling.ts";
import { configuration, serviceManifests, spotsFor } from "./world.ts";
import type { Manifest, Spot } from "./world.ts";

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly services: number;
  /** Of the nodes; the routers are one of each. Null: one of each there too. */
  readonly frr: FrrVersion | null;
  readonly fencing: Fencing;
  readonly kinds?: readonly KindName[];
  /** Directory with kube-apiserver: the lab follows an API server. Null: a directory of manifests. */
  readonly cluster: string | null;
  /** The words that run FerroLB. */
  readonly ferrolb: readonly string[];
  /** Told as it goes on. */
  readonly tell: (line: string) => void;
}

const SETTLE_LIMIT_MS = 60_000;
const STEADY_MS = 4000;
const STATUS_LIMIT_MS = 30_000;

/** Ends early, in order, when `signal` is aborted. @throws AppError `ERR_ENVIRONMENT` when the lab does not come up */
export async function runChaos(o: RunOptions, signal: AbortSignal): Promise<Report> {
  const prefix = `ferrolb-${process.pid}-chaos`;
  const dir = await mkdtemp(join(tmpdir(), `${prefix}-`));
  const closers: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  try {
    return await run(o, signal, { prefix, dir }, closers);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function groundFor(
  { cluster, ferrolb }: RunOptions,
  dir: string,
  spots: readonly Spot[],
  signal: AbortSignal,
): Promise<Ground> {
  const objects = new Map<string, readonly Manifest[]>([
    ...Object.entries(configuration(LAB_ROUTERS.r1.password ?? "")),
    ...spots.map((spot) => [spot.name, serviceManifests(spot, NODES)] as const),
  ]);
  if (cluster === null) {
    const ground = await directoryGround(join(dir, "manifests"), spots);
    for (const [name, list] of objects) await ground.put(name, list);
    return ground;
  }
  const { clusterGround } = await import("./cluster-ground.ts");
  return await clusterGround({ dir: join(dir, "cluster"), bin: cluster, ferrolb, objects, signal });
}

async function run(
  o: RunOptions,
  signal: AbortSignal,
  { prefix, dir }: { readonly prefix: string; readonly dir: string },
  closers: (() => Promise<unknown>)[],
): Promise<Report> {
  const source = o.cluster === null ? "directory" : "cluster";
  const spots = spotsFor(o.services);
  const schedule = scheduleFor({
    ...{ seed: o.seed, lastsMs: o.minutes * 60_000, restless: spots.filter((s) => s.restless) },
    kinds: o.kinds ?? kindsFor(source),
  });
  const ground = await groundFor(o, dir, spots, signal);
  closers.push(() => ground.close());
  const disks = await smallDisks(dir);
  closers.push(() => release(disks));
  const crashed: string[] = [];
  const lab = await startLab({
    ...{ prefix, dir, ferrolb: o.ferrolb, backends: false, restartMs: 1000, ...ground.follow },
    speakerFlags: ["--ml-fencing", o.fencing],
    ...(o.frr !== null && { frr: Object.fromEntries(NODES.map((n) => [n, o.frr])) }),
    routers: { r1: { ...LAB_ROUTERS.r1, record: true }, r2: { ...LAB_ROUTERS.r2, record: true } },
    onStep: (what, ms) => o.tell(`${what} (${(ms / 1000).toFixed(1)} s)`),
    onCrash: (name, code) => crashed.push(`${name} ended by itself: ${code ?? "signal"}`),
  });
  closers.push(
    () => lab.stop(),
    () => release(disks), // before the lab removes its directory
  );
  const controllers = ground.join(lab);

  const clash = new Clash(o.fencing, source);
  const judge = new Judge(spots, clash);
  for (const spot of spots) clash.change(spot, true, NODES, Date.now());
  const eyes = await openEyes(lab, spots, judge);
  closers.push(() => eyes.close());
  const asked = {
    present: new Set(spots.map((s) => s.name)),
    on: new Map<string, readonly NodeName[]>(),
  };
  const wrong = (): string | null => outOfOrder(spots, asked, eyes.wire);
  await waitFor(() => eyes.isOpen() && wrong() === null, 2 * SETTLE_LIMIT_MS, signal);
  const before = wrong();
  if (before !== null && !signal.aborted) throw new Error(`the lab does not come up: ${before}`);
  o.tell(`everything stands; faults for ${o.minutes} min, seed ${o.seed}`);

  eyes.judge(true);
  const beganMs = Date.now();
  const injector = injectorFor({ lab, ground, controllers, disks });
  const counts: Record<string, number> = {};
  const daemons = [...controllers, ...NODES.map((n) => lab.nodes[n].speaker)];
  const telling = tellViolations(judge, daemons, o.tell);
  const stamp = (): string => `${((Date.now() - beganMs) / 1000).toFixed(1)} s`.padStart(8);

  const one = async (fault: Fault): Promise<void> => {
    const named = `${fault.kind} ${fault.target}`;
    clash.begin(fault, Date.now());
    let heal: Heal = () => Promise.resolve();
    try {
      o.tell(`${stamp()}  ${named}`);
      heal = await injector.inject(fault);
      counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
      await pause(fault.untilMs - (Date.now() - beganMs), signal);
    } catch (error) {
      o.tell(`${stamp()}  ${named} not made: ${String(error)}`);
    }
    await heal().catch((error: unknown) =>
      o.tell(`${stamp()}  ${named} not healed: ${String(error)}`),
    );
    clash.heal(fault, Date.now());
    o.tell(`${stamp()}  ${named} healed`);
  };
  const make = async ({ service, what, on }: Change): Promise<void> => {
    const spot = spots.find((s) => s.name === service);
    if (spot === undefined) return;
    const where = spot.local ? on : NODES;
    clash.change(spot, what !== "delete", where, Date.now());
    asked.on.set(service, where);
    if (what === "delete") asked.present.delete(service);
    else asked.present.add(service);
    if (what === "delete") await ground.drop(service);
    else await ground.put(service, serviceManifests(spot, where));
  };
  const inTime = async <T extends { readonly atMs: number }>(
    list: readonly T[],
    act: (item: T) => void,
  ): Promise<void> => {
    for (const item of list) {
      await pause(item.atMs - (Date.now() - beganMs), signal);
      if (signal.aborted) return;
      act(item);
    }
  };
  const running: Promise<void>[] = [];
  let changes = 0;
  let writing = Promise.resolve();
  await Promise.all([
    inTime(schedule.faults, (fault) => {
      running.push(one(fault));
    }),
    inTime(schedule.changes, (change) => {
      changes++;
      writing = writing // one after the other: two may be of one object
        .then(() => make(change))
        .catch((error: unknown) => judge.status(change.service, String(error), Date.now()));
    }),
  ]);
  await Promise.all([...running, writing]);
  const ranMs = Date.now() - beganMs;

  if (!signal.aborted) {
    o.tell(`${stamp()}  all healed; waiting until it is calm`);
    await waitFor(() => wrong() === null, SETTLE_LIMIT_MS, signal, STEADY_MS);
    eyes.judge(false);
    const left = wrong();
    if (left !== null) judge.status("the wire in the end", left, Date.now());
    const there = spots.filter((s) => asked.present.has(s.name));
    const untilMs = Date.now() + STATUS_LIMIT_MS;
    let unlike = differences(there, await ground.statuses(), eyes.wire);
    while (unlike.length > 0 && Date.now() < untilMs) {
      await sleep(500);
      unlike = differences(there, await ground.statuses(), eyes.wire);
    }
    for (const { object, seen } of unlike) judge.status(object, seen, Date.now());
  }
  for (const line of crashed) judge.status("a daemon", line, Date.now());
  await telling.stop();
  return {
    ...{ seed: o.seed, minutes: o.minutes, services: o.services, frr: o.frr, source },
    ...{ fencing: o.fencing, kinds: o.kinds ?? null },
    command: replay(o),
    ...{ ranMs, faults: counts, changes, blindMs: judge.blindMs, ...eyes.seen() },
    violations: judge.violations.map((v) => ({ ...v, excerpts: telling.excerptsOf(v) })),
    worst: judge.worst(),
    longest: judge.longest(),
  };
}

const replay = (o: RunOptions): string =>
  [
    `npm run chaos -- --seed ${o.seed} --minutes ${o.minutes} --services ${o.services}`,
    ...(o.cluster === null ? [] : ["--cluster"]),
    ...(o.frr === null ? [] : [`--frr ${o.frr}`]),
    ...(o.fencing === "quorum" ? [] : [`--fencing ${o.fencing}`]),
    ...(o.kinds === undefined ? [] : [`--kinds ${o.kinds.join(",")}`]),
  ].join(" ");
