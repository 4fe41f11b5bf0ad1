/** `ferrolb support`: what somebody who helps needs to see, in one file, without a secret in it. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { parseAllDocuments, stringify } from "yaml";
import { stringifyExact } from "../api/exact-json.ts";
import { AppError } from "../errors.ts";
import { diagnose } from "../explain/doctor/doctor.ts";
import { maskObject, maskValues, secretsIn } from "../explain/doctor/mask.ts";
import { diagnosisText } from "../explain/doctor/text.ts";
import { statusOf } from "../explain/status.ts";
import { maskText } from "../frr-config/mask.ts";
import { vtyshAt } from "../frr/vtysh.ts";
import { manifestsIn } from "../manifests/files.ts";
import type { Register } from "./commands.ts";
import { addSceneOptions, sceneOfCluster, sceneOfFiles } from "./doctor.ts";
import type { SceneFlags } from "./doctor.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";
import { readWorld } from "./source.ts";
import { statusText } from "./status-text.ts";
import { tarOf } from "./tar.ts";
import { validateAnswer } from "./validate.ts";
import { version } from "./version.ts";

interface SupportFlags extends SceneFlags {
  readonly to?: string;
  readonly logs: readonly string[];
  readonly frr: boolean;
  readonly vtysh: string;
  readonly vtyDir: string;
  readonly output: OutputFormat;
}

type Parts = Map<string, string>;
const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** One part that cannot be had says so in its place; the others still come. */
async function part(
  parts: Parts,
  name: string,
  make: () => Promise<string> | string,
): Promise<void> {
  try {
    parts.set(name, await make());
  } catch (error) {
    parts.set(name, `not to be had: ${wordsOf(error)}\n`);
  }
}

const SHOWS = [
  "show running-config",
  "show version",
  "show bgp summary",
  "show bfd peers",
  "show ip route bgp",
  "show ipv6 route bgp",
];

async function clusterObjects(
  { kubeconfig, namespace }: SupportFlags,
  parts: Parts,
): Promise<readonly unknown[]> {
  const { loadKubeConfig } = await import("../kube/access.ts");
  const { kubeClient } = await import("../kube/client.ts");
  const { dumpParts, readDump, statusParts } = await import("../kube/dump.ts");
  const client = kubeClient(loadKubeConfig(kubeconfig));
  try {
    const dump = await readDump(client, [...dumpParts(namespace), ...statusParts(namespace)]);
    if (dump.missing.length > 0) parts.set("objects/not-read.txt", `${dump.missing.join("\n")}\n`);
    for (const { kind, metadata } of dump.objects)
      if (kind === "Pod" && metadata.namespace === namespace)
        await part(parts, `logs/${metadata.name}.log`.slice(0, 100), async () => {
          const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log?tailLines=5000`;
          const text = await client.request("GET", path);
          return typeof text === "string" ? text : stringifyExact(text);
        });
    return dump.objects;
  } finally {
    client.close();
  }
}

const kindOf = (o: unknown): string =>
  typeof o === "object" &&
  o !== null &&
  "kind" in o &&
  typeof o.kind === "string" &&
  /^\w{1,60}$/.test(o.kind)
    ? o.kind
    : "other";

function byKind(objects: readonly unknown[]): ReadonlyMap<string, readonly unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const o of objects) groups.set(kindOf(o), [...(groups.get(kindOf(o)) ?? []), o]);
  return groups;
}

/** Objects as they are written, those that would be refused too: they may hold secrets just the same. */
async function writtenObjects({ filename }: SupportFlags): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  for (const path of filename) {
    if (path === "-") throw new AppError("ERR_USAGE", "a bundle is made of files, not of -");
    const files = (await stat(path)).isDirectory() ? await manifestsIn(path) : [path];
    for (const file of files)
      for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
        const value: unknown = document.toJS({ maxAliasCount: 100 });
        const items =
          typeof value === "object" && value !== null && "items" in value ? value.items : null;
        if (Array.isArray(items)) objects.push(...(items as readonly unknown[]));
        else if (value !== null) objects.push(value);
      }
  }
  return objects;
}

async function partsOf(flags: SupportFlags): Promise<Parts> {
  const parts: Parts = new Map();
  const live = flags.filename.length === 0;
  // First what may be unreadable, with its own words and exit code.
  const scene = live
    ? await sceneOfCluster(flags.kubeconfig, flags.namespace)
    : await sceneOfFiles(flags);
  const objects = live ? await clusterObjects(flags, parts) : await writtenObjects(flags);
  const secrets = secretsIn(objects);
  parts.set("version.txt", `ferrolb ${version()}\nnode ${process.version}\n`);
  for (const [kind, some] of byKind(objects))
    parts.set(`objects/${kind}.yaml`, some.map((o) => stringify(maskObject(o))).join("---\n"));
  const { snapshot, workloads } = scene;
  const diagnosis = diagnose({ snapshot, workloads, local: null });
  parts.set("doctor.txt", diagnosisText(diagnosis));
  parts.set("doctor.json", stringifyExact(diagnosis));
  await part(parts, "validate.json", () => stringifyExact(validateAnswer(scene)));
  await part(parts, "status.txt", async () => {
    const { filename, namespace, kubeconfig } = flags;
    const world = await readWorld({
      filename,
      namespace,
      ...(live && kubeconfig !== undefined && { kubeconfig }),
    });
    return statusText(statusOf(world.snapshot, { observed: world.observed }), Date.now(), true);
  });
  if (flags.frr) {
    const vtysh = vtyshAt({ command: flags.vtysh, vtyDir: flags.vtyDir });
    for (const show of SHOWS)
      await part(parts, `frr/${show.replaceAll(" ", "-")}.txt`, async () =>
        maskText(await vtysh.show([show])),
      );
  }
  for (const file of flags.logs) {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new AppError("ERR_UNREADABLE_INPUT", `cannot read ${file}`, { cause });
    });
    parts.set(`logs/${basename(file)}`.slice(0, 100), maskText(text));
  }
  // Last of all, whatever the part: a value that is secret somewhere is secret everywhere.
  return new Map([...parts].map(([name, text]) => [name, maskValues(text, secrets)]));
}

const EXAMPLE = `
Examples:
  $ ferrolb support                                   # the cluster of KUBECONFIG
  $ ferrolb support -f manifests/ --logs speaker.log  # a directory, and a log
  $ ferrolb support --frr --to bundle.tar.gz          # on a node: FRR's own view too

Values of Secrets, passwords and keys are masked wherever they stand. Look into the file before you send it.`;

export const register: Register = (program) => {
  addOutputOption(addSceneOptions(program.command("support")))
    .description(
      "Write a bundle for somebody who helps: objects, status, doctor, FRR, logs; secrets masked.",
    )
    .option("--to <file>", "where to write it (default: ferrolb-support-TIME.tar.gz)")
    .option(
      "--logs <file>",
      "a log to add; may be repeated",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option("--frr", "ask the FRR that runs here", false)
    .option("--vtysh <path>", "vtysh of that FRR", "vtysh")
    .option("--vty-dir <dir>", "directory of its sockets", "/var/run/frr")
    .addHelpText("after", EXAMPLE)
    .action(async (flags: SupportFlags) => {
      const now = new Date();
      const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
      const file = flags.to ?? `ferrolb-support-${stamp}.tar.gz`;
      const parts = await partsOf(flags);
      const files = [...parts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, text]) => ({
          name: `ferrolb-support/${name}`.slice(0, 100),
          content: Buffer.from(text),
        }));
      try {
        await writeFile(file, gzipSync(tarOf(files, Math.floor(now.getTime() / 1000))), {
          mode: 0o600,
        });
      } catch (cause) {
        throw new AppError("ERR_ENVIRONMENT", `cannot write ${file}`, { cause });
      }
      const answer = { file, parts: files.map((f) => f.name) };
      printAs(flags.output, answer, () =>
        [`written: ${file}`, ...answer.parts.map((n) => `  ${n}`)].join("\n"),
      );
    });
};
