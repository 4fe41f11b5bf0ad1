/** `ferrolb lab`: the lab on real parts, its table, its check, and a way into its namespaces. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { InvalidArgumentError, Option } from "commander";
import { AppError } from "../errors.ts";
import { FRR_VERSIONS } from "../lab/frr-root.ts";
import type { FrrVersion } from "../lab/frr-root.ts";
import { checkName, dirOf, labs, prefixOf, takeDown } from "../lab/labs.ts";
import { NODES, PLACES, ROUTERS } from "../lab/plan.ts";
import type { NodeName, Place, RouterName } from "../lab/plan.ts";
import type { Register } from "./commands.ts";
import { exitWith } from "./exit.ts";
import { parsePort } from "./daemon-flags.ts";
import { PAGE_PORT } from "./page-flags.ts";
import { runLab } from "./lab-run.ts";
import { print, table } from "./output.ts";

const EXAMPLE = `
Examples:
  $ ferrolb lab                                  # until Ctrl-C
  $ ferrolb lab --check                          # start, check every claim, remove
  $ ferrolb lab --cluster                        # the same on a real API server and kube-proxy
  $ ferrolb lab exec r1 -- vtysh -c 'show bgp summary'
  $ ferrolb lab exec c1 -- curl http://203.0.113.10/
  $ ferrolb lab down                             # what a killed lab left`;

interface LabFlags {
  readonly name: string;
  readonly manifests?: string;
  readonly check?: boolean;
  readonly cluster?: boolean;
  readonly pagePort: number;
  readonly frr: Readonly<Partial<Record<RouterName | NodeName, FrrVersion>>>;
}

export const register: Register = (program) => {
  const named = () =>
    new Option("--name <name>", "which lab; several can be up at once").default("main");
  const lab = program
    .command("lab")
    .description(
      "routers, nodes and a client in network namespaces, with FerroLB at work between them",
    )
    .addOption(named())
    .option("--manifests <dir>", "directory to follow instead of a copy of the lab's own manifests")
    .option("--cluster", "controller and speakers read an API server; kube-proxy forwards")
    .addOption(
      new Option("--page-port <port>", "the picture, on localhost; 0: none")
        .argParser(parsePort)
        .default(PAGE_PORT),
    )
    .option("--check", "wait until everything is served, print one line per claim, end")
    .option("--frr <place=version,...>", "FRR versions, as r1=8.4,n2=10.3", parseFrr, {})
    .addHelpText("after", EXAMPLE)
    .action(
      async ({ name, manifests, check = false, cluster = false, frr, pagePort }: LabFlags) => {
        const own = manifests === undefined;
        const ok = await runLab({
          name: checkName(name),
          prefix: prefixOf(name),
          dir: dirOf(name),
          manifests: own ? join(dirOf(name), "manifests") : resolve(manifests),
          copyFrom: own ? labManifests() : null,
          ferrolb: [process.execPath, ...process.execArgv, process.argv[1] ?? ""],
          frr,
          check,
          clusterParts: cluster
            ? { bin: await kubePrograms(), crds: projectPath("deploy/kustomize/crds") }
            : null,
          pagePort,
        });
        exitWith(ok ? 0 : 1);
      },
    );
  lab
    .command("down")
    .description("end a lab, or remove what a killed one left")
    .addOption(named())
    .option("--all", "every lab of this machine")
    .addHelpText("after", "\nExample:\n  $ ferrolb lab down --all")
    .action(async (flags: { readonly all?: boolean }, command: { optsWithGlobals(): LabFlags }) => {
      const names =
        flags.all === true
          ? (await labs()).map(({ name }) => name)
          : [checkName(command.optsWithGlobals().name)];
      for (const name of names) print(`lab ${name}: ${DOWN[await takeDown(name)]}`);
    });
  lab
    .command("list")
    .description("labs of this machine")
    .addHelpText("after", "\nExample:\n  $ ferrolb lab list")
    .action(async () => {
      const rows = (await labs()).map((l) => [l.name, l.alive ? "up" : "killed", l.manifests]);
      print(table(["Lab", "State", "Manifests"], rows));
    });
  lab
    .command("exec")
    .description(`run a command in a namespace of a lab: ${PLACES.join(" ")}`)
    .addOption(named())
    .argument("<namespace>", "where", parsePlace)
    .argument("<command...>", "what, after --")
    .addHelpText("after", "\nExample:\n  $ ferrolb lab exec n1 -- ip route")
    .action(
      async (
        place: Place,
        words: string[],
        _: unknown,
        command: { optsWithGlobals(): LabFlags },
      ) => {
        process.exitCode = await execIn(checkName(command.optsWithGlobals().name), place, words);
      },
    );
};

const DOWN = {
  ended: "ended, nothing left",
  removed: "was killed, leftovers removed",
  absent: "not there",
} as const;

/** The place's own vtysh comes first in PATH: the machine's would talk to the machine's FRR. */
async function execIn(name: string, place: Place, words: readonly string[]): Promise<number> {
  const namespace = `${prefixOf(name)}-${place}`;
  if (!existsSync(`/run/netns/${namespace}`))
    throw new AppError("ERR_ENVIRONMENT", `no lab called ${name} is up: start it with ferrolb lab`);
  const path = `${join(dirOf(name), place, "frr")}:${process.env["PATH"] ?? ""}`;
  const { exitCode } = await execa("ip", ["netns", "exec", namespace, ...words], {
    stdio: "inherit",
    reject: false,
    env: { PATH: path },
  });
  return exitCode ?? 1;
}

function parsePlace(text: string): Place {
  const place = PLACES.find((p) => p === text);
  if (place === undefined) throw new InvalidArgumentError(`one of ${PLACES.join(" ")}`);
  return place;
}

function parseFrr(text: string): LabFlags["frr"] {
  const pairs = text.split(",").map((pair) => {
    const [place, version] = pair.split("=");
    const known = [...ROUTERS, ...NODES].find((p) => p === place);
    const release = FRR_VERSIONS.find((v) => v === version);
    if (known === undefined || release === undefined)
      throw new InvalidArgumentError(
        `${pair}: it is PLACE=VERSION, of ${[...ROUTERS, ...NODES].join(" ")} and ${FRR_VERSIONS.join(" ")}`,
      );
    return [known, release] as const;
  });
  return Object.fromEntries(pairs);
}

/** A path of the project, found from the program's own file upwards. */
function projectPath(path: string): string {
  for (let at = dirname(resolve(process.argv[1] ?? "")); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, path))) return join(at, path);
  throw new AppError("ERR_ENVIRONMENT", `${path} of the project is missing`);
}

/** The manifests that come with the project. */
const labManifests = (): string => projectPath("hack/kind-frr-lab/manifests");

/** Directory with Kubernetes' programs; built the first time, which takes minutes. */
async function kubePrograms(): Promise<string> {
  const names = ["kube-apiserver", "kube-proxy", "kubectl"];
  const script = projectPath("scripts/kube-binaries");
  const { stdout, exitCode } = await execa(script, names, { reject: false, stderr: "inherit" });
  if (exitCode !== 0)
    throw new AppError("ERR_ENVIRONMENT", "kube-apiserver and kube-proxy cannot be had here");
  return stdout.trim();
}
