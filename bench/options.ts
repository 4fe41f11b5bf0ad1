/** The command line of the bench. */
import { Command, InvalidArgumentError, Option } from "commander";
import { FRR_VERSIONS } from "../src/lab/frr-root.ts";
import type { FrrVersion } from "../src/lab/frr-root.ts";
import { FULL, QUICK } from "./core/plan.ts";
import type { Plan } from "./core/plan.ts";
import { GROUPS } from "./core/rows.ts";
import type { GroupName } from "./core/rows.ts";

export interface Options {
  readonly plan: Plan;
  readonly groups: readonly GroupName[];
  /** Directory of MetalLB's binaries; null: FerroLB alone. */
  readonly peers: string | null;
  readonly frr: FrrVersion;
  readonly out: string;
  /** Rows of the last run in `out` that this one does not measure stay. */
  readonly add: boolean;
}

const EXAMPLES = `
Groups: ${GROUPS.join(" ")}.
Exit codes: 0 every row was measured, 1 a row failed, 2 wrong usage, 3 the environment failed.

Examples:
  $ npm run bench -- --peer-dir /path/to/metallb
  $ npm run bench -- --only routes --sizes 0,1000 --rounds 1 --frr 10.3
  $ npm run bench -- --quick --only routes`;

interface Given {
  readonly peerDir?: string;
  readonly only?: readonly GroupName[];
  readonly rounds?: number;
  readonly sizes?: readonly number[];
  readonly quick: boolean;
  readonly frr: FrrVersion;
  readonly out: string;
  readonly add: boolean;
}

/** @throws CommanderError for help and for wrong usage */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  complain: (text: string) => void = (text) => void process.stderr.write(text),
): Options {
  const command = new Command("npm run bench --")
    .description(
      "Measures FerroLB beside MetalLB on this machine: a table, results.json and chart.svg.",
    )
    .option(
      "--peer-dir <dir>",
      "MetalLB's binaries (default: FERROLB_PEER_DIR; without: FerroLB alone)",
    )
    .option("--only <groups>", "these groups of rows, separated by commas", groupsOf)
    .option("--rounds <n>", "rounds of each measurement, the systems in turn", countOf)
    .option("--sizes <list>", "of routes and memory: Services that are there already", countsOf)
    .option("--quick", "small counts: shows that everything works, nothing to quote", false)
    .addOption(
      new Option("--frr <version>", "FRR of the nodes").choices(FRR_VERSIONS).default("8.4"),
    )
    .option("--out <dir>", "where results go", "bench/results")
    .option("--add", "keep rows of the last run in --out that this one does not measure", false)
    .helpOption("-h, --help", "show help")
    .addHelpText("after", EXAMPLES)
    .showHelpAfterError("(run with --help for usage)")
    .configureOutput({ writeErr: complain })
    .exitOverride();
  command.parse(args, { from: "user" });
  const given = command.opts<Given>();
  const plan = given.quick ? QUICK : FULL;
  return {
    plan: {
      ...plan,
      rounds: given.rounds ?? plan.rounds,
      sizes: given.sizes ?? plan.sizes,
      memory: given.sizes ?? plan.memory,
    },
    groups: given.only ?? GROUPS,
    peers: given.peerDir ?? environment["FERROLB_PEER_DIR"] ?? null,
    frr: given.frr,
    out: given.out,
    add: given.add,
  };
}

const groupsOf = (text: string): readonly GroupName[] => {
  const names = text.split(",");
  const unknown = names.find((name) => !(GROUPS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no group ${unknown}; there are: ${GROUPS.join(" ")}.`);
  return GROUPS.filter((name) => names.includes(name));
};

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1000)
    throw new InvalidArgumentError("A number from 1 to 1000.");
  return count;
}

function countsOf(text: string): readonly number[] {
  const counts = text.split(",").map(Number);
  if (!/^\d+(?:,\d+)*$/.test(text) || counts.some((n) => n > 20_000))
    throw new InvalidArgumentError("Numbers up to 20000, separated by commas.");
  return [...new Set(counts)].sort((a, b) => a - b);
}
