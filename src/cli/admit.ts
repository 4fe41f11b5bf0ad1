import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { parse } from "yaml";
import { AppError } from "../errors.ts";
import { admit } from "../webhook/admit.ts";
import type { AdmissionReview } from "../webhook/review.ts";
import { requestOf } from "../webhook/review.ts";
import type { Register } from "./commands.ts";
import { addInputOptions, readInput } from "./input.ts";
import type { InputFlags } from "./input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";

interface Flags extends InputFlags {
  readonly request: string;
  readonly output: OutputFormat;
}

/** @throws AppError `ERR_UNREADABLE_INPUT` for what is no AdmissionReview */
async function readReview(path: string): Promise<unknown> {
  let review: unknown;
  try {
    review = parse(path === "-" ? await textOf(process.stdin) : await readFile(path, "utf8"));
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("ERR_UNREADABLE_INPUT", `cannot read ${path}: ${words}`, { cause });
  }
  if (requestOf(review) === null)
    throw new AppError(
      "ERR_UNREADABLE_INPUT",
      `${path} is no AdmissionReview of admission.k8s.io/v1 with a request`,
    );
  return review;
}

function forPeople({ response }: AdmissionReview): string {
  const warnings = (response.warnings ?? []).map((warning) => `warning: ${warning}`);
  const verdict = response.allowed
    ? "allowed"
    : `denied (${response.status?.code ?? 403}): ${response.status?.message ?? ""}`;
  return [...warnings, verdict].join("\n");
}

export const register: Register = (program) => {
  addOutputOption(addInputOptions(program.command("admit")))
    .description("Answer an AdmissionReview as the webhook would, beside the objects that exist.")
    .requiredOption("--request <file>", "AdmissionReview as JSON or YAML, - for standard input")
    .addHelpText(
      "after",
      "\nExample:\n  $ ferrolb admit -f manifests/ --request review.json -o json",
    )
    .action(async (flags: Flags) => {
      const review = await readReview(flags.request);
      const { snapshot } = await readInput(flags);
      const answer = admit(review, snapshot);
      printAs(flags.output, answer, () => forPeople(answer));
    });
};
