import { InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { AppError } from "../errors.ts";
import { refText } from "../api/objects.ts";
import { parseConfig } from "../config/parse.ts";
import { starterFor } from "../config/starter.ts";
import { assemble } from "../manifests/assemble.ts";
import { admit } from "../manifests/shape.ts";
import type { Register } from "./commands.ts";
import { namespaceFromEnvironment } from "./input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";

interface InitFlags {
  readonly range: string;
  readonly name: string;
  readonly namespace: string;
  readonly l2: boolean;
  readonly interface: readonly string[];
  readonly peer: readonly string[];
  readonly peerAsn?: number;
  readonly myAsn?: number;
  readonly output: OutputFormat;
}

function parseAsn(text: string): number {
  const asn = Number(text);
  if (!/^\d{1,10}$/.test(text) || asn < 1 || asn > 4_294_967_295)
    throw new InvalidArgumentError("not an AS number: 1 to 4294967295.");
  return asn;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const EXAMPLE = `
Examples:
  $ ferrolb init --range 192.0.2.10-192.0.2.50 | kubectl apply -f -
  $ ferrolb init --range 203.0.113.0/24,2001:db8::/112 --no-l2 --my-asn 64500 --peer 192.0.2.1 --peer-asn 64501`;

export const register: Register = (program) => {
  addOutputOption(program.command("init"))
    .description("Write a first configuration: a pool, and how it is announced. Prints YAML.")
    .requiredOption("--range <ranges>", "FIRST-LAST, CIDR prefixes or addresses, with commas")
    .option("--name <name>", "name of the pool and its advertisements", "default")
    .option("--namespace <name>", "namespace of the configuration", namespaceFromEnvironment())
    .option("--no-l2", "do not announce by ARP and NDP")
    .option("--interface <name>", "at L2 only on this interface; may be repeated", collect, [])
    .option("--peer <ip>", "announce to this BGP router; may be repeated", collect, [])
    .option("--peer-asn <asn>", "AS number of the routers", parseAsn)
    .option("--my-asn <asn>", "AS number of the nodes", parseAsn)
    .addHelpText("after", EXAMPLE)
    .action((flags: InitFlags) => {
      const { peerAsn, myAsn, peer, namespace } = flags;
      if (peer.length > 0 && (peerAsn === undefined || myAsn === undefined))
        throw new AppError("ERR_USAGE", "--peer needs --my-asn and --peer-asn");
      if (peer.length === 0 && (peerAsn !== undefined || myAsn !== undefined))
        throw new AppError("ERR_USAGE", "--my-asn and --peer-asn are for --peer");
      const objects = starterFor({
        range: flags.range,
        name: flags.name,
        namespace,
        layer2: flags.l2,
        interfaces: flags.interface,
        peers: peer.map((address) => ({ address, myAsn: myAsn ?? 0, peerAsn: peerAsn ?? 0 })),
      });
      requireValid(objects, namespace);
      printAs(flags.output, { apiVersion: "v1", kind: "List", items: objects }, () =>
        objects.map((o) => stringify(o, { lineWidth: 0 })).join("---\n"),
      );
    });
};

/** What we would refuse ourselves is not written. @throws AppError `ERR_USAGE` */
function requireValid(objects: readonly object[], namespace: string): void {
  const admissions = objects.map((object) => admit(object, namespace));
  for (const admission of admissions)
    if (admission.kind === "bad")
      throw new AppError("ERR_USAGE", `${admission.path}: ${admission.message}`);
  const placed = admissions.flatMap((a) =>
    a.kind === "object" ? [{ object: a.object, file: "", line: 0 }] : [],
  );
  const problem = parseConfig(assemble(placed, namespace).snapshot).problems.find(
    (p) => p.severity === "error",
  );
  if (problem !== undefined)
    throw new AppError(
      "ERR_USAGE",
      `${refText(problem.object)} ${problem.path}: ${problem.message}`,
    );
}
