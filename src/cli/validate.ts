import type { Problem } from "../api/problem.ts";
import { refText } from "../api/objects.ts";
import { configDocument } from "../config/document.ts";
import { sortedProblems } from "../config/findings.ts";
import { parseConfig } from "../config/parse.ts";
import { serviceNotes } from "../config/service-notes.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { addInputOptions, readInput } from "./input.ts";
import type { Input, InputFlags } from "./input.ts";
import { movesAgainst, movesText } from "./moves.ts";
import type { Move } from "./moves.ts";
import { addOutputOption, printAs, table } from "./output.ts";
import type { OutputFormat } from "./output.ts";

export interface ValidateAnswer {
  /** No problem is an error. */
  readonly valid: boolean;
  readonly problems: readonly Problem[];
  /** What remains after quarantine. */
  readonly config: ReturnType<typeof configDocument>;
  /** With `--against`: Services whose addresses would change with these manifests. */
  readonly moves?: readonly Move[];
}

export function validateAnswer({
  snapshot,
  problems: ofInput,
}: Pick<Input, "snapshot" | "problems">): ValidateAnswer {
  const { config, problems: found } = parseConfig(snapshot);
  const problems = sortedProblems([...ofInput, ...found, ...serviceNotes(snapshot.services)]);
  const valid = problems.every((problem) => problem.severity !== "error");
  return { valid, problems, config: configDocument(config) };
}

interface ValidateFlags extends InputFlags {
  readonly output: OutputFormat;
  readonly against: readonly string[];
  readonly lbClass: string;
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

function forPeople({ valid, problems, config, moves }: ValidateAnswer): string {
  const rows = problems.map((p) => [p.severity, p.rule, refText(p.object), p.path, p.message]);
  const listed =
    rows.length === 0 ? [] : [table(["SEVERITY", "RULE", "OBJECT", "PATH", "PROBLEM"], rows)];
  const errors = problems.filter((p) => p.severity === "error").length;
  const verdict = valid ? "valid" : "not valid";
  const counts = [
    counted(errors, "error"),
    counted(problems.length - errors, "warning"),
    counted(config.pools.length, "pool"),
    counted(config.peers.length, "peer"),
    counted(config.bfdProfiles.length, "BFD profile"),
  ];
  const moved = moves === undefined ? [] : [movesText(moves)];
  return [...listed, `${verdict}: ${counts.join(", ")} in force`, ...moved].join("\n");
}

export const register: Register = (program) => {
  addOutputOption(addInputOptions(program.command("validate")))
    .description("Check manifests: every problem with its object, its field and what to do.")
    .option(
      "--against <path>",
      "manifests as they are now: say which addresses in use would move; may be repeated",
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option("--lb-class <class>", "with --against: the class of Services that is served", "")
    .addHelpText(
      "after",
      "\nExample:\n  $ ferrolb validate -f manifests/ -o json" +
        "\n  $ ferrolb validate -f edited/ --against manifests/",
    )
    .action(async (flags: ValidateFlags) => {
      const input = await readInput(flags);
      const { against, lbClass, namespace } = flags;
      const answer =
        against.length === 0
          ? validateAnswer(input)
          : {
              ...validateAnswer(input),
              moves: movesAgainst(
                (await readInput({ filename: against, namespace })).snapshot,
                input.snapshot,
                lbClass,
              ),
            };
      printAs(flags.output, answer, () => forPeople(answer));
      exitWith(answer.valid ? EXIT.fine : EXIT.inputHasErrors);
    });
};
