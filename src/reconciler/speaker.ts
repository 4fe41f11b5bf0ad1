/**
 * The speaker: level-triggered passes over the whole snapshot, one loop per protocol, so that L2 never waits
 * for FRR. A pass is woken by any change and reads everything; a second one changes nothing.
 */
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { NOTHING_ACCEPTED, parseAccepted } from "../config/accepted.ts";
import type { Accepted } from "../config/accepted.ts";
import type { Backoff } from "../runtime/backoff.ts";
import type { EventWrite, ReportWrite } from "../api/store.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { startLoop } from "../runtime/loop.ts";
import type { Again } from "../runtime/loop.ts";
import { rememberAnnounced } from "./announced.ts";
import { ChangeTimes } from "./change-times.ts";
import { concernOf } from "./concern.ts";
import { conditionFor } from "./configuration-state.ts";
import type { ConditionState } from "./configuration-state.ts";
import type { StateFiles } from "./controller.ts";
import { failureTeller } from "./failure-teller.ts";
import type { Log } from "./log.ts";
import { excludeTeller } from "./exclude-warning.ts";
import { FRR_FILE, bgpSide } from "./speaker-bgp.ts";
import { speakerConfigFrom } from "./speaker-config.ts";
import { l2Side } from "./speaker-l2.ts";
import type {
  AddressSilence,
  SpeakerContext,
  SpeakerOptions,
  SpeakerPorts,
  World,
} from "./speaker-ports.ts";
import { downSessions, speakerReport } from "./speaker-report.ts";
import { rememberReport, speakerState } from "./speaker-reports.ts";
import { watchSent } from "./speaker-sent.ts";
import { speakerTruth, wireMark } from "./speaker-truth.ts";
import { withOwnAddresses } from "./speaker-view.ts";

const BACKOFF: Backoff = { minMs: 100, maxMs: 5000 };
/** Status objects follow a little later: routes come first. */
const REPORT_MS = 100;
/** ... and making them takes at most this part of the time. */
const REPORT_SHARE = 10;
/** The wire is asked so often whether it is as it was told. */
const WIRE_MS = 1000;
/** A hand that removed a status object is noticed after so long. */
const REPORT_AGAIN_MS = 60_000;
/** A session that is down is looked into again after so long. */
const LOOK_AGAIN_MS = 5000;
/** Status objects that could not be written are tried again after so long. */
const WRITE_AGAIN_MS = 5000;
/** Before FRR is mended, what it really did is looked at, for so long at most. */
const LOOK_FIRST_MS = 300;
/** The others need milliseconds; with an election that names nobody, answering has to end all the same. */
const HAND_OVER_MS = 500;
const ACCEPTED_FILE = "speaker-accepted.json";

/** Runs until aborted; then stops answering and leaves the membership. Resolves when that is done. */
export async function runSpeaker(
  ports: SpeakerPorts,
  options: SpeakerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { store, frr, announcer, membership, clock, log, state } = ports;
  const { node, lbClass, excludePolicy, allocate } = options;
  const config = speakerConfigFrom(await acceptedBefore(state, log));
  const changes = new ChangeTimes();
  const concerns = concernOf(lbClass);
  const recordEvent = (event: EventWrite): void => store.recordEvent(event);
  const announced = rememberAnnounced(node, log, recordEvent);
  const tellExcluded = excludeTeller(node, excludePolicy, log, recordEvent);
  let seen: Snapshot | null = null;
  let world: World | null = null;
  let savedAccepted = config.acceptedText();
  let condition: ConditionState | null = null;
  let cancelReport: (() => void) | null = null;
  let reportTookMs = 0;

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
      const afterMs = Math.max(REPORT_MS, REPORT_SHARE * reportTookMs);
      if (!signal.aborted) cancelReport ??= clock.after(afterMs, () => reports.poke());
    },
  };
  const watch = watchSent({ frr, clock }, () => context.reportLater(), signal);
  const frrIsOurs = state === null || (await read(state, FRR_FILE, log)) !== null;
  const bgp = bgpSide(context, frrIsOurs, (node) => watch.applied(prefixesOf(node)));
  const l2 = l2Side(context);
  const truth = speakerTruth(context);
  const tellProblems = problemTeller(log);
  const [sameState, sameStanding] = [rememberReport(), rememberReport()];
  const written = failureTeller("warn", log, {
    failing: "status objects not written",
    works: "status objects written again",
    about: {},
  });
  ports.sessionProbe?.onNews(() => context.reportLater());

  /** Not waited for: the newest set counts, and a slow API server must not keep the truth from being looked at. */
  const write = (set: readonly ReportWrite[]): void => {
    store.writeReports(node, set).then(written.worked, (err: unknown) => {
      if (!signal.aborted) written.failed({ err });
      clock.after(WRITE_AGAIN_MS, () => context.reportLater());
    });
  };

  /** Returns after how long to look again, though nothing was heard. */
  const report = async (): Promise<number> => {
    cancelReport = null;
    const now = context.look();
    if (now === null) return REPORT_AGAIN_MS;
    const beganMs = clock.now();
    const problems = [...now.parsed.problems, ...bgp.problems(), ...store.problems()];
    tellProblems(problems);
    condition = conditionFor(problems, condition, clock.date(), () => true);
    const all = announced.all();
    tellExcluded(now, all);
    const { quarantined } = now.parsed;
    ports.onPass?.({ announced: all, stale: condition.status === "False", quarantined });
    const parts = { bgp: bgp.wanted(), l2: l2.decisions(), seen: watch.seen() };
    const told = truth.reports(now, parts);
    reportTookMs = clock.now() - beganMs;
    const { sent } = parts.seen;
    const down = downSessions(parts.bgp, sent);
    const faults = ports.sessionProbe?.look(down) ?? new Map<never, never>();
    const conflicts = ports.conflicts?.() ?? [];
    const members = membership.alive();
    const notHeard = silences();
    const noticeMs = membership.noticeMs?.() ?? null;
    const standing = { bgp: parts.bgp, sent, faults, members, noticeMs, conflicts, notHeard };
    const own = speakerReport(node, standing);
    write([sameState(speakerState(node, condition)), sameStanding(own), ...told]);
    const text = config.acceptedText();
    if (state !== null && text !== savedAccepted) {
      await state.write(ACCEPTED_FILE, text);
      savedAccepted = text;
    }
    return down.length > 0 ? LOOK_AGAIN_MS : REPORT_AGAIN_MS;
  };

  const loopOf = (name: string, pass: (s: AbortSignal) => Promise<Again>) => {
    const words = { failing: "pass failed", works: "pass works again", about: { loop: name } };
    const tell = failureTeller("error", log, words);
    return startLoop(
      {
        clock,
        backoff: BACKOFF,
        async pass(s) {
          const again = await pass(s);
          tell.worked();
          return again;
        },
        onError(err, retryInMs) {
          ports.onPassError?.();
          tell.failed({ err, retryInMs });
        },
      },
      signal,
    );
  };
  const l2Loop = loopOf("layer2", () => l2.pass().then(() => null));
  const bgpLoop = loopOf("bgp", (s) => bgp.pass(s));
  const reports = loopOf("reports", () => report().then((afterMs) => ({ afterMs })));
  let wire = "";
  const wireLoop = loopOf("wire", () => {
    const mark = [
      wireMark(announcer),
      JSON.stringify([ports.conflicts?.(), announcer.notHeard?.()]),
    ].join();
    if (mark !== wire) context.reportLater();
    wire = mark;
    return Promise.resolve({ afterMs: WIRE_MS });
  });

  const stops = [
    store.onChange((sinceMs) => {
      if (!isOurConcern()) return;
      noteChanges(sinceMs);
      bgpLoop.poke(); // first: while vtysh works, L2 has its turn
      l2Loop.poke();
      context.reportLater();
    }),
    membership.onChange(() => {
      truth.membersChanged();
      l2Loop.poke();
      context.reportLater();
    }),
    announcer.onChange(() => l2Loop.poke()),
    frr.onDrift(() => {
      bgp.drifted();
      void watch.look(LOOK_FIRST_MS).finally(() => bgpLoop.poke());
    }),
  ];
  noteChanges();
  bgpLoop.poke();
  l2Loop.poke();
  wireLoop.poke();
  await aborted(signal);

  for (const stop of stops) stop();
  await Promise.all([letGo(), membership.leave()]);
  await Promise.all([l2Loop.idle(), bgpLoop.idle(), reports.idle(), watch.idle()]);
  // FRR goes on by itself: what it carries stays true.
  const last = lastCondition();
  const standing = [...(last === null ? [] : [speakerState(node, last)]), ...truth.last()];
  // An API server that is away, or refuses, is no reason to end badly.
  await store.writeReports(node, standing).catch((err: unknown) => {
    log.warn({ err }, "last status objects not written");
  });

  /** What allocates looks at every Service itself. */
  function isOurConcern(): boolean {
    const snapshot = store.snapshot();
    return snapshot === null || allocate || concerns(snapshot, store.problems());
  }

  function noteChanges(sinceMs = clock.now()): void {
    const snapshot = store.snapshot();
    if (snapshot !== null) changes.note(snapshot, sinceMs);
  }

  function silences(): readonly AddressSilence[] {
    const [now, today] = [clock.now(), clock.date().getTime()];
    return (announcer.notHeard?.() ?? []).map(({ ip, node: owner, sinceMs }) => {
      const since = new Date(Math.round((today - now + sinceMs) / 1000) * 1000);
      return { ip, node: owner, since: since.toISOString() };
    });
  }

  /** The others take over while this node still answers: each address is let go when it is announced elsewhere. */
  async function letGo(): Promise<void> {
    const successors = [...(membership.alive() ?? [])].filter((name) => name !== node);
    if (successors.length > 0) await announcer.handOver?.(HAND_OVER_MS);
    announcer.announce(new Map());
  }

  function lastCondition(): ConditionState | null {
    return condition;
  }
}

const prefixesOf = ({ instances }: NodeBgp): readonly string[] =>
  instances.flatMap((i) => [...i.networks4, ...i.networks6].map((n) => n.prefix));

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
