/**
 * Brings a running FRR to a desired configuration: delta, one batch, read back, compare. What vtysh does not
 * even know as a command is found before, and then nothing is given to FRR. What FRR does not
 * have afterwards was refused, whatever it said; then the prior configuration is restored, and read back too.
 */
import { deltaFor, pathKey, type Delta, type Difference } from "../frr-config/delta.ts";
import { maskLine, maskText } from "../frr-config/mask.ts";
import { normalPath } from "../frr-config/normalise.ts";
import type { Command } from "../frr-config/step.ts";
import { paths, type Block } from "../frr-config/tree.ts";
import type { Desired, Refusal } from "../api/frr-desired.ts";
import { AppError } from "../errors.ts";
import { withoutAway } from "./away.ts";
import type { Complaint } from "./complaints.ts";
import { isDirect, runningFor, type Direct } from "./direct.ts";
import { readRunning, type Running } from "./running.ts";
import { learn, stillValid, type Tolerance } from "./tolerance.ts";
import type { Vtysh } from "./vtysh.ts";

export interface Task {
  readonly vtysh: Vtysh;
  /** Absent: everything goes by vtysh. */
  readonly direct?: Direct;
  /** FRR has been given what was to be done first; routes are on their way. */
  readonly onGiven?: () => void;
  /** As known; it may have changed since, which costs a second batch. */
  readonly running: Running;
  readonly desired: Desired;
  readonly tree: Block;
  readonly ours: Block;
  readonly tolerance: Tolerance;
}

export interface Brought {
  readonly running: Running;
  readonly tolerance: Tolerance;
  /** Lines given to FRR; 0 when nothing was to be done. */
  readonly commands: number;
  /** Empty when FRR is as desired, but for lines of daemons that are away. Otherwise the prior configuration is in force again, if `restored`. */
  readonly refusals: readonly Refusal[];
  readonly restored: boolean;
}

/** Enough for what FRR does by itself after a line, and for a running configuration that was out of date. */
const PASSES = 5;

/** @throws AppError `ERR_FRR_UNREACHABLE`; what is in force then is unknown */
export async function bring(task: Task): Promise<Brought> {
  const quick = await bringDirectly(task);
  if (quick.isDone) return quick.brought;
  const { vtysh, desired } = task;
  let { running, commands, tolerance } = quick.brought;
  let complaints: readonly Saying[] = [];
  let before = "";
  let differences: readonly Difference[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const tree = withoutAway(task.tree, running.daemons);
    const options = { ours: task.ours, tolerated: tolerance.keys };
    const delta =
      (pass === 0 ? quick.first : undefined) ?? deltaFor(runningFor(running, tree), tree, options);
    if (delta.commands.length === 0)
      return { running, tolerance, commands, refusals: [], restored: false };
    differences = delta.differences;
    const left = differences.map(({ path }) => pathKey(path)).join("\n\n");
    const learned =
      pass === 0 || complaints.length > 0
        ? null
        : learn(differences, desired, tolerance, {
            ...{ before: task.running.tree, now: running.tree, tree: task.tree },
          });
    // Where its spelling appeared, FRR has the line: given once more, some it would keep twice.
    const isSpelled = learned !== null && learned.spelled !== tolerance.spelled;
    if (left === before || isSpelled) {
      // The same again: asking once more would not help.
      if (learned === null) break;
      tolerance = learned;
      continue;
    }
    before = left;
    if (pass === 0) {
      const refusals = await refusedUnseen(task, delta);
      if (refusals.length > 0) return { running, tolerance, commands, refusals, restored: true };
    }
    complaints = await give(vtysh, delta.commands);
    if (pass === 0) task.onGiven?.();
    commands += delta.commands.length;
    running = await readAgain(task);
  }
  const refusals = refusalsFrom(complaints, differences, task);
  const restored = await restore(task, running);
  return {
    ...{ running: restored.running, tolerance: task.tolerance, commands, refusals },
    restored: restored.whole,
  };
}

/**
 * What bgpd alone can do is done there, without vtysh, and read back there. Whatever is not as desired then, for
 * whatever reason, is begun anew with vtysh.
 */
async function bringDirectly(
  task: Task,
): Promise<{ readonly isDone: boolean; readonly brought: Brought; readonly first?: Delta }> {
  const { direct, running, ours } = task;
  const tree = withoutAway(task.tree, running.daemons);
  const tolerance = stillValid(task.tolerance, task.tree);
  const from = { running, tolerance, commands: 0, refusals: [], restored: false };
  if (direct === undefined) return { isDone: false, brought: from };
  const options = { ours, tolerated: tolerance.keys };
  const first = deltaFor(runningFor(running, tree), tree, options);
  const { commands } = first;
  if (commands.length === 0) return { isDone: true, brought: from };
  if (!isDirect(commands, running.tree)) return { isDone: false, brought: from, first };
  const given = { ...from, commands: commands.length };
  try {
    await direct.give(commands);
    task.onGiven?.();
    const now = await direct.reread(running);
    if (deltaFor(runningFor(now, tree), tree, options).commands.length === 0)
      return { isDone: true, brought: { ...given, running: now } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return { isDone: false, brought: { ...given, running: await readAgain(task) } };
}

async function readAgain({ vtysh, direct }: Task): Promise<Running> {
  const running = await readRunning(vtysh);
  return (await direct?.own(running)) ?? running;
}

interface Saying {
  readonly path: readonly string[];
  readonly words: string;
}

async function give(vtysh: Vtysh, commands: readonly Command[]): Promise<readonly Saying[]> {
  return sayings(commands, await vtysh.batch(commands.map(({ text }) => text)));
}

const sayings = (
  commands: readonly Command[],
  complaints: readonly Complaint[],
): readonly Saying[] =>
  complaints.map(({ line, words }) => ({ path: commands[line - 1]?.about ?? [], words }));

/** Contexts that are entered, and prefixes: what Services change all day. */
const ROUTINE =
  /^ *(?:(?:no )?network \S+(?: route-map \S+)?|router bgp .*|(?:exit-)?address-family.*)$/;

/** Lines that are no command at all, found before any other line of their batch is on its way to a router. */
async function refusedUnseen(task: Task, delta: Delta): Promise<readonly Refusal[]> {
  const texts = delta.commands.map(({ text }) => text);
  if (texts.every((text) => ROUTINE.test(text))) return [];
  const complaints = sayings(delta.commands, await task.vtysh.check(texts));
  const keys = complaints.map(({ path }) => pathKey(path));
  // A removal that FRR has no word for may be done by another line: reading back will tell.
  const lost = delta.differences.filter(
    ({ kind, path }) =>
      kind === "missing" &&
      keys.some((key) => pathKey(path) === key || isUnder(pathKey(path), key)),
  );
  return lost.length === 0 ? [] : refusalsFrom(complaints, lost, task);
}

/** Back to what was in force before, without touching what did not change. */
async function restore(
  task: Task,
  now: Running,
): Promise<{ readonly running: Running; readonly whole: boolean }> {
  let running = now;
  for (let pass = 0; pass < PASSES; pass++) {
    // Whatever appeared goes, also what FRR prints otherwise than we wrote it.
    const before = withoutAway(task.running.tree, running.daemons);
    const delta = deltaFor(running.tree, before, { ours: now.tree });
    if (delta.commands.length === 0) return { running, whole: true };
    await give(task.vtysh, delta.commands);
    running = await readAgain(task);
  }
  return { running, whole: false };
}

/** FRR's words about the lines that it does not have, and a word of ours where it said nothing. */
function refusalsFrom(
  complaints: readonly Saying[],
  differences: readonly Difference[],
  { desired, tree }: Task,
): readonly Refusal[] {
  const said = new Map(complaints.map((one) => [pathKey(one.path), one]));
  const open = new Map(differences.map(({ path }) => [pathKey(path), path]));
  const about = [...said.keys()].filter((key) => open.has(key) || isAbove(key, open));
  const unsaid = differences.filter(({ path }) => {
    const key = pathKey(path);
    return !said.has(key) && !about.some((k) => isUnder(key, k));
  });
  // A line that is too many comes from one that is missing: its context is not to blame for it.
  const absent = unsaid.filter(({ kind }) => kind === "missing");
  const silent = absent.length + about.length > 0 ? absent : unsaid;
  const written = new Map([...paths(tree)].map((path) => [pathKey(normalPath(path)), path]));
  return [
    ...about.map((key) => said.get(key) ?? { path: [], words: "" }),
    ...silent.map(({ path }) => ({ path, words: "taken without a word, and not in force" })),
  ].map(({ path, words }) => ({
    path: path.map(maskLine),
    words: maskText(words),
    objects: desired.originOf(written.get(pathKey(path)) ?? path),
  }));
}

const isUnder = (key: string, context: string): boolean => key.startsWith(`${context}\n`);
const isAbove = (context: string, keys: ReadonlyMap<string, unknown>): boolean =>
  [...keys.keys()].some((key) => isUnder(key, context));
