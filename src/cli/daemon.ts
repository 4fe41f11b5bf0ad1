/** What both daemons do around their loop: log, listeners, signals, an end within five seconds. */
import { setMaxListeners } from "node:events";
import type { Store } from "../api/store.ts";
import type { KubeClient } from "../kube/client.ts";
import { healthPages, listen } from "../observability/http.ts";
import type { Listener } from "../observability/http.ts";
import { createLog, setLogLevel } from "../observability/log.ts";
import type { LogLevel, Logger } from "../observability/log.ts";
import { createDaemonMetrics } from "../observability/metrics.ts";
import type { DaemonMetrics } from "../observability/metrics.ts";
import { isOtherBgpType, configNamespace } from "./daemon-flags.ts";
import type { DaemonFlags } from "./daemon-flags.ts";
import { EXIT, exitWith } from "./exit.ts";
import { serveMetrics } from "./metrics-server.ts";
import type { Refreshed } from "./metrics-server.ts";
import { tidyMemory } from "./tidy.ts";
import { version } from "./version.ts";

/** The promise is five seconds; what hangs then is left behind. */
const LEAVE_MS = 4500;

export interface Daemon {
  readonly log: Logger;
  readonly store: Store;
  /** Null on a directory of manifests. */
  readonly client: KubeClient | null;
  readonly namespace: string;
  readonly metrics: DaemonMetrics;
  /** What a scrape has read before it is answered. */
  readonly scrape: Refreshed;
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
}

export interface DaemonSetup {
  /** `controller`, or the node's name. */
  readonly instance: string;
  readonly component: "controller" | "speaker";
  readonly writesStatus: boolean;
  /** Where probes are answered: the controller's on all addresses, the speaker's on localhost. */
  readonly healthHost: string;
  /** Label selector of the speakers' Pods; "" takes MetalLB's. */
  readonly podLabels?: string;
}

/**
 * Runs until a signal says to end. Exit code 0 after a clean end.
 * @throws AppError `ERR_UNREADABLE_INPUT` with neither a directory nor a cluster to read
 */
export async function runDaemon(
  flags: DaemonFlags,
  setup: DaemonSetup,
  run: (daemon: Daemon) => Promise<void>,
): Promise<void> {
  const bgpType = process.env["METALLB_BGP_TYPE"];
  const isOther = isOtherBgpType(bgpType);
  const log = createLog(flags.logLevel);
  const namespace = configNamespace(flags);
  const { component, healthHost } = setup;
  log.info({ version: version(), component, runtime: process.version, namespace }, "starting");
  if (isOther) log.warn({ bgpType: bgpType ?? null }, "this BGP type means the FRR sidecar here");

  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every watch and every loop listens: many, and no leak
  const unhook = onEndSignals((name) => {
    log.info({ signal: name }, "stopping");
    stop.abort();
  });
  const unhookLevel = onLevelSignal(log, flags.logLevel);
  const metrics = createDaemonMetrics(version());
  const scrape: Refreshed = { refresh: () => Promise.resolve() };
  const { store, client } = await openStore(flags, setup, namespace, log);
  const stopProblems = logStoreProblems(store, log.child({ room: "manifests" }));
  const stopTidying = tidyMemory(store);
  const listeners = await Promise.all([
    listenOr(log, healthHost, flags.healthProbePort, () =>
      healthPages(() => store.snapshot() !== null),
    ),
    serveMetrics(flags, metrics.registry, scrape, {
      ...{ client, component, namespace, signal: stop.signal },
      log: log.child({ room: "metrics" }),
    }),
  ]);
  try {
    await run({ log, store, client, namespace, metrics, scrape, signal: stop.signal });
  } finally {
    stopProblems();
    stopTidying();
    stop.abort();
    await store.close();
    await Promise.all(listeners.map((l) => l?.close() ?? Promise.resolve()));
    unhook();
    unhookLevel();
  }
  log.info({}, "stopped");
  exitWith(EXIT.fine);
}

/** The directory where one is named; else the cluster we are in, or that a kubeconfig names. */
async function openStore(
  flags: DaemonFlags,
  { component, instance, writesStatus, podLabels = "" }: DaemonSetup,
  namespace: string,
  log: Logger,
): Promise<{ readonly store: Store; readonly client: KubeClient | null }> {
  if (flags.manifests === undefined) {
    // Neither store is in memory where the other is used.
    const { openCluster } = await import("./cluster.ts");
    return openCluster(flags, { component, namespace, instance, podLabels, log });
  }
  const { openDirectoryStore } = await import("../manifests/directory-store.ts");
  const { manifests: dir, stateDir } = flags;
  return {
    store: openDirectoryStore({ dir, namespace, stateDir, instance, writesStatus }),
    client: null,
  };
}

/** A port that is taken costs the probe, not the announcements. */
async function listenOr(
  log: Logger,
  host: string,
  port: number,
  pages: () => Parameters<typeof listen>[2],
): Promise<Listener | null> {
  if (port === 0) return null;
  try {
    return await listen(host, port, pages());
  } catch (err) {
    log.warn({ err, host, port }, "cannot listen");
    return null;
  }
}

/** SIGUSR2 turns debug on, and back to the level of the flag (SIGUSR1 is Node's own). */
function onLevelSignal(log: Logger, configured: LogLevel): () => void {
  let now: LogLevel = configured;
  const handle = (): void => {
    now = now === "debug" ? configured : "debug";
    setLogLevel(log, "info"); // so that it is said, whatever the levels are
    log.info({ logLevel: now }, "log level changed");
    setLogLevel(log, now);
  };
  process.on("SIGUSR2", handle);
  return () => process.off("SIGUSR2", handle);
}

function onEndSignals(end: (signal: NodeJS.Signals) => void): () => void {
  let ending = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(EXIT.fine), LEAVE_MS).unref();
    end(signal);
  };
  process.on("SIGTERM", handle);
  process.on("SIGINT", handle);
  return () => {
    process.off("SIGTERM", handle);
    process.off("SIGINT", handle);
  };
}

/** One line when a problem of the store appears, one when it is gone. */
function logStoreProblems(store: Store, log: Logger): () => void {
  let known = new Map<string, unknown>();
  const look = (): void => {
    const now = new Map(store.problems().map((p) => [p.message, p]));
    for (const [message, problem] of now)
      if (!known.has(message)) log.warn({ problem }, "manifest problem");
    for (const message of known.keys())
      if (!now.has(message)) log.info({ message }, "manifest problem gone");
    known = now;
  };
  look();
  return store.onChange(look);
}
