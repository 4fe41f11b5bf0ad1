/** `ferrolb controller`: flags and wiring of the controller's loop. */
import { hostname } from "node:os";
import { InvalidArgumentError, Option } from "commander";
import { AppError } from "../errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { forgetNodes } from "../kube/forget-nodes.ts";
import { leadWhenElected } from "../kube/lease.ts";
import { ensureMemberlistSecret } from "../kube/secret.ts";
import { writeServiceConditions } from "../kube/service-conditions.ts";
import { listSpeakerPods } from "../kube/speaker-pods.ts";
import { forgetNodeFiles } from "../manifests/reports.ts";
import type { Logger } from "../observability/log.ts";
import { createControllerMetrics } from "../observability/controller-metrics.ts";
import { DEFAULT_RETAIN_S, runController } from "../reconciler/controller.ts";
import { watchCoverage } from "../reconciler/coverage.ts";
import { watchGoneNodes } from "../reconciler/gone-nodes.ts";
import type { PassResult } from "../allocator/pass.ts";
import type { ControllerFacts } from "../observability/controller-metrics.ts";
import type { DaemonMetrics } from "../observability/metrics.ts";
import type { ControllerPassFacts } from "../reconciler/controller.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { sleep, systemClock } from "../runtime/clock.ts";
import type { Register } from "./commands.ts";
import { runDaemon } from "./daemon.ts";
import type { Daemon } from "./daemon.ts";
import { addDaemonOptions, addIgnoredOption, booleanFlag, goSyntax } from "./daemon-flags.ts";
import type { DaemonFlags } from "./daemon-flags.ts";
import { addPageOptions } from "./page-flags.ts";
import type { PageFlags } from "./page-flags.ts";
import { stateFilesIn } from "./state-files.ts";
import type { WebhookFlags } from "./webhooks.ts";

interface ControllerFlags extends DaemonFlags, WebhookFlags, PageFlags {
  readonly mlSecretName?: string;
  readonly deployment?: string;
  readonly retainAddresses: number;
}

const BOOLEANS = ["disable-cert-rotation", "webhook-http2"];
export const syntax = goSyntax(...BOOLEANS);

function parseSeconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("not a number of seconds.");
  return Number(text);
}

const EXAMPLE = `
Example:
  $ ferrolb controller --manifests /etc/ferrolb/manifests`;

export const register: Register = (program) => {
  const command = program
    .command("controller")
    .description("Gives addresses to Services of type LoadBalancer and writes their status.")
    .addHelpText("after", EXAMPLE);
  addPageOptions(addDaemonOptions(command))
    .addOption(
      new Option(
        "--retain-addresses <seconds>",
        "how long an address stays with the name of a deleted Service",
      )
        .argParser(parseSeconds)
        .default(DEFAULT_RETAIN_S),
    )
    .addOption(
      new Option("--ml-secret-name <name>", "membership Secret to create, in a cluster").env(
        "METALLB_ML_SECRET_NAME",
      ),
    )
    .addOption(new Option("--deployment <name>", "owner of that Secret").env("METALLB_DEPLOYMENT"))
    .addOption(
      new Option("--webhook-mode <mode>", "webhooks, in a cluster")
        .choices(["enabled", "disabled", "onlywebhook"])
        .default("enabled"),
    )
    .addOption(booleanFlag("disable-cert-rotation", "webhook certificates come from outside"))
    .addOption(booleanFlag("webhook-http2", "HTTP/2 at the webhooks"))
    .option("--cert-dir <dir>", "webhook certificates")
    .option("--cert-service-name <name>", "name in the webhook certificate")
    .option("--webhook-secret <name>", "Secret of the webhook certificate");
  addIgnoredOption(command, "--host <address>", "not used by MetalLB either");
  command.action((flags: ControllerFlags) => startController(flags));
};

/** Removes status objects of Nodes that are gone, at the API server or in the directory. */
function forgetter(
  { manifests }: ControllerFlags,
  { store, client, namespace, signal }: Pick<Daemon, "store" | "client" | "namespace" | "signal">,
): (nodes: readonly string[]) => Promise<readonly string[]> {
  if (client !== null)
    return (nodes) => forgetNodes({ client, namespace, clock: systemClock, signal }, nodes);
  return (nodes) => {
    // A Node whose file cannot be read just now is not gone; a directory may also do without Nodes.
    const isWhole = store.problems().every((p) => p.severity !== "error");
    return isWhole && nodes.length > 0 && manifests !== undefined
      ? forgetNodeFiles(manifests, namespace, nodes)
      : Promise.resolve([]);
  };
}

const startController = (flags: ControllerFlags): Promise<void> =>
  runDaemon(
    flags,
    { instance: "controller", component: "controller", writesStatus: true, healthHost: "0.0.0.0" },
    async ({ log, store, client, namespace, metrics, signal }) => {
      await showPage(flags, { log, store, client, namespace, signal });
      const meter = controllerMeter(metrics);
      const control = async (whileLeading: AbortSignal): Promise<void> => {
        const coverage = watchCoverage(
          {
            store,
            pods: ({ pods }) =>
              client === null
                ? Promise.resolve(pods.length === 0 ? null : pods)
                : listSpeakerPods(client, namespace),
            writeConditions:
              client === null
                ? null
                : (service, conditions) => writeServiceConditions(client, service, conditions),
            lbClass: flags.lbClass,
            clock: systemClock,
            log: log.child({ room: "coverage" }),
            onCoverage: meter.onCoverage,
          },
          whileLeading,
        );
        const gone = watchGoneNodes(
          {
            store,
            clock: systemClock,
            log: log.child({ room: "gone-nodes" }),
            forget: forgetter(flags, { store, client, namespace, signal: whileLeading }),
          },
          whileLeading,
        );
        await runController(
          {
            store,
            clock: systemClock,
            log: log.child({ room: "controller" }),
            state: stateFilesIn(flags.stateDir),
            ...meter,
          },
          {
            lbClass: flags.lbClass,
            retainS: flags.retainAddresses,
            // An API server gives cluster IPs; a directory has nobody who does.
            familySource: client === null ? "derived" : "clusterIPs",
          },
          whileLeading,
        );
        await Promise.all([coverage, gone]);
        meter.onEnd(); // another replica leads: its numbers count
      };
      if (client === null) {
        await control(signal);
        return;
      }
      const secret = keepSecret(flags, client, namespace, log, signal);
      const { serveWebhooks } = await import("./webhooks.ts"); // a directory does without
      // Every replica serves the webhooks; one of them leads.
      const webhooks = serveWebhooks(
        flags,
        client,
        namespace,
        log.child({ room: "webhook" }),
        signal,
      );
      if (flags.webhookMode === "onlywebhook") {
        await Promise.all([webhooks, secret]);
        return;
      }
      const identity = flags.podName ?? `${hostname()}-${process.pid}`;
      const leading = leadWhenElected(
        {
          client,
          namespace,
          name: "ferrolb-controller",
          identity,
          clock: systemClock,
          onFailure: (err) => log.error({ err }, "cannot hold the Lease; who leads is open"),
        },
        async (whileLeading) => {
          log.info({ identity }, "leading");
          await control(whileLeading);
        },
        signal,
      );
      await Promise.all([leading, webhooks, secret]);
    },
  );

/** Until aborted. The page's code is loaded only where it is served. */
async function showPage(
  flags: ControllerFlags,
  { log, store, client, namespace, signal }: Omit<Daemon, "metrics" | "scrape">,
): Promise<void> {
  if (flags.pagePort === 0) return;
  const { lookAtCluster, lookAtDirectory, startPage } = await import("./page.ts");
  const { lbClass, manifests = "" } = flags;
  const page = await startPage(
    flags,
    client === null
      ? {
          ...{ source: "directory", title: manifests },
          look: lookAtDirectory(store, manifests, namespace, { lbClass }),
        }
      : {
          ...{ source: "cluster", title: namespace },
          look: lookAtCluster(client, namespace, { lbClass }),
        },
    log.child({ room: "page" }),
  );
  signal.addEventListener("abort", () => void page.close(), { once: true });
}

/** From what a pass and a look at the speakers found to metrics. */
function controllerMeter(metrics: DaemonMetrics) {
  const show = createControllerMetrics(metrics.registry);
  let facts: ControllerFacts | null = null;
  const showAll = (change: Partial<ControllerFacts>): void => {
    facts = { pools: new Map(), addresses: [], pending: [], without: null, ...facts, ...change };
    show(facts);
  };
  return {
    onPass({ counters, outcomes }: PassResult, { stale, quarantined }: ControllerPassFacts): void {
      metrics.updates.inc();
      metrics.configLoaded.set(1);
      metrics.configStale.set(stale ? 1 : 0);
      metrics.quarantined(quarantined);
      const all = [...outcomes.values()];
      showAll({
        pools: counters,
        addresses: all.flatMap(({ key, ips }) => ips.map((ip) => ({ service: key, ip }))),
        pending: all.flatMap(({ ips, pending }) =>
          ips.length === 0 && pending !== null ? [pending.kind] : [],
        ),
      });
    },
    onPassError: (): void => metrics.updateErrors.inc(),
    onCoverage: (without: ControllerFacts["without"]): void => showAll({ without }),
    onEnd(): void {
      facts = null;
      show(null);
      metrics.quarantined([]);
    },
  };
}

const SECRET_RETRY = { minMs: 1000, maxMs: 60_000 };

/** The speakers' shared key, made until it is there: addresses are given meanwhile. */
async function keepSecret(
  { mlSecretName, deployment }: ControllerFlags,
  client: KubeClient,
  namespace: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (!mlSecretName) return;
  const wanted = { namespace, name: mlSecretName, deployment: deployment ?? "" };
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      const made = await ensureMemberlistSecret(client, wanted);
      if (made) log.info({ secret: mlSecretName }, "membership Secret created");
      return;
    } catch (err) {
      if (!(err instanceof AppError)) throw err;
      log.error({ err, secret: mlSecretName }, "no membership Secret: speakers wait for it");
      await sleep(systemClock, backoffMs(SECRET_RETRY, failures), signal);
    }
  }
}
