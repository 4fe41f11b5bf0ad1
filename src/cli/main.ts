import { Command } from "commander";
import { COMMANDS } from "./commands.ts";
import { verdictOf } from "./exit.ts";
import { keepHeapSmall } from "./heap.ts";
import { version } from "./version.ts";

const EXAMPLE = `
Exit codes: 0 fine, 1 the input has errors, 2 wrong usage or unreadable input, 3 the environment failed.

Example:
  $ ferrolb validate -f manifests/`;

/** The first word that is no flag: the command asked for (or the one `help` is asked about). */
function commandNamed(args: readonly string[]): string | null {
  const words = args.filter((a) => !a.startsWith("-"));
  return (words[0] === "help" ? words[1] : words[0]) ?? null;
}

interface Run {
  readonly program: Command;
  /** The words as the command wants them. */
  readonly args: readonly string[];
}

/** Registers the one command that is asked for; the others are names in the help. */
async function runFor(args: readonly string[]): Promise<Run> {
  const program = new Command(process.env["FERROLB_CALLED_AS"] ?? "ferrolb")
    .description("Load balancer for bare-metal Kubernetes: BGP through FRR, native ARP and NDP.")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "show help")
    .addHelpText("after", EXAMPLE)
    .showHelpAfterError("(run with --help for usage)")
    .exitOverride();
  const name = commandNamed(args);
  let words = args;
  for (const [candidate, { summary, load, isDaemon }] of Object.entries(COMMANDS)) {
    if (candidate !== name) program.command(candidate).summary(summary).description(summary);
    else {
      if (isDaemon) keepHeapSmall();
      const { register, syntax } = await load();
      register(program);
      if (syntax !== undefined) words = syntax(args);
    }
  }
  // Settings of the program are copied to commands made with .command(); those added whole get them here.
  for (const command of program.commands) command.copyInheritedSettings(program);
  return { program, args: words };
}

/** Runs the command line; the exit code is left in `process.exitCode`. Never throws. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    if (args[0] === "__complete") {
      await (await import("./completion.ts")).complete(args.slice(1));
      return;
    }
    const run = await runFor(args);
    if (args.length === 0) run.program.outputHelp();
    else await run.program.parseAsync(run.args, { from: "user" });
  } catch (error) {
    const { code, message } = verdictOf(error);
    if (message !== null) process.stderr.write(`ferrolb: ${message}\n`);
    process.exitCode = code;
  }
}

// A reader that went away (`| head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

await main(process.argv.slice(2));
