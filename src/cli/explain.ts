import { Option } from "commander";
import type { Command } from "commander";
import type { Observed } from "../api/observed.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { AppError } from "../errors.ts";
import { nodeDown } from "../explain/node-down.ts";
import { explainAddress } from "../explain/one-address.ts";
import { peerDown } from "../explain/peer-down.ts";
import { explainPeer } from "../explain/peer.ts";
import { explainPool } from "../explain/pool.ts";
import { explainService } from "../explain/service.ts";
import { subjectText } from "../explain/subject-text.ts";
import type { SubjectAnswer } from "../explain/subject.ts";
import { explanationText } from "../explain/text.ts";
import type { ExplainOptions } from "../explain/world.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { collect } from "./input.ts";
import { addOutputOption, printAs } from "./output.ts";
import type { OutputFormat } from "./output.ts";
import { readReceived } from "./received.ts";
import { addSourceOptions, readWorld } from "./source.ts";
import type { SourceFlags } from "./source.ts";

interface ExplainFlags extends SourceFlags {
  readonly node?: string;
  readonly received?: readonly string[];
  readonly vtysh?: string | true;
  readonly vtyDir?: string;
  readonly serviceNamespace?: string;
  readonly speakers?: string;
  readonly lbClass: string;
  readonly ignoreExcludeLb: boolean;
  readonly excludeLbPolicy: "honour" | "ignore" | "auto";
  readonly ifDown?: boolean;
  readonly output: OutputFormat;
}

interface Asked {
  readonly snapshot: Snapshot;
  readonly options: ExplainOptions & { readonly observed: Observed };
}

async function read(flags: ExplainFlags): Promise<Asked> {
  const { snapshot, observed } = await readWorld(flags);
  const options = {
    observed,
    lbClass: flags.lbClass,
    excludePolicy: flags.ignoreExcludeLb ? "ignore" : flags.excludeLbPolicy,
    ...(flags.speakers !== undefined && { speakers: flags.speakers.split(",").filter(Boolean) }),
  };
  return { snapshot, options };
}

/** With `--vtysh`, FRR's own word stands for this node's reports. */
async function readHere(flags: ExplainFlags): Promise<Asked> {
  const asked = await read(flags);
  const { vtysh, vtyDir, node } = flags;
  if (vtysh === undefined) return asked;
  if (node === undefined) throw new AppError("ERR_USAGE", "--vtysh wants --node: whose FRR is it?");
  known(asked.snapshot.nodes, "Node", node);
  const { observedHere } = await import("./frr-here.ts");
  const here = { vtysh, ...(vtyDir !== undefined && { vtyDir }) };
  const observed = await observedHere(asked.snapshot, asked.options, node, here);
  return { ...asked, options: { ...asked.options, observed } };
}

const EXAMPLES = `
Examples:
  $ ferrolb explain service default/web                    # the cluster of your kubeconfig
  $ ferrolb explain service default/web -f manifests/      # manifests, a directory, or a dump
  $ ferrolb explain service default/web --node worker-1 --vtysh   # on worker-1: what its FRR says
  $ ferrolb explain node worker-1 --if-down -f manifests/`;

export const register: Register = (program) => {
  const explain = program
    .command("explain")
    .description(
      "Say why a Service is reachable or not, with the object and field that decide, and what a loss would do.",
    )
    .addHelpText("after", EXAMPLES);
  const withFlags = (words: string): Command =>
    addOutputOption(addSourceOptions(explain.command(words)))
      .option("--lb-class <class>", "this FerroLB serves the Services of this class", "")
      .option("--ignore-exclude-lb", "speakers announce from nodes labelled as excluded", false)
      .addOption(
        new Option("--exclude-lb-policy <policy>", "what speakers do about that label")
          .choices(["honour", "ignore", "auto"])
          .default("honour"),
      )
      .option(
        "--speakers <names>",
        "nodes whose speaker is alive, with commas (default: by their Pods and reports, else every Node)",
      );
  const example = (words: string): string => `\nExample:\n  $ ferrolb explain ${words}`;

  withFlags("service <name>")
    .description("Follow one Service (NAMESPACE/NAME) to the wire; exit 1 when it is not served.")
    .option("--node <name>", "of the nodes, show this one only")
    .option(
      "--received <peer=file>",
      "what the router of a BGPPeer has (its `show bgp ipv4 unicast PREFIX json`), to hold against what it is sent; may be repeated",
      collect,
      [],
    )
    .option("--vtysh [path]", "with --node: ask the FRR of this machine, which is that node")
    .option("--vty-dir <dir>", "directory of FRR's sockets, for --vtysh")
    .option("-n, --service-namespace <name>", "namespace of the Service, where its name has none")
    .addHelpText("after", example("service default/web -f manifests/"))
    .action(async (given: string, flags: ExplainFlags) => {
      const name = given.includes("/") ? given : `${flags.serviceNamespace ?? ""}/${given}`;
      if (!/^[^/]+\/[^/]+$/.test(name))
        throw new AppError("ERR_USAGE", "name the Service as NAMESPACE/NAME");
      const { snapshot, options } = await readHere(flags);
      const received = await Promise.all(
        (flags.received ?? []).map(async (words) => {
          const one = await readReceived(words);
          known(snapshot.bgpPeers, "BGPPeer", one.peer);
          return one;
        }),
      );
      const answer = explainService(snapshot, name, { ...options, received });
      printAs(flags.output, answer, () => explanationText(answer, flags.node));
      exitWith(answer.served ? EXIT.fine : EXIT.inputHasErrors);
    });

  const tell = (flags: ExplainFlags, answer: SubjectAnswer): void => {
    printAs(flags.output, answer, () => subjectText(answer));
    exitWith(answer.ok ? EXIT.fine : EXIT.inputHasErrors);
  };

  withFlags("pool <name>")
    .description(
      "What a pool has left, who holds its addresses, what announces it; exit 1 when it gives nothing.",
    )
    .addHelpText("after", example("pool public -f manifests/"))
    .action(async (name: string, flags: ExplainFlags) => {
      const { snapshot, options } = await read(flags);
      tell(flags, explainPool(snapshot, name, options));
    });

  withFlags("address <ip>")
    .description(
      "Whose an address is, and whether it is served; exit 1 when something is wrong with it.",
    )
    .addHelpText("after", example("address 203.0.113.10 -f manifests/"))
    .action(async (text: string, flags: ExplainFlags) => {
      const ip = tryParseIp(text);
      if (ip === null)
        throw new AppError("ERR_USAGE", `not an IP address: ${JSON.stringify(text)}`);
      const { snapshot, options } = await read(flags);
      tell(flags, explainAddress(snapshot, ip, options));
    });

  withFlags("peer <name>")
    .description("The sessions of a BGPPeer and what it is sent; exit 1 when one is down.")
    .option("--if-down", "suppose the router is lost: which addresses nobody reaches then")
    .addHelpText("after", example("peer router-1 --if-down -f manifests/"))
    .action(async (name: string, flags: ExplainFlags) => {
      const { snapshot, options } = await read(flags);
      if (flags.ifDown !== true) {
        tell(flags, explainPeer(snapshot, name, options));
        return;
      }
      const answer = peerDown(snapshot, known(snapshot.bgpPeers, "BGPPeer", name), options);
      printAs(flags.output, answer, () =>
        [
          `without ${name}: ${answer.lost.length} Services lost, ${answer.fewer.length} with fewer ways`,
          ...lostLines(answer),
          ...answer.fewer.map(
            ({ service, left }) => `fewer  ${service} by ${left.join(", ") || "L2 alone"}`,
          ),
        ].join("\n"),
      );
      exitWith(answer.lost.length === 0 ? EXIT.fine : EXIT.inputHasErrors);
    });

  withFlags("node <name>")
    .description(
      "What if this node were lost: which addresses move, which are left with nobody; exit 1 when any is.",
    )
    .requiredOption("--if-down", "suppose the node is down")
    .addHelpText("after", example("node worker-1 --if-down -f manifests/"))
    .action(async (name: string, flags: ExplainFlags) => {
      const { snapshot, options } = await read(flags);
      const answer = nodeDown(snapshot, known(snapshot.nodes, "Node", name), options);
      printAs(flags.output, answer, () =>
        [
          `without ${name}: ${answer.lost.length} Services lost, ${answer.moved.length} moved at L2`,
          ...lostLines(answer),
          ...answer.moved.map(({ service, to }) => `moved  ${service} to ${to}`),
        ].join("\n"),
      );
      exitWith(answer.lost.length === 0 ? EXIT.fine : EXIT.inputHasErrors);
    });
};

const lostLines = (answer: {
  readonly lost: readonly string[];
  readonly lostAddresses: readonly string[];
}): readonly string[] => [
  ...answer.lost.map((key) => `lost   ${key}`),
  ...(answer.lostAddresses.length === 0
    ? []
    : [`addresses left without a candidate: ${answer.lostAddresses.join(", ")}`]),
];

/** The name, where there is such an object: a typing error must not read as "nothing would be lost". */
function known(
  list: readonly { readonly metadata: { readonly name: string } }[],
  kind: string,
  name: string,
): string {
  if (!list.some((o) => o.metadata.name === name))
    throw new AppError("ERR_USAGE", `there is no ${kind} ${name}`);
  return name;
}
