/** `npm run chaos`: flags, signals, exit code: 0 no violation, 1 some, 2 wrong usage, 3 the environment failed. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { execa } from "execa";
import { AppError } from "../src/errors.ts";
import type { Fencing } from "./clash.ts";
import type { FrrVersion } from "../src/lab/frr-root.ts";
import { KIND_NAMES, kindsFor } from "./kinds.ts";
import type { KindName } from "./kinds.ts";
import { reportText } from "./report.ts";
import { runChaos } from "./run.ts";
import { MAX_SERVICES } from "./world.ts";

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("not a positive number.");
  return value;
};
const seedOf = (text: string): number => {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32)
    throw new InvalidArgumentError("not a number below 2^32.");
  return Number(text);
};
const servicesOf = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 4 || value > MAX_SERVICES)
    throw new InvalidArgumentError(`not a number from 4 to ${MAX_SERVICES}.`);
  return value;
};
const kindsOf = (text: string): readonly KindName[] =>
  text.split(",").map((word) => {
    const kind = KIND_NAMES.find((k) => k === word);
    if (kind === undefined)
      throw new InvalidArgumentError(`no kind ${word}; there are: ${KIND_NAMES.join(", ")}.`);
    return kind;
  });

interface Flags {
  readonly minutes: number;
  readonly seed?: number;
  readonly services: number;
  readonly cluster: boolean;
  readonly frr?: FrrVersion;
  readonly fencing: Fencing;
  readonly kinds?: readonly KindName[];
  readonly replay?: string;
  readonly json?: string;
}

const program = new Command("chaos")
  .description("Random faults on a lab, and a checker that watches the wire meanwhile.")
  .option("--minutes <n>", "how long faults are injected", positive, 60)
  .option(
    "--seed <n>",
    "what happens; the same seed replays it (default: another each time)",
    seedOf,
  )
  .option("--services <n>", "half by BGP, half by ARP and NDP", servicesOf, 24)
  .option("--cluster", "on a real API server, with faults of it and of rights", false)
  .addOption(new Option("--frr <version>", "of all nodes").choices(["8.4", "10.3"]))
  .addOption(
    new Option("--fencing <how>", "as --ml-fencing of the speakers")
      .choices(["quorum", "gossip"])
      .default("quorum"),
  )
  .option("--kinds <list>", "only these kinds of faults, separated by commas", kindsOf)
  .option("--replay <file>", "the run of a report written by --json, again; other flags count more")
  .option("--json <file>", "where the report goes as JSON")
  .addHelpText("after", "\nExample:\n  $ npm run chaos -- --minutes 5 --seed 42")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const flags: Flags = { ...replayed(program.opts<Flags>().replay), ...given() };

/** The flags that were written, or those with a default where no report is replayed. */
function given(): Partial<Flags> {
  const all = program.opts<Flags>();
  if (all.replay === undefined) return all;
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => program.getOptionValueSource(name) !== "default"),
  );
}

/** What a report says of how it was made; read as flags are, since anyone may have edited it. */
function replayed(file: string | undefined): Flags {
  const none = { minutes: 60, services: 24, cluster: false, fencing: "quorum" } as const;
  if (file === undefined) return none;
  try {
    return readReport(JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>);
  } catch (error) {
    process.stderr.write(`chaos: ${file} is no report: ${String(error)}\n`);
    process.exit(2);
  }
}

function readReport(report: Readonly<Record<string, unknown>>): Flags {
  const { minutes, seed, services, source, frr, fencing, kinds } = report;
  return {
    minutes: positive(String(minutes)),
    seed: seedOf(String(seed)),
    services: servicesOf(String(services)),
    cluster: source === "cluster",
    fencing: fencing === "gossip" ? "gossip" : "quorum",
    ...(frr === "8.4" || frr === "10.3" ? { frr } : {}),
    ...(Array.isArray(kinds) ? { kinds: kindsOf(kinds.join(",")) } : {}),
  };
}

const absent = (flags.kinds ?? []).filter(
  (kind) => !kindsFor(flags.cluster ? "cluster" : "directory").includes(kind),
);
if (absent.length > 0) {
  const where = flags.cluster ? "with --cluster" : "without --cluster";
  process.stderr.write(`chaos: ${where} there is no ${absent.join(", ")}\n`);
  process.exit(2);
}

/** Directory with Kubernetes' programs; built the first time, which takes minutes. */
async function kubePrograms(): Promise<string> {
  const script = resolve(import.meta.dirname, "../scripts/kube-binaries");
  const { stdout, exitCode } = await execa(script, ["kube-apiserver"], {
    ...{ reject: false, stderr: "inherit" },
  });
  if (exitCode === 0) return stdout.trim();
  throw new AppError("ERR_ENVIRONMENT", "kube-apiserver cannot be had here");
}

const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ending.abort());

try {
  const report = await runChaos(
    {
      seed: flags.seed ?? Math.floor(Math.random() * 2 ** 32),
      ...{ minutes: flags.minutes, services: flags.services, frr: flags.frr ?? null },
      fencing: flags.fencing,
      cluster: flags.cluster ? await kubePrograms() : null,
      ...(flags.kinds !== undefined && { kinds: flags.kinds }),
      ferrolb: [process.execPath, resolve(import.meta.dirname, "../bin/ferrolb")],
      tell: (line) => process.stderr.write(`${line}\n`),
    },
    ending.signal,
  );
  process.stdout.write(`${reportText(report)}\n`);
  if (flags.json !== undefined) {
    await mkdir(dirname(resolve(flags.json)), { recursive: true });
    await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.exitCode = report.violations.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof AppError ? error.message : String(error)}\n`);
  process.exitCode = 3;
}
