/**
 * The speaker: level-triggered passes over the whole snapshot, one loop per protocol, so that L2 never waits
 * for FRR. A pass is woken by any change and reads everything; a second one changes nothing.
 */
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { NOTHING_ACCEPTED, parseAccepted } from "../config/accepted.ts";
import type { Accepted } from "../config/accepted.ts";
import type { Backoff } from "../runtime/backoff.ts";
import { startLoop } from "../runtime/loop.ts";
import type { Again } from "../runtime/loop.ts";
import { rememberAnnounced } from "./announced.ts";
import { ChangeTimes } from "./change-times.ts";
import { conditionFor } from "./configuration-state.ts";
import type { ConditionState } from "./configuration-state.ts";
import type { StateFiles } from "./controller.ts";
import type { Log } from "./log.ts";
import { FRR_FILE, bgpSide } from "./speaker-bgp.ts";
import { speakerConfigFrom } from "./speaker-config.ts";
import { l2Side } from "./speaker-l2.ts";
import type { SpeakerContext, SpeakerOptions, SpeakerPorts, World } from "./speaker-ports.ts";
import { serviceReports, speakerState } from "./speaker-reports.ts";
import { withOwnAddresses } from "./speaker-view.ts";

const BACKOFF: Backoff = { minMs: 100, maxMs: 5000 };
/** Status objects follow a little later: routes come first. */
const REPORT_MS = 100;
const ACCEPTED_FILE = "speaker-accepted.json";

/** Runs until aborted; then stops answering and leaves the membership. Resolves when that is done. */
export async function runSpeaker(
  ports: SpeakerPorts,
  options: SpeakerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { store, frr, announcer, membership, clock, log, state } = ports;
  const { node, lbClass, allocate } = options;
  const config = speakerConfigFrom(await acceptedBefore(state, log));
  const changes = new ChangeTimes();
  const announced = rememberAnnounced(node, log, (event) => store.recordEvent(event));
  let seen: Snapshot | null = null;
  let world: World | null = null;
  let savedAccepted = config.acceptedText();
  let condition: ConditionState | null = null;
  let cancelReport: (() => void) | null = null;

  const context: SpeakerContext = {
    ports,
    options,
    config,
    announced,
    changes,
    look() {
      const snapshot = store.snapshot();
      if (snapshot === null) return null;
      const parsed = config.of(snapshot);
      if (world !== null && seen === snapshot && world.parsed === parsed) return world;
      seen = snapshot;
      const shown = allocate ? withOwnAddresses(snapshot, parsed, lbClass) : snapshot;
      world = { snapshot: shown, parsed };
      return world;
    },
    reportLater() {
      if (!signal.aborted) cancelReport ??= clock.after(REPORT_MS, () => reports.poke());
    },
  };
  const bgp = bgpSide(context, state === null || (await read(state, FRR_FILE, log)) !== null);
  const tellProblems = problemTeller(log);

  const report = async (): Promise<void> => {
    cancelReport = null;
    const now = context.look();
    if (now === null) return;
    const problems = [...now.parsed.problems, ...bgp.problems(), ...store.problems()];
    tellProblems(problems);
    condition = conditionFor(problems, condition, clock.date(), () => true);
    const all = announced.all();
    const { quarantined } = now.parsed;
    ports.onPass?.({ announced: all, stale: condition.status === "False", quarantined });
    await store.writeReports(node, [...serviceReports(node, all), speakerState(node, condition)]);
    const text = config.acceptedText();
    if (state === null || text === savedAccepted) return;
    await state.write(ACCEPTED_FILE, text);
    savedAccepted = text;
  };

  const loopOf = (name: string, pass: (s: AbortSignal) => Promise<Again>) =>
    startLoop(
      {
        clock,
        backoff: BACKOFF,
        pass,
        onError(err, retryInMs) {
          ports.onPassError?.();
          log.error({ err, loop: name, retryInMs }, "pass failed");
        },
      },
      signal,
    );
  const l2Pass = l2Side(context);
  const l2Loop = loopOf("layer2", () => Promise.resolve().then(() => (l2Pass(), null)));
  const bgpLoop = loopOf("bgp", (s) => bgp.pass(s));
  const reports = loopOf("reports", () => report().then(() => null));

  const stops = [
    store.onChange(() => {
      noteChanges();
      bgpLoop.poke(); // first: while vtysh works, L2 has its turn
      l2Loop.poke();
      context.reportLater();
    }),
    membership.onChange(() => l2Loop.poke()),
    announcer.onChange(() => l2Loop.poke()),
    frr.onDrift(() => {
      bgp.drifted();
      bgpLoop.poke();
    }),
  ];
  noteChanges();
  bgpLoop.poke();
  l2Loop.poke();
  await aborted(signal);

  for (const stop of stops) stop();
  announcer.announce(new Map()); // silent before the others are told: never two answer
  await membership.leave();
  await Promise.all([l2Loop.idle(), bgpLoop.idle(), reports.idle()]);
  // FRR goes on by itself: what it carries stays true.
  const bgpAlone = announced.all().filter((a) => a.protocol === "bgp");
  const last = lastCondition();
  await store.writeReports(node, [
    ...serviceReports(node, bgpAlone),
    ...(last === null ? [] : [speakerState(node, last)]),
  ]);

  function noteChanges(): void {
    const snapshot = store.snapshot();
    if (snapshot !== null) changes.note(snapshot, clock.now());
  }

  function lastCondition(): ConditionState | null {
    return condition;
  }
}

/** One line when a problem appears, one when it is gone. */
function problemTeller(log: Log): (problems: readonly Problem[]) => void {
  let known: ReadonlyMap<string, Problem> = new Map();
  return (problems) => {
    const now = new Map(problems.map((p) => [JSON.stringify(p), p]));
    for (const [text, problem] of now)
      if (!known.has(text)) log.warn({ problem }, "configuration problem");
    for (const [text, problem] of known)
      if (!now.has(text)) log.info({ problem }, "configuration problem gone");
    known = now;
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

async function read(state: StateFiles, name: string, log: Log): Promise<string | null> {
  try {
    return await state.read(name);
  } catch (err) {
    log.warn({ err, name }, "state not readable");
    return null;
  }
}

async function acceptedBefore(state: StateFiles | null, log: Log): Promise<Accepted> {
  const text = state === null ? null : await read(state, ACCEPTED_FILE, log);
  return text === null ? NOTHING_ACCEPTED : parseAccepted(text);
}
