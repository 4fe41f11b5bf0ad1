import { AppError } from "../errors.ts";
import type { ExplainOptions } from "../explain/facts.ts";
import { nodeDown } from "../explain/node-down.ts";
import { explainService } from "../explain/service.ts";
import { explanationText } from "../explain/text.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { addInputOptions, readInput } from "./input.ts";
import type { InputFlags } from "./input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";

interface ExplainFlags extends InputFlags {
  readonly node?: string;
  readonly speakers?: string;
  readonly lbClass: string;
  readonly ignoreExcludeLb: boolean;
  readonly output: OutputFormat;
}

const optionsOf = (flags: ExplainFlags): ExplainOptions => ({
  lbClass: flags.lbClass,
  excludePolicy: flags.ignoreExcludeLb ? "ignore" : "honour",
  ...(flags.speakers !== undefined && { speakers: flags.speakers.split(",").filter(Boolean) }),
});

export const register: Register = (program) => {
  const explain = program
    .command("explain")
    .description("Say why a Service is reachable or not, with the object and field that decide.")
    .addHelpText("after", "\nExample:\n  $ ferrolb explain service default/web -f manifests/");
  const withFlags = (words: string) =>
    addOutputOption(addInputOptions(explain.command(words)))
      .option("--lb-class <class>", "this FerroLB serves the Services of this class", "")
      .option("--ignore-exclude-lb", "speakers announce from nodes labelled as excluded", false)
      .option(
        "--speakers <names>",
        "nodes whose speaker is alive, with commas (default: by their Pods, else every Node)",
      );

  withFlags("service <name>")
    .description("Follow one Service (NAMESPACE/NAME) to the wire; exit 1 when it is not served.")
    .option("--node <name>", "of the nodes, show this one only")
    .addHelpText("after", "\nExample:\n  $ ferrolb explain service default/web -f manifests/")
    .action(async (name: string, flags: ExplainFlags) => {
      if (!/^[^/]+\/[^/]+$/.test(name))
        throw new AppError("ERR_USAGE", "name the Service as NAMESPACE/NAME");
      const { snapshot } = await readInput(flags);
      const answer = explainService(snapshot, name, optionsOf(flags));
      printAs(flags.output, answer, () => explanationText(answer, flags.node));
      exitWith(answer.served ? EXIT.fine : EXIT.inputHasErrors);
    });

  withFlags("node <name>")
    .description(
      "What if this node were lost: which addresses move, which are left with nobody; exit 1 when any is.",
    )
    .requiredOption("--if-down", "suppose the node is down")
    .addHelpText("after", "\nExample:\n  $ ferrolb explain node worker-1 --if-down -f manifests/")
    .action(async (name: string, flags: ExplainFlags) => {
      const { snapshot } = await readInput(flags);
      const answer = nodeDown(snapshot, name, optionsOf(flags));
      printAs(flags.output, answer, () =>
        [
          `without ${name}: ${answer.lost.length} Services lost, ${answer.moved.length} moved at L2`,
          ...answer.lost.map((key) => `lost   ${key}`),
          ...answer.moved.map(({ service, to }) => `moved  ${service} to ${to}`),
        ].join("\n"),
      );
      exitWith(answer.lost.length === 0 ? EXIT.fine : EXIT.inputHasErrors);
    });
};
