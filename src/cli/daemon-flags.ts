/** Flags and environment that both daemons share (crds reference 7), and those taken for MetalLB's sake. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import { LOG_LEVELS } from "../observability/log.ts";
import type { LogLevel } from "../observability/log.ts";
import { goFlags, parseGoBoolean } from "./go-flags.ts";
import { DEFAULT_NAMESPACE } from "./input.ts";
import type { MetricsFlags } from "./metrics-server.ts";

export const DEFAULT_STATE_DIR = "/var/lib/ferrolb";

/** As commander hands them over. */
export interface DaemonFlags extends MetricsFlags {
  readonly manifests?: string;
  readonly stateDir: string;
  readonly namespace?: string;
  readonly logLevel: LogLevel;
  readonly lbClass: string;
  readonly healthProbePort: number;
  readonly kubeconfig?: string;
  readonly podName?: string;
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new InvalidArgumentError("not a port: 0 to 65535.");
  return port;
}

function parseBoolean(text: string): boolean {
  const value = parseGoBoolean(text);
  if (value === null) throw new InvalidArgumentError("not true or false.");
  return value;
}

/** A flag that Go would read as a boolean; `goFlags` has put its value behind a `=`. */
export const booleanFlag = (name: string, help: string): Option =>
  new Option(`--${name} <bool>`, help).argParser(parseBoolean).default(false);

/** Taken, so that MetalLB's own arguments start us; the help says that they do nothing here. */
const withoutEffect = (flags: string, why: string): Option =>
  new Option(flags, `taken for compatibility: ${why}`);

/** Flags of both daemons. */
export const addDaemonOptions = (command: Command): Command =>
  [
    new Option("--manifests <dir>", "follow this directory of manifests instead of a cluster"),
    new Option("--state-dir <dir>", "last accepted versions; survives restarts").default(
      DEFAULT_STATE_DIR,
    ),
    new Option("--namespace <name>", "namespace of the configuration").env("METALLB_NAMESPACE"),
    new Option("--log-level <level>", "how much to log").choices(LOG_LEVELS).default("info"),
    new Option("--lb-class <class>", "handle Services of this class alone").default(""),
    new Option("--port <port>", "metrics: HTTPS in a cluster, plain on localhost else; 0: none")
      .argParser(parsePort)
      .default(9120),
    new Option("--health-probe-port <port>", "/healthz and /readyz; 0: none")
      .argParser(parsePort)
      .default(17472),
    new Option("--pod-name <name>", "own Pod, in a cluster").env("METALLB_POD_NAME"),
    new Option("--kubeconfig <file>", "how to reach the cluster").env("KUBECONFIG"),
    new Option("--tls-min-version <version>", "for webhooks and metrics over HTTPS, in a cluster"),
    new Option("--tls-cipher-suites <list>", "for webhooks and metrics over HTTPS, in a cluster"),
    new Option(
      "--tls-curve-preferences <list>",
      "for webhooks and metrics over HTTPS, in a cluster",
    ),
    new Option(
      "--metrics-cert-dir <dir>",
      "tls.crt and tls.key for metrics over HTTPS; without it, in a cluster, made in memory",
    ),
    new Option(
      "--metrics-bind-address <address>",
      "where metrics are served (default: every address in a cluster, localhost else)",
    ),
    withoutEffect("--pprof-bind-address <address>", "Node has its own profiler"),
  ].reduce((c, option) => c.addOption(option), command);

export const addIgnoredOption = (command: Command, flags: string, why: string): Command =>
  command.addOption(withoutEffect(flags, why));

/** Rewrites Go's flag syntax for a command whose boolean flags are named. */
export const goSyntax =
  (...booleans: readonly string[]) =>
  (args: readonly string[]): string[] =>
    goFlags(args, new Set(booleans));

const SERVICE_ACCOUNT_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** The flag or its variable, else the service account's, else MetalLB's usual one. */
export function configNamespace({ namespace }: Pick<DaemonFlags, "namespace">): string {
  if (namespace) return namespace;
  try {
    return readFileSync(SERVICE_ACCOUNT_NAMESPACE, "utf8").trim() || DEFAULT_NAMESPACE;
  } catch {
    return DEFAULT_NAMESPACE; // not in a Pod
  }
}

/**
 * What to say about `METALLB_BGP_TYPE`: absent, it means native to MetalLB; every mode means the FRR sidecar here.
 * @throws AppError `ERR_USAGE`
 */
export function isOtherBgpType(type = "native"): boolean {
  if (type === "frr") return false;
  if (type === "" || type === "native" || type === "frr-k8s") return true;
  throw new AppError(
    "ERR_USAGE",
    `METALLB_BGP_TYPE must be native, frr or frr-k8s, not ${JSON.stringify(type)}`,
  );
}
