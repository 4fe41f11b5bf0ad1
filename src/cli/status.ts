/** `ferrolb status`: one screen of everything, once or live. */
import { setTimeout as sleep } from "node:timers/promises";
import { Option } from "commander";
import { stringify } from "yaml";
import { stringifyExact } from "../api/exact-json.ts";
import { AppError } from "../errors.ts";
import { statusOf } from "../explain/status.ts";
import type { Status } from "../explain/status.ts";
import type { Register } from "./commands.ts";
import { print } from "./output.ts";
import { fullScreen } from "./screen.ts";
import { addSourceOptions, readWorld } from "./source.ts";
import type { SourceFlags } from "./source.ts";
import { statusText } from "./status-text.ts";

type Format = "table" | "wide" | "json" | "yaml";

interface StatusFlags extends SourceFlags {
  readonly lbClass: string;
  readonly ignoreExcludeLb: boolean;
  readonly output: Format;
  readonly watch: boolean;
}

const EXAMPLE = `
Examples:
  $ ferrolb status                         # the cluster of your kubeconfig
  $ ferrolb status -f manifests/ --watch   # a directory, followed
  $ ferrolb status -f dump.yaml -o json`;

/** How often a watched source is read again. */
const EVERY_MS = 1000;

export const register: Register = (program) => {
  addSourceOptions(program.command("status"))
    .description("Show pools and their use, BGP sessions, who announces which Service, members.")
    .option("--lb-class <class>", "Services of this class instead of those without one", "")
    .option("--ignore-exclude-lb", "speakers announce from nodes labelled as excluded", false)
    .option("-w, --watch", "keep it live until Ctrl-C", false)
    .addOption(
      new Option("-o, --output <format>", "what to print")
        .choices(["table", "wide", "json", "yaml"])
        .default("table"),
    )
    .addHelpText("after", EXAMPLE)
    .action(async (flags: StatusFlags) => {
      if (!flags.watch) {
        print(textOf(await look(flags), flags.output));
        return;
      }
      if (flags.output === "json" || flags.output === "yaml")
        throw new AppError("ERR_USAGE", "--watch is for people: one document cannot be live");
      await follow(flags);
    });
};

async function look(flags: StatusFlags): Promise<Status> {
  const { snapshot, observed } = await readWorld(flags);
  const excludePolicy = flags.ignoreExcludeLb ? "ignore" : "honour";
  return statusOf(snapshot, { lbClass: flags.lbClass, excludePolicy, observed });
}

function textOf(status: Status, format: Format): string {
  if (format === "json") return stringifyExact(status);
  if (format === "yaml") return stringify(status);
  return statusText(status, Date.now(), format === "wide");
}

/** A source that is away for a moment is said on the screen; the last status stands. */
async function follow(flags: StatusFlags): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.on("SIGINT", end).on("SIGTERM", end);
  const screen = fullScreen(process.stdout);
  let last = "";
  try {
    while (!ending.signal.aborted) {
      try {
        last = textOf(await look(flags), flags.output);
        screen.show(last);
      } catch (error) {
        if (last === "") throw error;
        screen.show(`${error instanceof Error ? error.message : String(error)}\n\n${last}`);
      }
      await sleep(EVERY_MS, null, { signal: ending.signal }).catch(() => null);
    }
  } finally {
    screen.close();
    process.off("SIGINT", end).off("SIGTERM", end);
  }
}
