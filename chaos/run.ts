/** One run: a lab, faults and changes by the schedule, eyes on the wire, and the report. */
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { FrrVersion } from "../src/lab/frr-root.ts";
import { startLab } from "../src/lab/lab.ts";
import type { Lab } from "../src/lab/lab.ts";
import { whoIsWho } from "../src/lab/look.ts";
import { NODES, ROUTERS, addressOf } from "../src/lab/plan.ts";
import type { NodeName } from "../src/lab/plan.ts";
import { LAB_ROUTERS, routerLog } from "../src/lab/router-config.ts";
import { Clash } from "./clash.ts";
import type { Fencing } from "./clash.ts";
import { injectorFor, writeWhole } from "./inject.ts";
import type { Heal } from "./inject.ts";
import { Judge } from "./judge.ts";
import type { Violation } from "./judge.ts";
import type { KindName } from "./kinds.ts";
import type { Excerpt, Report } from "./report.ts";
import { scheduleFor } from "./schedule.ts";
import type { Change, Fault } from "./schedule.ts";
import { differences } from "./status.ts";
import type { StatusFile } from "./status.ts";
import { watchAnswers, watchLog, watchRoutes } from "./watch.ts";
import { configuration, manifestText, serviceManifests, spotsFor } from "./world.ts";

export interface RunOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly services: number;
  /** Of the nodes; the routers are one of each. Null: one of each there too. */
  readonly frr: FrrVersion | null;
  readonly fencing: Fencing;
  readonly kinds?: readonly KindName[];
  /** The words that run FerroLB. */
  readonly ferrolb: readonly string[];
  /** Told as it goes on. */
  readonly tell: (line: string) => void;
}

const SETTLE_LIMIT_MS = 60_000;
const STEADY_MS = 4000;
/** An address without an answer for so long has nobody: a round alone may be lost. */
const SILENT_MS = 1000;
const STATUS_LIMIT_MS = 30_000;
const DISK = "3m";
/** Processes that want each core, up to which the bounds are meant. */
const CALM_LOAD = 2;

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

async function run(
  o: RunOptions,
  signal: AbortSignal,
  { prefix, dir }: { readonly prefix: string; readonly dir: string },
  closers: (() => Promise<unknown>)[],
): Promise<Report> {
  const spots = spotsFor(o.services);
  const restless = spots.filter((s) => s.restless);
  const lastsMs = o.minutes * 60_000;
  const schedule = scheduleFor({
    ...{ seed: o.seed, lastsMs, restless },
    ...(o.kinds !== undefined && { kinds: o.kinds }),
  });
  const manifests = join(dir, "manifests");
  await mkdir(manifests);
  const write = (name: string, text: string): Promise<void> =>
    writeWhole(join(manifests, `${name}.yaml`), text);
  for (const [name, objects] of Object.entries(configuration(LAB_ROUTERS.r1.password ?? "")))
    await write(name, manifestText(objects));
  for (const spot of spots) await write(spot.name, manifestText(serviceManifests(spot, NODES)));
  const disks = await smallDisks(dir);
  closers.push(() => release(disks));
  const crashed: string[] = [];
  const lab = await startLab({
    ...{ prefix, dir, manifests, ferrolb: o.ferrolb, backends: false, restartMs: 1000 },
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

  const clash = new Clash(o.fencing);
  const judge = new Judge(spots, clash);
  const wire = {
    owners: new Map<string, readonly string[]>(),
    routes: new Map<string, ReadonlyMap<string, readonly string[]>>(),
  };
  for (const spot of spots) clash.change(spot, true, NODES, Date.now());
  let [rounds, routeLooks] = [0, 0];
  let judging = false;
  let firstRoundMs: number | null = null;
  const answeredMs = new Map<string, number>();
  const nameOf = await whoIsWho(lab.places);
  closers.push(
    watchAnswers({
      ...{ client: lab.places.c1, device: "eth0", nameOf },
      ...{ v4: addressOf("c1", "lan"), v6: addressOf("c1", "lan", "v6") },
      addresses: spots.filter((s) => s.by === "l2").map((s) => s.address),
      onRound(atMs, answers) {
        firstRoundMs ??= atMs;
        for (const [address, who] of answers) {
          wire.owners.set(address, who);
          answeredMs.set(address, atMs);
        }
        for (const [address, lastMs] of answeredMs)
          if (atMs - lastMs > SILENT_MS) wire.owners.delete(address);
        if (!judging) return;
        rounds++;
        judge.round(atMs, answers);
      },
    }),
  );
  for (const router of ROUTERS) {
    closers.push(
      watchRoutes(lab.places[router], nameOf, (atMs, routes) => {
        wire.routes.set(router, routes);
        if (!judging) return;
        routeLooks++;
        judge.routes(router, atMs, routes);
      }),
      await watchLog(routerLog(dir, router), ({ atMs, neighbor, prefix: taken }) => {
        const node = nameOf(neighbor);
        if (judging && isNode(node)) judge.withdrawn(router, node, taken, atMs);
      }),
    );
  }
  let busiest = 0;
  const loadTimer = setInterval(() => {
    const perCore = (loadavg()[0] ?? 0) / availableParallelism();
    busiest = Math.max(busiest, perCore);
    judge.load(perCore / CALM_LOAD);
  }, 1000);
  closers.push(() => {
    clearInterval(loadTimer);
    return Promise.resolve();
  });
  const present = new Set(spots.map((s) => s.name));
  const asItShould = (): boolean =>
    firstRoundMs !== null && differencesOnTheWire(spots, present, wire) === null;
  await waitFor(asItShould, 2 * SETTLE_LIMIT_MS, signal);
  const before = differencesOnTheWire(spots, present, wire);
  if (before !== null && !signal.aborted) throw new Error(`the lab does not come up: ${before}`);
  o.tell(`everything stands; faults for ${o.minutes} min, seed ${o.seed}`);

  judging = true;
  const beganMs = Date.now();
  const injector = injectorFor({ lab, spots, disks });
  const counts: Record<string, number> = {};
  const excerpts = new Map<Violation, readonly Excerpt[]>();
  const stopTelling = tellViolations(judge, lab, excerpts, o.tell);
  const stamp = (): string => `${((Date.now() - beganMs) / 1000).toFixed(1)} s`.padStart(8);
  const onLoad = new Map(spots.map((s) => [s.name, NODES as readonly NodeName[]]));

  const one = async (fault: Fault): Promise<void> => {
    clash.begin(fault, Date.now());
    let heal: Heal = () => Promise.resolve();
    try {
      o.tell(`${stamp()}  ${fault.kind} ${fault.target}`);
      heal = await injector.inject(fault);
      counts[fault.kind] = (counts[fault.kind] ?? 0) + 1;
      await pause(fault.untilMs - (Date.now() - beganMs), signal);
    } catch (error) {
      o.tell(`${stamp()}  ${fault.kind} ${fault.target} not made: ${String(error)}`);
    }
    await heal().catch((error: unknown) =>
      o.tell(`${stamp()}  ${fault.kind} ${fault.target} not healed: ${String(error)}`),
    );
    clash.heal(fault, Date.now());
    o.tell(`${stamp()}  ${fault.kind} ${fault.target} healed`);
  };
  const make = async ({ service, what, on }: Change): Promise<void> => {
    const spot = spots.find((s) => s.name === service);
    if (spot === undefined) return;
    const where = spot.local ? on : NODES;
    clash.change(spot, what !== "delete", where, Date.now());
    onLoad.set(service, where);
    if (what === "delete") {
      present.delete(service);
      await rm(join(manifests, `${service}.yaml`), { force: true });
    } else {
      present.add(service);
      await write(service, manifestText(serviceManifests(spot, where)));
    }
  };
  let changes = 0;
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
  let writing = Promise.resolve();
  await Promise.all([
    inTime(schedule.faults, (fault) => running.push(one(fault))),
    inTime(schedule.changes, (change) => {
      changes++;
      writing = writing.then(() => make(change)); // one after the other: two may be of one file
    }),
  ]);
  await Promise.all([...running, writing]);
  const ranMs = Date.now() - beganMs;

  if (!signal.aborted) {
    o.tell(`${stamp()}  all healed; waiting until it is calm`);
    const expected = (): string | null => differencesOnTheWire(spots, present, wire, onLoad);
    await waitFor(() => expected() === null, SETTLE_LIMIT_MS, signal, STEADY_MS);
    judging = false;
    const left = expected();
    if (left !== null) judge.status("the wire in the end", left, Date.now());
    const there = spots.filter((s) => present.has(s.name));
    let wrong = differences(there, await statusFiles(manifests), wire);
    const untilMs = Date.now() + STATUS_LIMIT_MS;
    while (wrong.length > 0 && Date.now() < untilMs) {
      await sleep(500);
      wrong = differences(there, await statusFiles(manifests), wire);
    }
    for (const { object, seen } of wrong) judge.status(object, seen, Date.now());
  }
  for (const line of crashed) judge.status("a daemon", line, Date.now());
  await stopTelling();
  return {
    ...{ seed: o.seed, minutes: o.minutes, services: o.services, frr: o.frr },
    ...{ fencing: o.fencing, kinds: o.kinds ?? null },
    command: replay(o),
    ...{ ranMs, faults: counts, changes, rounds, routeLooks, blindMs: judge.blindMs, busiest },
    violations: judge.violations.map((v) => ({ ...v, excerpts: excerpts.get(v) ?? [] })),
    worst: judge.worst(),
    longest: judge.longest(),
  };
}

const replay = ({ seed, minutes, services, frr, fencing, kinds }: RunOptions): string =>
  [
    `npm run chaos -- --seed ${seed} --minutes ${minutes} --services ${services}`,
    ...(frr === null ? [] : [`--frr ${frr}`]),
    ...(fencing === "quorum" ? [] : [`--fencing ${fencing}`]),
    ...(kinds === undefined ? [] : [`--kinds ${kinds.join(",")}`]),
  ].join(" ");

const isNode = (name: string): name is NodeName => (NODES as readonly string[]).includes(name);

/** In calm: the first thing that is not as it should be, or null. */
function differencesOnTheWire(
  spots: readonly { name: string; by: string; address: string; local: boolean }[],
  present: ReadonlySet<string>,
  wire: {
    readonly owners: ReadonlyMap<string, readonly string[]>;
    readonly routes: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
  },
  on: ReadonlyMap<string, readonly NodeName[]> = new Map(),
): string | null {
  for (const { name, by, address, local } of spots) {
    const nodes = !present.has(name) ? [] : local ? (on.get(name) ?? NODES) : NODES;
    if (by === "l2") {
      const who = wire.owners.get(address) ?? [];
      if (nodes.length > 0 && (who.length !== 1 || !nodes.includes(who[0] as NodeName)))
        return `${address} is answered by ${who.join(" ") || "nobody"}`;
      continue;
    }
    const prefix = `${address}/${address.includes(":") ? 128 : 32}`;
    for (const router of ROUTERS) {
      const through = [...(wire.routes.get(router)?.get(prefix) ?? [])].sort().join(" ");
      if (through !== nodes.join(" ")) return `${prefix} at ${router} via ${through || "nobody"}`;
    }
  }
  return null;
}

/** Polls until it has held for `steadyMs`. */
async function waitFor(
  holds: () => boolean,
  limitMs: number,
  signal: AbortSignal,
  steadyMs = 0,
): Promise<void> {
  const untilMs = Date.now() + limitMs;
  let sinceMs = Date.now();
  while (Date.now() < untilMs && !signal.aborted) {
    if (!holds()) sinceMs = Date.now();
    else if (Date.now() - sinceMs >= steadyMs) return;
    await sleep(100);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  ms <= 0 ? Promise.resolve() : sleep(ms, null, { signal }).catch(() => null);

type Disks = Readonly<Record<NodeName, readonly string[]>>;

/** State directory and frr.conf of each node on file systems of their own, so small that they fill at once. */
async function smallDisks(dir: string): Promise<Disks> {
  const entries: [NodeName, readonly string[]][] = [];
  for (const node of NODES) {
    const places = [join(dir, node, "state"), join(dir, node, "frr/etc")];
    for (const place of places) {
      await mkdir(place, { recursive: true });
      await execa("mount", ["-t", "tmpfs", "-o", `size=${DISK},mode=0775`, "chaos", place]);
    }
    entries.push([node, places]);
  }
  return Object.fromEntries(entries) as Disks;
}

/** Safe to repeat. */
async function release(disks: Disks): Promise<void> {
  for (const place of Object.values(disks).flat())
    await execa("umount", ["--lazy", place], { reject: false });
}

/** Each new violation is told at once, with what the logs say around it. Returns the way to stop. */
function tellViolations(
  judge: Judge,
  lab: Lab,
  excerpts: Map<Violation, readonly Excerpt[]>,
  tell: (line: string) => void,
): () => Promise<void> {
  let told = 0;
  const look = async (): Promise<void> => {
    for (; told < judge.violations.length; told++) {
      const violation = judge.violations[told];
      if (violation === undefined) break;
      const { what, object, seen, faults } = violation;
      tell(`VIOLATION ${what} ${object}: ${seen} (${faults.join(", ") || "no fault"})`);
      if (excerpts.size < 20) excerpts.set(violation, await excerptsOf(lab));
    }
  };
  let work = Promise.resolve();
  const timer = setInterval(() => {
    work = work.then(look);
  }, 500);
  return async () => {
    clearInterval(timer);
    await work;
    await look();
  };
}

const EXCERPT_LINES = 12;

const excerptsOf = (lab: Lab): Promise<readonly Excerpt[]> =>
  Promise.all(
    [lab.controller, ...NODES.map((n) => lab.nodes[n].speaker)].map(async ({ name, log }) => {
      const text = await readFile(log, "utf8").catch(() => "");
      return { log: name, lines: text.trimEnd().split("\n").slice(-EXCERPT_LINES) };
    }),
  );

/** What lies below `.status`, as far as it can be read. */
async function statusFiles(manifests: string): Promise<readonly StatusFile[]> {
  const root = join(manifests, ".status");
  const paths = (await readdir(root, { recursive: true })).filter((p) => p.endsWith(".json"));
  const read = await Promise.all(
    paths.map(async (path): Promise<StatusFile | null> => {
      const [kind = "", ...rest] = path.split("/");
      const text = await readFile(join(root, path), "utf8").catch(() => "");
      try {
        const { status = {} } = JSON.parse(text) as { status?: Record<string, unknown> };
        return { kind, status, name: (rest.at(-1) ?? "").replace(/\.json$/, "") };
      } catch {
        return null; // being written
      }
    }),
  );
  return read.filter((f) => f !== null);
}
