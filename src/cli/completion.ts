/** `ferrolb completion SHELL`, and `__complete`, which the scripts that it prints ask. */
import { Argument, Command } from "commander";
import { AppError } from "../errors.ts";
import { candidatesFor, namesOf } from "./candidates.ts";
import type { Candidates } from "./candidates.ts";
import { COMMANDS } from "./commands.ts";
import type { Register } from "./commands.ts";
import { SCRIPTS, SHELLS } from "./completion-scripts.ts";
import type { Shell } from "./completion-scripts.ts";
import { namespaceFromEnvironment } from "./input.ts";
import { print } from "./output.ts";
import { readWorld } from "./source.ts";

const EXAMPLE = `
Examples:
  $ ferrolb completion bash > /etc/bash_completion.d/ferrolb
  $ ferrolb completion fish > ~/.config/fish/completions/ferrolb.fish`;

/** Nobody waits longer for a name at a prompt. */
const PATIENCE_MS = 2000;

export const register: Register = (program) => {
  program
    .command("completion")
    .description("Print what makes a shell complete commands, flags and names.")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText("after", EXAMPLE)
    .action((shell: Shell) => print(SCRIPTS[shell]));
};

/** Of cobra, which kubectl speaks: 0 leaves files to the shell, 4 says that there are none. */
const DIRECTIVE = { files: ":0", words: ":4" } as const;

/**
 * Answers a shell: candidates, one per line, or `:files`. Never fails: at a prompt there is nobody to tell.
 * @param args what follows `__complete`: `--`, then the words, the one that is completed last
 */
export async function complete(args: readonly string[]): Promise<void> {
  const cobra = args[0] === "--cobra";
  const rest = cobra ? args.slice(1) : args;
  const line = rest[0] === "--" ? rest.slice(1) : rest;
  const current = line.at(-1) ?? "";
  const found = await candidates(line.slice(0, -1), current).catch((): Candidates => ({
    kind: "words",
    words: [],
  }));
  const lines =
    found.kind === "files"
      ? [cobra ? DIRECTIVE.files : ":files"]
      : [...(found.kind === "words" ? found.words : []), ...(cobra ? [DIRECTIVE.words] : [])];
  // An API server that does not answer would keep the process, and the prompt, waiting.
  process.stdout.write(lines.map((l) => `${l}\n`).join(""), () => process.exit());
}

async function candidates(before: readonly string[], current: string): Promise<Candidates> {
  const program = new Command("ferrolb");
  const name = before.find((word) => !word.startsWith("-"));
  for (const [candidate, entry] of Object.entries(COMMANDS))
    if (candidate === name) (await entry.load()).register(program);
    else program.command(candidate);
  const found = candidatesFor(program, before, current);
  if (found.kind !== "names") return found;
  const { of, flags } = found;
  if (flags.filename.includes("-")) return { kind: "words", words: [] }; // that is the terminal
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new AppError("ERR_ENVIRONMENT", "too slow")), PATIENCE_MS).unref(),
  );
  const { snapshot } = await Promise.race([
    readWorld({ ...flags, namespace: flags.namespace ?? namespaceFromEnvironment() }),
    late,
  ]);
  return { kind: "words", words: namesOf(snapshot, of).filter((n) => n.startsWith(current)) };
}
