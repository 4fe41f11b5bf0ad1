/**
 * What a command looks at: manifests or a dump (`-f`), or a living cluster when no `-f` is given. One snapshot
 * and what was observed, wherever they come from, so that an answer cannot depend on it.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { gather } from "../api/observed.ts";
import type { Observed } from "../api/observed.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { AppError } from "../errors.ts";
import { eventFrom, observedFrom } from "../manifests/observed.ts";
import { namespaceFromEnvironment, readInput } from "./input.ts";

export interface SourceFlags {
  readonly filename: readonly string[];
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface World {
  readonly snapshot: Snapshot;
  readonly observed: Observed;
  readonly problems: readonly Problem[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `-f` (repeatable), `--namespace`, `--kubeconfig` and `--context` to a command. */
export const addSourceOptions = (command: Command): Command =>
  command
    .option(
      "-f, --filename <path>",
      "manifests, a directory with its .status/, or a dump (kubectl get ... -o yaml); - for standard input; may be repeated",
      collect,
      [],
    )
    .option("--namespace <name>", "namespace of the configuration", namespaceFromEnvironment())
    .option(
      "--kubeconfig <file>",
      "without -f: the cluster that this file names (default: as kubectl)",
    )
    .option("--context <name>", "context of the kubeconfig (default: its current one)");

/**
 * @throws AppError `ERR_USAGE` with neither manifests nor a cluster, `ERR_UNREADABLE_INPUT` for a file that is no YAML,
 * `ERR_KUBE_API` when the API server is away
 */
export async function readWorld(flags: SourceFlags): Promise<World> {
  if (flags.filename.length > 0) {
    if (flags.kubeconfig !== undefined || flags.context !== undefined)
      throw new AppError("ERR_USAGE", "-f reads files, --kubeconfig a cluster: name one of them");
    return readInput(flags);
  }
  if (flags.kubeconfig === undefined && !hasCluster())
    throw new AppError(
      "ERR_USAGE",
      "name the manifests with -f PATH, or a cluster with --kubeconfig FILE",
    );
  // Loaded only for a cluster: the client takes half of a short command's time.
  const { loadKubeConfig } = await import("../kube/access.ts");
  const { kubeClient } = await import("../kube/client.ts");
  const { readCluster } = await import("../kube/read-once.ts");
  const client = kubeClient(loadKubeConfig(flags.kubeconfig, flags.context));
  try {
    const { snapshot, observations, unread, knowsSpeakers } = await readCluster(
      client,
      flags.namespace,
    );
    if (unread.length > 0)
      process.stderr.write(`note: not read: ${unread.map(({ what }) => what).join(", ")}\n`);
    const events = observations.map(eventFrom).filter((event) => event !== null);
    const objects = observations.map(observedFrom).filter((object) => object !== null);
    const observed = { ...gather(objects, events), knowsSpeakers };
    return { snapshot, observed, problems: [] };
  } finally {
    client.close();
  }
}

/** As kubectl looks for one: `KUBECONFIG`, the file in the home directory, the Pod's own account. */
const hasCluster = (): boolean =>
  (process.env["KUBECONFIG"] ?? "") !== "" ||
  existsSync(join(homedir(), ".kube/config")) ||
  (process.env["KUBERNETES_SERVICE_HOST"] ?? "") !== "";
