/** `ferrolb doctor`: on a dump, on a live cluster, and on the node it runs on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { AppError } from "../errors.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { diagnose } from "../explain/doctor/doctor.ts";
import { diagnosisText } from "../explain/doctor/text.ts";
import { parseWorkload } from "../explain/doctor/workload.ts";
import type { Workload } from "../explain/doctor/workload.ts";
import { assemble } from "../manifests/assemble.ts";
import { admit } from "../manifests/shape.ts";
import { keyFromSecret } from "../membership/keyring.ts";
import type { Register } from "./commands.ts";
import { parsePort } from "./daemon-flags.ts";
import { EXIT, exitWith } from "./exit.ts";
import { namespaceFromEnvironment, readInput } from "./input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";

export interface SceneFlags {
  readonly filename: readonly string[];
  readonly namespace: string;
  readonly kubeconfig?: string;
}

interface DoctorFlags extends SceneFlags {
  readonly node?: string;
  readonly vtysh: string;
  readonly vtyDir: string;
  readonly mlBindport: number;
  readonly mlSecretKeyPath: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

/** What there is to look at, from wherever it came. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly workloads: readonly Workload[];
  readonly problems: readonly Problem[];
  /** This clock against the API server's, in seconds; null: there is none. */
  readonly clockAheadS: number | null;
}

const workloadsIn = (values: readonly unknown[]): readonly Workload[] =>
  values.map(parseWorkload).filter((w) => w !== null);

export async function sceneOfFiles(flags: SceneFlags): Promise<Scene> {
  const { snapshot, others, problems } = await readInput(flags, ["DaemonSet", "Deployment"]);
  return { snapshot, workloads: workloadsIn(others), problems, clockAheadS: null };
}

/** @throws AppError `ERR_UNREADABLE_INPUT` without a cluster, `ERR_KUBE_API` when it does not answer */
export async function sceneOfCluster(
  kubeconfig: string | undefined,
  namespace: string,
): Promise<Scene> {
  const { loadKubeConfig } = await import("../kube/access.ts");
  const { kubeClient } = await import("../kube/client.ts");
  const { dumpParts, readDump, serverTimeMs } = await import("../kube/dump.ts");
  const client = kubeClient(loadKubeConfig(kubeconfig));
  try {
    const { objects, missing } = await readDump(client, dumpParts(namespace));
    if (missing.length > 0) process.stderr.write(`note: not read: ${missing.join("; ")}\n`);
    const placed = objects.flatMap((object) => {
      const admission = admit(object, namespace);
      return admission.kind === "object"
        ? [{ object: admission.object, file: "cluster", line: 0 }]
        : [];
    });
    const serverMs = await serverTimeMs(client);
    return {
      snapshot: assemble(placed, namespace).snapshot,
      workloads: workloadsIn(objects),
      problems: [],
      // The server's word is a whole second, cut off: half of one is the best guess.
      clockAheadS: serverMs === null ? null : (Date.now() - serverMs - 500) / 1000,
    };
  } finally {
    client.close();
  }
}

/** From the mounted directory, else the Secret `memberlist` where it was read. */
function memberKey(
  { mlSecretKeyPath }: DoctorFlags,
  { secrets, namespace }: Snapshot,
): Uint8Array | null {
  if (mlSecretKeyPath !== "")
    try {
      return keyFromSecret(readFileSync(join(mlSecretKeyPath, "secretkey")));
    } catch (cause) {
      throw new AppError("ERR_UNREADABLE_INPUT", `cannot read the key in ${mlSecretKeyPath}`, {
        cause,
      });
    }
  const secret = secrets.find(
    ({ metadata }) =>
      metadata.namespace === namespace &&
      ["memberlist", "metallb-memberlist"].includes(metadata.name),
  );
  const encoded = secret?.data?.["secretkey"];
  return encoded === undefined ? null : keyFromSecret(Buffer.from(encoded, "base64"));
}

function parseMs(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("not a number of milliseconds.");
  return Number(text);
}

const EXAMPLE = `
Examples:
  $ ferrolb doctor                                  # the cluster of KUBECONFIG
  $ ferrolb doctor -f dump.yaml                     # kubectl get nodes,ds,cm,... -A -o yaml > dump.yaml
  $ ferrolb doctor --node worker-1 -f manifests/    # on worker-1: ports, ARP, FRR as well

Exit codes: 0 no errors, 1 at least one finding is an error, 2 wrong usage or unreadable input, 3 the environment failed.`;

/** Flags that say where to look; `-f` and a cluster exclude each other. */
export const addSceneOptions = (command: Command): Command =>
  command
    .option(
      "-f, --filename <path>",
      "look at a dump instead of a cluster: file or directory, - for standard input; may be repeated",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .addOption(new Option("--kubeconfig <file>", "how to reach the cluster").env("KUBECONFIG"))
    .option("--namespace <name>", "namespace of the configuration", namespaceFromEnvironment());

export const register: Register = (program) => {
  addOutputOption(addSceneOptions(program.command("doctor")))
    .description("Find what keeps addresses from being announced, before and after an install.")
    .option("--node <name>", "also look at this node from inside: the command runs on it")
    .option("--vtysh <path>", "vtysh of the FRR that runs here", "vtysh")
    .option("--vty-dir <dir>", "directory of FRR's sockets", "/var/run/frr")
    .addOption(
      new Option("--ml-bindport <port>", "port of membership on the other nodes")
        .env("METALLB_ML_BIND_PORT")
        .argParser(parsePort)
        .default(7946),
    )
    .addOption(
      new Option("--ml-secret-key-path <dir>", "directory of the file secretkey")
        .env("METALLB_ML_SECRET_KEY_PATH")
        .default(""),
    )
    .addOption(
      new Option("--timeout <ms>", "how long a port may take to answer")
        .argParser(parseMs)
        .default(3000),
    )
    .addHelpText("after", EXAMPLE)
    .action(async (flags: DoctorFlags) => {
      const scene =
        flags.filename.length > 0
          ? await sceneOfFiles(flags)
          : await sceneOfCluster(flags.kubeconfig, flags.namespace);
      const { snapshot, workloads, clockAheadS } = scene;
      let local = null;
      if (flags.node !== undefined) {
        const { lookAtNode } = await import("./doctor-node.ts");
        const { node, vtysh, vtyDir, mlBindport: mlPort, timeout: limitMs } = flags;
        const key = memberKey(flags, snapshot);
        local = await lookAtNode(snapshot, {
          node,
          vtysh,
          vtyDir,
          mlPort,
          limitMs,
          key,
          clockAheadS,
        });
      }
      const answer = diagnose({ snapshot, workloads, local });
      printAs(flags.output, answer, () => diagnosisText(answer));
      exitWith(answer.healthy ? EXIT.fine : EXIT.inputHasErrors);
    });
};
