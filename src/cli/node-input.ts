/** What the commands about one node share: which node, which Services, and the configuration in force. */
import { Option } from "commander";
import type { Command } from "commander";
import { settleSnapshot } from "../allocator/settle.ts";
import { refText } from "../api/objects.ts";
import type { Service } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import type { Config } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import { addInputOptions, readInput } from "./input.ts";
import type { InputFlags } from "./input.ts";
import { withStatusOf } from "./moves.ts";

export interface NodeFlags extends InputFlags {
  readonly node: string;
  readonly lbClass: string;
  readonly ignoreExcludeLb: boolean;
  readonly excludeLbPolicy: ExcludePolicy;
  readonly allocate: boolean;
}

/** Adds `-f`, `--node` and what decides about Services on a node. */
export const addNodeOptions = (command: Command): Command =>
  addInputOptions(command)
    .requiredOption("--node <name>", "name of the node")
    .option("--lb-class <class>", "handle Services of this class instead of those without one", "")
    .option("--ignore-exclude-lb", "announce from nodes labelled as excluded", false)
    .addOption(
      new Option("--exclude-lb-policy <policy>", "what to do about that label")
        .choices(["honour", "ignore", "auto"])
        .default("honour"),
    )
    .option("--allocate", "give addresses first, as the controller would", false);

export const excludePolicyOf = (flags: NodeFlags): ExcludePolicy =>
  flags.ignoreExcludeLb ? "ignore" : flags.excludeLbPolicy;

export interface NodeInput {
  readonly snapshot: Snapshot;
  readonly config: Config;
  readonly problems: readonly Problem[];
}

/** @param held Services as they were before: with `--allocate`, who had an address there keeps it */
export async function readNodeInput(
  flags: NodeFlags,
  held: readonly Service[] = [],
): Promise<NodeInput> {
  const { snapshot, problems: ofInput } = await readInput(flags);
  const parsed = parseConfig(snapshot);
  const { config, problems } = parsed;
  if (!snapshot.nodes.some((n) => n.metadata.name === flags.node))
    process.stderr.write(`note: there is no Node ${flags.node} in the manifests\n`);
  const services = flags.allocate
    ? settleSnapshot({ services: withStatusOf(snapshot.services, held) }, parsed, flags.lbClass)
        .services
    : snapshot.services;
  return { snapshot: { ...snapshot, services }, config, problems: [...ofInput, ...problems] };
}

/** Errors go to stderr, so that stdout stays what was asked for; true when there are any. */
export function complainOf(problems: readonly Problem[]): boolean {
  const errors = problems.filter((p) => p.severity === "error");
  for (const p of errors)
    process.stderr.write(`${p.rule} ${refText(p.object)} ${p.path}: ${p.message}\n`);
  return errors.length > 0;
}
