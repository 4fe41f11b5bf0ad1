import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import type { Service, ServiceKey } from "../api/objects.ts";
import { frrLogLevel } from "../bgp/log-level.ts";
import { nodeBgpFor } from "../bgp/node-bgp.ts";
import { AppError } from "../errors.ts";
import { deltaFor } from "../frr-config/delta.ts";
import { maskLine } from "../frr-config/mask.ts";
import { emptyBlock, parseTree, type Block } from "../frr-config/tree.ts";
import { readRunning } from "../frr/running.ts";
import { vtyshAt } from "../frr/vtysh.ts";
import { renderFrr } from "../frr-templates/render.ts";
import { l2Decisions } from "../l2/decision.ts";
import type { L2Decision } from "../l2/decision.ts";
import { movesBetween } from "../l2/moves.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { collect } from "./input.ts";
import { addNodeOptions, complainOf, excludePolicyOf, readNodeInput } from "./node-input.ts";
import type { NodeFlags } from "./node-input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";

interface DiffFlags extends NodeFlags {
  readonly running?: string;
  readonly vtysh?: string | true;
  readonly vtyDir?: string;
  readonly from?: readonly string[];
  readonly hostname?: string;
  readonly logLevel: string;
  readonly showSecrets: boolean;
  readonly output: OutputFormat;
}

export interface DiffAnswer {
  /** Lines for `vtysh -f`, in order. */
  readonly commands: readonly string[];
  readonly sessionsReset: readonly { readonly peer: string; readonly why: string }[];
  readonly prefixesAdded: readonly string[];
  readonly prefixesWithdrawn: readonly string[];
  readonly vipsMoved: readonly string[];
}

/** What FRR has now, and which of it we had written. */
interface Before {
  readonly running: Block;
  readonly ours: Block;
}

/** What a set of manifests asks of the node: its frr.conf, and who answers for which address at L2. */
interface Side {
  readonly text: string;
  readonly failed: boolean;
  readonly services: readonly Service[];
  readonly l2: ReadonlyMap<ServiceKey, L2Decision>;
}

/** @param held Services whose addresses stay, where `--allocate` gives addresses */
async function sideOf(flags: DiffFlags, held: readonly Service[] = []): Promise<Side> {
  const logLevel = frrLogLevel(flags.logLevel, process.env["FRR_LOGGING_LEVEL"]);
  if (logLevel === null) throw new AppError("ERR_USAGE", `no such log level: ${flags.logLevel}`);
  const { config, snapshot, problems } = await readNodeInput(flags, held);
  const shared = { lbClass: flags.lbClass, excludePolicy: excludePolicyOf(flags) };
  const hostname = flags.hostname ?? flags.node;
  const node = nodeBgpFor(config, snapshot, flags.node, { ...shared, hostname, logLevel });
  return {
    text: renderFrr(node),
    failed: complainOf([...problems, ...node.problems]),
    services: snapshot.services,
    l2: l2Decisions(config, snapshot, flags.node, null, shared),
  };
}

/** @throws AppError `ERR_UNREADABLE_INPUT`, `ERR_FRR_UNREACHABLE` */
async function before(flags: DiffFlags, old: Side | null): Promise<Before> {
  if (old !== null) return { running: parseTree(old.text), ours: parseTree(old.text) };
  if (flags.running !== undefined)
    return { running: parseTree(await readRunningFile(flags.running)), ours: emptyBlock() };
  const vtysh = vtyshAt({
    command: typeof flags.vtysh === "string" ? flags.vtysh : "vtysh",
    ...(flags.vtyDir === undefined ? {} : { vtyDir: flags.vtyDir }),
  });
  return { running: (await readRunning(vtysh)).tree, ours: emptyBlock() };
}

async function readRunningFile(path: string): Promise<string> {
  try {
    return path === "-" ? await textOf(process.stdin) : await readFile(path, "utf8");
  } catch (cause) {
    throw new AppError("ERR_UNREADABLE_INPUT", `cannot read ${path}`, { cause });
  }
}

function forPeople(answer: DiffAnswer): string {
  const { commands, sessionsReset, prefixesAdded, prefixesWithdrawn, vipsMoved } = answer;
  const list = (title: string, items: readonly string[]): readonly string[] =>
    items.length === 0 ? [] : ["", title, ...items.map((item) => `  ${item}`)];
  return [
    ...(commands.length === 0 ? ["! nothing to do"] : commands),
    ...list(
      "! sessions reset",
      sessionsReset.map(({ peer, why }) => `${peer}: ${why}`),
    ),
    ...list("! prefixes added", prefixesAdded),
    ...list("! prefixes withdrawn", prefixesWithdrawn),
    ...list("! addresses that move at L2", vipsMoved),
  ].join("\n");
}

export const register: Register = (program) => {
  addOutputOption(addNodeOptions(program.command("diff")))
    .description("Print what a change does to FRR: the vtysh commands, and their effects.")
    .option("--running <file>", "a running configuration, - for standard input")
    .option("--vtysh [path]", "ask the FRR of this machine")
    .option("--vty-dir <dir>", "directory of its sockets")
    .option("--from <path>", "the manifests before the change; like -f, may be repeated", collect)
    .option("--hostname <name>", "host name in frr.conf (default: the name of the node)")
    .option("--log-level <level>", "all, debug, info, warn, error, none, or a level of FRR", "info")
    .option("--show-secrets", "print passwords instead of stars", false)
    .addHelpText(
      "after",
      "\nExample:\n  $ ferrolb diff --node worker-1 -f new/ --from old/\n  $ vtysh -c 'show running-config' | ferrolb diff --node worker-1 -f new/ --running -",
    )
    .action(async (flags: DiffFlags) => {
      const sources = [flags.running, flags.vtysh, flags.from].filter((one) => one !== undefined);
      if (sources.length !== 1)
        throw new AppError("ERR_USAGE", "say what runs now: one of --running, --vtysh, --from");
      const old =
        flags.from === undefined ? null : await sideOf({ ...flags, filename: flags.from });
      const now = await sideOf(flags, old?.services);
      const { running, ours } = await before(flags, old);
      const { commands, effects } = deltaFor(running, parseTree(now.text), { ours });
      const answer: DiffAnswer = {
        commands: commands.map((one) => (flags.showSecrets ? one.text : maskLine(one.text))),
        sessionsReset: effects.sessionsReset,
        prefixesAdded: effects.prefixesAdded,
        prefixesWithdrawn: effects.prefixesWithdrawn,
        vipsMoved: old === null ? [] : movesBetween(old.l2, now.l2).map(({ ip }) => ip),
      };
      printAs(flags.output, answer, () => forPeople(answer));
      exitWith(now.failed ? EXIT.inputHasErrors : EXIT.fine);
    });
};
