import { InvalidArgumentError, Option } from "commander";
import { AppError } from "../errors.ts";
import type { Reach } from "../explain/doctor/local-facts.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Register } from "./commands.ts";
import { parsePort } from "./daemon-flags.ts";
import { EXIT, exitWith } from "./exit.ts";
import { interfaceFor, probeLink } from "./link-probe.ts";
import type { LinkProbe } from "./link-probe.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";
import { reachTcp } from "./reach.ts";

interface ProbeFlags {
  readonly interface?: string;
  readonly port?: number;
  readonly count: number;
  readonly timeout: number;
  readonly output: OutputFormat;
}

export interface ProbeAnswer {
  readonly address: string;
  /** Exactly one station answers where the link was asked, and the port is open where one was. */
  readonly ok: boolean;
  /** Null: the address is on no link of this machine, and no interface was named. */
  readonly link: LinkProbe | null;
  readonly tcp: (Reach & { readonly port: number; readonly ms: number }) | null;
}

const atLeastOne =
  (what: string, most: number) =>
  (text: string): number => {
    if (!/^[1-9]\d*$/.test(text) || Number(text) > most)
      throw new InvalidArgumentError(`not a ${what}: 1 to ${most}.`);
    return Number(text);
  };

function forPeople({ address, link, tcp }: ProbeAnswer): string {
  const lines: string[] = [];
  if (link === null)
    lines.push(`${address} is on no link of this machine: asked nobody by ARP or NDP`);
  else {
    const { protocol, answers, asked } = link;
    const how = `${protocol.toUpperCase()} on ${link.interface}, asked ${asked} time${asked === 1 ? "" : "s"}`;
    const [first] = answers;
    lines.push(
      first === undefined
        ? `nobody answers for ${address} (${how})`
        : answers.length === 1
          ? `${address} is at ${first.mac} (${how})`
          : `${answers.length} stations answer for ${address} (${how})`,
      ...answers.map(
        (a) => `  ${a.mac}  ${a.count} answers, the first after ${a.firstMs.toFixed(1)} ms`,
      ),
    );
  }
  if (tcp !== null)
    lines.push(
      `TCP port ${tcp.port}: ${tcp.state === "open" ? `open after ${tcp.ms.toFixed(1)} ms` : tcp.state === "silent" ? "no answer" : tcp.state === "refused" ? "refused" : tcp.detail}`,
    );
  return lines.join("\n");
}

const EXAMPLE = `
Examples:
  $ ferrolb probe 203.0.113.10
  $ ferrolb probe 203.0.113.10 --interface eth0 --port 80
  $ ferrolb probe 2001:db8::10 --interface eth0 -o json

Run it on another machine of the segment than the one that announces: a station does not hear itself.
Exit codes: 0 exactly one station answers and the port is open, 1 nobody, several, or the port is not open,
2 wrong usage, 3 no rights, or no such interface.`;

export const register: Register = (program) => {
  addOutputOption(program.command("probe <address>"))
    .description("Ask the network from here who answers for an address: ARP, NDP, TCP.")
    .option(
      "--interface <name>",
      "ask on this link (default: the one whose subnet holds the address)",
    )
    .addOption(new Option("--port <port>", "connect to this TCP port too").argParser(parsePort))
    .addOption(
      new Option("--count <n>", "how often to ask").argParser(atLeastOne("count", 100)).default(3),
    )
    .addOption(
      new Option("--timeout <ms>", "how long to listen, and to wait for the connection")
        .argParser(atLeastOne("number of milliseconds", 600_000))
        .default(1500),
    )
    .addHelpText("after", EXAMPLE)
    .action(async (text: string, flags: ProbeFlags) => {
      const ip = tryParseIp(text);
      if (ip === null)
        throw new AppError("ERR_USAGE", `not an IP address: ${JSON.stringify(text)}`);
      const { port, count, timeout: limitMs } = flags;
      const on = flags.interface ?? interfaceFor(ip);
      if (on === null && port === undefined)
        throw new AppError(
          "ERR_USAGE",
          `${ip} is on no link of this machine: name one with --interface, or a --port`,
        );
      const link = on === null ? null : await probeLink(ip, on, { count, limitMs });
      const startMs = performance.now();
      const reach = port === undefined ? null : await reachTcp(ip, port, limitMs);
      const tcp =
        reach === null || port === undefined
          ? null
          : { port, ...reach, ms: performance.now() - startMs };
      const ok =
        (link === null || link.answers.length === 1) && (tcp === null || tcp.state === "open");
      const answer: ProbeAnswer = { address: ip, ok, link, tcp };
      printAs(flags.output, answer, () => forPeople(answer));
      exitWith(ok ? EXIT.fine : EXIT.inputHasErrors);
    });
};
