/**
 * The FRR sidecar behind vtysh. Keeps what FRR had when it was read last, so that a change costs one batch;
 * looks again every two seconds, and tells its listeners when FRR is no longer as it was left. A change never waits
 * for a look: most looks only ask the daemons whether anything is different, and one that a change overtakes is void.
 */
import { access, constants } from "node:fs/promises";
import type { SentRoutes } from "../api/sent-routes.ts";
import { AppError } from "../errors.ts";
import { deltaFor } from "../frr-config/delta.ts";
import { emptyBlock, parseTree, type Block } from "../frr-config/tree.ts";
import { formatFrrVersion, sameVersion } from "../frr-config/version.ts";
import type { Applied, Desired } from "../api/frr-desired.ts";
import type { Clock } from "../runtime/clock.ts";

import { awayFor, withoutAway } from "./away.ts";
import { bring } from "./bring.ts";
import { readConfFile, replaceConfFile } from "./conf-file.ts";
import { directTo, runningFor } from "./direct.ts";
import { NO_STATS, type DriftCause, type FrrEvent, type FrrStats } from "./events.ts";
import { daemonsIn, incarnation, readRunning, type Running } from "./running.ts";
import { NO_TOLERANCE, type Tolerance } from "./tolerance.ts";
import { sentReader } from "./sent-reader.ts";
import { vtyTo } from "./vty.ts";
import { vtyshAt } from "./vtysh.ts";

export interface FrrEngineOptions {
  /** Path of vtysh, or the command with its first arguments. Default `vtysh`. */
  readonly vtysh?: string | readonly string[];
  /** Directory of the daemons' sockets. Default `/var/run/frr`. */
  readonly vtyDir?: string;
  /** frr.conf as FRR loads it by itself. Default `/etc/frr/frr.conf`. */
  readonly confFile?: string;
  readonly clock: Clock;
  /** Told once per change; must not throw. */
  readonly onEvent?: (event: FrrEvent) => void;
  /** Between two looks at FRR. Default 2000, so that nothing stays unseen for five seconds. */
  readonly checkEveryMs?: number;
  /** How long one vtysh may take. Default 5000; a look may take 2000. */
  readonly timeoutMs?: number;
}

export interface RunningFrrEngine {
  /**
   * Brings the running configuration to `desired` by an exact delta in one batch, reads back, rolls back
   * on a refusal, and replaces frr.conf on disk.
   * @throws AppError `ERR_FRR_UNREACHABLE` (transient)
   */
  apply(desired: Desired, signal: AbortSignal): Promise<Applied>;
  /** FRR restarted, was edited by hand, or came back: apply again. */
  onDrift(listener: () => void): () => void;
  /** What each session was really sent, as FRR says. @throws AppError `ERR_FRR_UNREACHABLE` */
  sent(): Promise<SentRoutes>;
  /** How often each event was told. */
  stats(): FrrStats;
  close(): Promise<void>;
}

const LOOK_MS = 2000;
/** Looks that may rely on what the daemons say, before vtysh is asked again. */
const MOST_GLANCES = 4;

/** Starts looking at FRR at once; it need not be there yet. */
export function startFrrEngine(options: FrrEngineOptions): RunningFrrEngine {
  const { clock, checkEveryMs = 2000, timeoutMs = 5000 } = options;
  const { vtyDir = "/var/run/frr", confFile = "/etc/frr/frr.conf" } = options;
  const { vtysh: words = "vtysh" } = options;
  const command = typeof words === "string" ? [words] : words;
  const vtysh = vtyshAt({ command, vtyDir, timeoutMs });
  const bgpd = vtyTo("bgpd", vtyDir, timeoutMs);
  const direct = directTo(vtyDir, timeoutMs);
  const sent = sentReader(bgpd);
  const listeners = new Set<() => void>();
  const counts: Record<FrrEvent["kind"], number> = { ...NO_STATS };

  let running: Running | null = null; // as read last; null: must be read before use
  let bornAs = ""; // the daemons that `running` was read from
  let applied: { readonly text: string; readonly tree: Block } | null = null;
  let tolerance: Tolerance = NO_TOLERANCE;
  let onDisk: string | null = null; // null: not read yet
  let away = false;
  let partly = ""; // daemons that are away with lines of ours, while the others answer
  let drift: DriftCause | null = null;
  let unwritten = false;
  let versionsSeen = "";
  let comparedFor = ""; // daemons keep their version while they live
  let turns = 0; // changes that were begun: what was read before one of them is of the past
  let overtaken = 0; // looks that were void, in a row
  let glances = 0; // since vtysh was asked
  let marks: ReadonlyMap<string, string> | null = null; // of the daemons when `running` was read

  const tell = (event: FrrEvent): void => {
    counts[event.kind]++;
    options.onEvent?.(event);
  };
  const drifted = (cause: DriftCause): void => {
    if (drift === null) tell({ kind: "drift", cause });
    drift ??= cause;
    for (const listener of listeners) listener();
  };

  /** Notes which daemons `tree` has to wait for. `true`: none any more, and there were some before. */
  const waitsFor = (tree: Block, { daemons }: Running): boolean => {
    const away = awayFor(tree, daemons);
    const before = partly;
    partly = away.join(" ");
    if (partly === before) return false;
    tell(partly === "" ? { kind: "whole-again" } : { kind: "partly-away", daemons: away });
    return partly === "";
  };

  /** One thing at a time: vtysh calls must not overlap. */
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };

  /** Marks FRR as away on a failure, once, and as back on a success. */
  const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      away = false;
      return result;
    } catch (error) {
      running = null; // whatever was under way may have happened or not
      if (!away) tell({ kind: "unreachable", reason: messageOf(error) });
      away = true;
      throw error;
    }
  };

  const read = async (limitMs: number): Promise<Running> => {
    bornAs = await incarnation(vtyDir);
    glances = 0;
    // Not later than the reading: what changes in between is seen by the next look.
    marks = away ? null : await marksNow().catch(() => null); // vtysh will say what is the matter
    const seen = await direct.own(await readRunning(vtysh, limitMs, running));
    running = seen;
    if (comparedFor !== bornAs) await compareVersions(seen);
    comparedFor = bornAs;
    return seen;
  };

  const marksNow = async () => direct.marks(await daemonsIn(vtyDir));

  const compareVersions = async ({ version }: Running): Promise<void> => {
    const own = await vtysh.version();
    if (own === null || version === null) return;
    const seen = `${formatFrrVersion(own)} ${formatFrrVersion(version)}`;
    if (seen === versionsSeen) return;
    versionsSeen = seen;
    if (sameVersion(own, version)) return;
    const [client, daemons] = [formatFrrVersion(own), formatFrrVersion(version)];
    tell({ kind: "version-mismatch", vtysh: client, daemons });
  };

  const writeConf = async (text: string): Promise<void> => {
    if (onDisk === text) return;
    try {
      await replaceConfFile(confFile, text);
      onDisk = text;
      if (unwritten) tell({ kind: "conf-written" });
      unwritten = false;
    } catch (error) {
      if (!unwritten) tell({ kind: "conf-unwritten", reason: messageOf(error) });
      unwritten = true;
    }
  };

  const apply = async (desired: Desired): Promise<Applied> => {
    const start = clock.now();
    onDisk ??= await readConfFile(confFile);
    applied ??= { text: onDisk, tree: parseTree(onDisk) };
    const tree = applied.text === desired.text ? applied.tree : parseTree(desired.text);
    if (running !== null && bornAs !== (await incarnation(vtyDir))) running = null;
    const known = running ?? (await read(timeoutMs));
    const ours = merged(applied.tree, tolerance.spelled);
    let givenMs = 0;
    const onGiven = (): void => {
      givenMs = clock.now() - start;
    };
    const task = { vtysh, direct, onGiven, running: known, desired, tree, ours, tolerance };
    const brought = await bring(task);
    if (bornAs !== (await incarnation(vtyDir)))
      throw new AppError("ERR_FRR_UNREACHABLE", "FRR restarted during the batch");
    if (brought.running !== known) marks = marksAfter(brought.running);
    ({ running, tolerance } = brought);
    if (brought.refusals.length > 0) {
      tell({ kind: "refused", refusals: brought.refusals });
      if (!brought.restored) tell({ kind: "unrestored" });
      return { kind: "refused", refusals: brought.refusals };
    }
    applied = { text: desired.text, tree };
    waitsFor(tree, brought.running);
    await writeConf(desired.text);
    if (drift !== null) tell({ kind: "healed", cause: drift });
    drift = null;
    if (brought.commands === 0) return { kind: "settled" };
    const durationMs = clock.now() - start;
    tell({ kind: "applied", commands: brought.commands, durationMs });
    return { kind: "applied", commands: brought.commands, durationMs, givenMs };
  };

  /** Only bgpd has changed, and it is known to what; else it takes a reading. */
  const marksAfter = ({ bgpd: mark }: Running): typeof marks =>
    mark === undefined || marks === null ? null : new Map([...marks, ["bgpd", mark]]);

  /** Whether FRR is as it was read last, without a process: what vtysh shows is what the daemons have. */
  const isUnchanged = async (): Promise<boolean> => {
    if (away || unwritten || running === null || marks === null) return false;
    if (++glances > MOST_GLANCES || bornAs !== (await incarnation(vtyDir))) return false;
    if (command[0]?.includes("/") === true) await access(command[0], constants.X_OK);
    const before = marks;
    const now = await marksNow();
    return now.size === before.size && [...now].every(([name, mark]) => before.get(name) === mark);
  };

  /** Beside the changes, unless there is something to be seen. */
  const glance = async (): Promise<void> => {
    const turn = turns;
    if (await isUnchanged().catch(() => false)) return;
    await alone(async () => {
      // A change read back meanwhile; a hand's doing is still there for the next look.
      if (turn === turns || ++overtaken > MOST_GLANCES) await look();
    });
  };

  const look = async (): Promise<void> => {
    overtaken = 0;
    const wasAway = away;
    const before = bornAs;
    const known = running?.text;
    const seen = await reaching(() => read(Math.min(LOOK_MS, timeoutMs)));
    const isWhole = applied !== null && waitsFor(applied.tree, seen);
    if (wasAway || isWhole) drifted("returned");
    else if (before !== "" && before !== bornAs) drifted("restarted");
    else if (applied !== null && known !== seen.text && differs(seen, applied.tree))
      drifted("edited");
    if (unwritten && applied !== null) await writeConf(applied.text);
  };
  const differs = (seen: Running, all: Block): boolean => {
    const tree = withoutAway(all, seen.daemons);
    return (
      deltaFor(runningFor(seen, tree), tree, { ours: tree, tolerated: tolerance.keys }).commands
        .length > 0
    );
  };

  let closed = false;
  let cancel = (): void => undefined;
  const keepLooking = (): void => {
    if (closed) return;
    cancel = clock.after(checkEveryMs, () => {
      void glance()
        .catch(() => undefined) // told already
        .then(keepLooking);
    });
  };
  /** Nobody looks after an FRR that nothing is asked of: a node without peers may have none. */
  let looking = false;

  return {
    apply: (desired, signal) =>
      alone(async () => {
        turns++;
        signal.throwIfAborted();
        if (!looking) keepLooking();
        looking = true;
        return await reaching(() => apply(desired));
      }),
    onDrift(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    // Questions do not wait for their turn: they change nothing, and a batch must not wait for them.
    sent: async () => sent.read(await incarnation(vtyDir)),
    stats: () => ({ ...counts }),
    async close() {
      closed = true;
      cancel();
      listeners.clear();
      bgpd.close();
      direct.close();
      await last.catch(() => undefined);
    },
  };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : "not an error";

/** The lines of both. */
function merged(a: Block, b: Block): Block {
  if (b.size === 0) return a;
  const out = new Map(a);
  for (const [line, below] of b) out.set(line, merged(a.get(line) ?? emptyBlock(), below));
  return out;
}
