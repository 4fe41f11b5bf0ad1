/** Flags of the page, apart from its wiring, which is loaded when a page is served. */
import { Option } from "commander";
import type { Command } from "commander";
import { parsePort } from "./daemon-flags.ts";

export interface PageFlags {
  readonly pagePort: number;
  readonly pageBindAddress: string;
}

export const PAGE_PORT = 17473;

export const addPageOptions = (command: Command): Command =>
  [
    new Option("--page-port <port>", "the page for operators; 0: none")
      .argParser(parsePort)
      .default(PAGE_PORT),
    new Option(
      "--page-bind-address <address>",
      "where it is served; anybody who reaches it may read it",
    ).default("127.0.0.1"),
  ].reduce((c, option) => c.addOption(option), command);
