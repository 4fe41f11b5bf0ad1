/** What a command prints: a table for people, exactly one JSON document for programs. */
import { Option } from "commander";
import type { Command } from "commander";
import { stringifyExact } from "../api/exact-json.ts";

export type OutputFormat = "table" | "json";

/** Adds `-o table|json`. */
export const addOutputOption = (command: Command): Command =>
  command.addOption(
    new Option("-o, --output <format>", "what to print")
      .choices(["table", "json"])
      .default("table"),
  );

/** Columns padded to their widest cell, two spaces between; no trailing spaces. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? "").length)));
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export const print = (text: string): void => {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
};

/** The JSON document, or what `people` makes of it. */
export const printAs = (format: OutputFormat, value: unknown, people: () => string): void =>
  print(format === "json" ? stringifyExact(value) : people());
