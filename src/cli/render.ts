import { frrLogLevel } from "../bgp/log-level.ts";
import { nodeBgpFor } from "../bgp/node-bgp.ts";
import type { BgpOptions } from "../bgp/node-bgp.ts";
import { AppError } from "../errors.ts";
import { maskPasswords } from "../frr-templates/mask.ts";
import { renderFrr } from "../frr-templates/render.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { addNodeOptions, complainOf, excludePolicyOf, readNodeInput } from "./node-input.ts";
import type { NodeFlags } from "./node-input.ts";

interface RenderFlags extends NodeFlags {
  readonly hostname?: string;
  readonly logLevel: string;
  readonly showSecrets: boolean;
}

function optionsOf(flags: RenderFlags): BgpOptions {
  const logLevel = frrLogLevel(flags.logLevel, process.env["FRR_LOGGING_LEVEL"]);
  if (logLevel === null) throw new AppError("ERR_USAGE", `no such log level: ${flags.logLevel}`);
  return {
    lbClass: flags.lbClass,
    excludePolicy: excludePolicyOf(flags),
    hostname: flags.hostname ?? flags.node,
    logLevel,
  };
}

export const register: Register = (program) => {
  addNodeOptions(program.command("render"))
    .description("Print frr.conf of one node.")
    .option("--hostname <name>", "host name in it (default: the name of the node)")
    .option("--log-level <level>", "all, debug, info, warn, error, none, or a level of FRR", "info")
    .option("--show-secrets", "print passwords instead of stars", false)
    .addHelpText("after", "\nExample:\n  $ ferrolb render --node worker-1 -f manifests/")
    .action(async (flags: RenderFlags) => {
      const options = optionsOf(flags);
      const { config, snapshot, problems } = await readNodeInput(flags);
      const node = nodeBgpFor(config, snapshot, flags.node, options);
      const text = renderFrr(node);
      process.stdout.write(flags.showSecrets ? text : maskPasswords(text));
      const failed = complainOf([...problems, ...node.problems]);
      exitWith(failed ? EXIT.inputHasErrors : EXIT.fine);
    });
};
