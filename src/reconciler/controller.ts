/**
 * The controller: one level-triggered pass over the whole snapshot, then exactly the writes that are
 * missing. A pass is woken by any change and reads everything; a second one writes nothing.
 */
import { PassMemo } from "../allocator/memo.ts";
import { allocatePass } from "../allocator/pass.ts";
import type { PassResult } from "../allocator/pass.ts";
import { parseRetained, retainedText } from "../allocator/retention.ts";
import type { Retained } from "../allocator/retention.ts";
import type { FamilySource } from "../allocator/wish.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { PoolCounters, Store } from "../api/store.ts";
import { NOTHING_ACCEPTED, parseAccepted } from "../config/accepted.ts";
import type { Backoff } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import { startLoop } from "../runtime/loop.ts";
import { conditionFor, configurationState } from "./configuration-state.ts";
import type { ConditionState } from "./configuration-state.ts";
import { controllerConfigFrom } from "./controller-config.ts";
import type { ControllerConfig } from "./controller-config.ts";
import { startDesiredWrites } from "./desired-writes.ts";
import type { DesiredWrite } from "./desired-writes.ts";
import { failureTeller } from "./failure-teller.ts";
import type { Log } from "./log.ts";

/** Small texts that survive a restart. */
export interface StateFiles {
  /** null: not there. */
  read(name: string): Promise<string | null>;
  write(name: string, text: string): Promise<void>;
}

export interface ControllerPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** null: retention and quarantine start anew with each process. */
  readonly state: StateFiles | null;
  /** Told after every pass, for metrics. */
  readonly onPass?: (result: PassResult, facts: ControllerPassFacts) => void;
  readonly onPassError?: () => void;
}

export interface ControllerPassFacts {
  readonly durationMs: number;
  /** Something of the controller's part of the newest configuration is not in force. */
  readonly stale: boolean;
  readonly quarantined: ControllerConfig["quarantined"];
}

export interface ControllerOptions {
  /** `--lb-class`; empty: Services without a class. */
  readonly lbClass: string;
  /** `--retain-addresses`, in seconds; 0 switches retention off. */
  readonly retainS: number;
  /** `derived` for a directory of manifests, `clusterIPs` where an API server gives them. */
  readonly familySource: FamilySource;
  /** How many objects are written at once; default 8. */
  readonly writers?: number;
}

export const CONTROLLER_SOURCE = "metallb-controller";
/** How long an address stays with a deleted Service's name when nobody says otherwise. */
export const DEFAULT_RETAIN_S = 600;

const BACKOFF: Backoff = { minMs: 20, maxMs: 60_000 };
const ACCEPTED_FILE = "controller-accepted.json";
const RETAINED_FILE = "controller-retained.json";

/** Runs until aborted; resolves when the last write under way has ended. */
export async function runController(
  ports: ControllerPorts,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, log, state } = ports;
  const memory = await remembered(state, log);
  const configOf = controllerConfigFrom(memory.accepted);
  const writes = startDesiredWrites(
    { clock, log, backoff: BACKOFF, workers: options.writers ?? 8 },
    signal,
  );
  const memo = new PassMemo();
  let last: PassResult | null = null;
  let condition: ConditionState | null = null;
  /** As text it may be long, and many passes may go by until it is written: it is made then. */
  let kept = { retained: memory.retained, edition: 0 };

  const pass = (): null => {
    const snapshot = store.snapshot();
    if (snapshot === null) return null;
    const startedMs = clock.now();
    const config = configOf(snapshot);
    const result = allocatePass(
      {
        pools: config.pools,
        leftOut: config.leftOut,
        services: snapshot.services,
        lbClass: options.lbClass,
        familySource: options.familySource,
        retainS: options.retainS,
        previous: last?.outcomes ?? new Map(),
        retained: last?.retained ?? memory.retained,
        nowMs: clock.date().getTime(),
      },
      memo,
    );
    last = result;
    if (result.retained !== kept.retained)
      kept = { retained: result.retained, edition: kept.edition + 1 };
    const { retained } = kept;
    const problems = [...config.problems, ...store.problems()];
    condition = conditionFor(problems, condition, clock.date());
    const report = configurationState(condition);
    tell(store, result);
    writes.want([
      ...serviceWrites(store, result),
      ...poolWrites(store, result.counters, snapshot),
      wishFor("report", condition, JSON.stringify(report), () =>
        store.writeReports("controller", [report]),
      ),
      ...(state === null
        ? []
        : [
            stateWrite(state, ACCEPTED_FILE, config.acceptedText, () => config.acceptedText),
            stateWrite(state, RETAINED_FILE, `${kept.edition}`, () => retainedText(retained)),
          ]),
    ]);
    const durationMs = clock.now() - startedMs;
    const { news, writes: changed } = result;
    if (changed.length > 0)
      log.info({ services: changed.length, events: news.length, durationMs }, "allocated");
    else log.debug({ durationMs }, "settled");
    const { quarantined } = config;
    ports.onPass?.(result, { durationMs, stale: condition.status === "False", quarantined });
    return null;
  };

  const words = { failing: "pass failed", works: "pass works again", about: {} };
  const passes = failureTeller("error", log, words);
  const loop = startLoop(
    {
      clock,
      backoff: BACKOFF,
      async pass() {
        const again = await Promise.resolve().then(pass);
        passes.worked();
        return again;
      },
      onError(err, retryInMs) {
        ports.onPassError?.();
        passes.failed({ err, retryInMs });
      },
    },
    signal,
  );
  const stopListening = store.onChange(() => loop.poke());
  loop.poke();
  await aborted(signal);
  stopListening();
  await loop.idle();
  await writes.idle();
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const wishFor = (
  key: string,
  seen: object,
  content: string,
  run: () => Promise<void>,
): DesiredWrite => ({ key, seen, content, run });

/** Releases first, so that no address is shown on two Services for longer than it must. */
const serviceWrites = (store: Store, { writes }: PassResult): DesiredWrite[] =>
  [...writes]
    .sort((a, b) => Number(a.ips.length > 0) - Number(b.ips.length > 0))
    .map(({ key, ips, pool, wish }) =>
      wishFor(`Service ${key}`, wish.service, JSON.stringify([ips, pool]), () =>
        store.writeServiceStatus(key, { ips, pool }),
      ),
    );

const COUNTERS = ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"] as const;

function poolWrites(
  store: Store,
  counters: ReadonlyMap<string, PoolCounters>,
  { pools, namespace }: Snapshot,
): DesiredWrite[] {
  return pools
    .filter((pool) => (pool.metadata.namespace ?? namespace) === namespace)
    .flatMap((pool): DesiredWrite[] => {
      const { name } = pool.metadata;
      const wanted = counters.get(name);
      if (wanted === undefined) return [];
      const shown = pool.status;
      if (COUNTERS.every((c) => String(shown?.[c]) === wanted[c].toString())) return [];
      const content = COUNTERS.map((c) => wanted[c]).join(" ");
      return [
        wishFor(`IPAddressPool ${name}`, pool, content, () => store.writePoolStatus(name, wanted)),
      ];
    });
}

const stateWrite = (
  state: StateFiles,
  file: string,
  content: string,
  text: () => string,
): DesiredWrite => wishFor(`state ${file}`, state, content, () => state.write(file, text()));

function tell(store: Store, { news }: PassResult): void {
  for (const { key, event } of news)
    store.recordEvent({ about: serviceRef(key), ...event, source: CONTROLLER_SOURCE });
}

const serviceRef = (key: ServiceKey) => {
  const slash = key.indexOf("/");
  return { kind: "Service", namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};

async function remembered(state: StateFiles | null, log: Log) {
  const read = async (name: string): Promise<string | null> => {
    try {
      return (await state?.read(name)) ?? null;
    } catch (err) {
      log.warn({ err, name }, "state not readable");
      return null;
    }
  };
  const [accepted, retained] = await Promise.all([read(ACCEPTED_FILE), read(RETAINED_FILE)]);
  return {
    accepted: accepted === null ? NOTHING_ACCEPTED : parseAccepted(accepted),
    retained: retained === null ? ([] as Retained) : parseRetained(retained),
  };
}
