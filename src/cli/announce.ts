import { nodeBgpFor } from "../bgp/node-bgp.ts";
import type { Announcement, NodeBgp } from "../bgp/model.ts";
import type { Register } from "./commands.ts";
import { EXIT, exitWith } from "./exit.ts";
import { addNodeOptions, complainOf, excludePolicyOf, readNodeInput } from "./node-input.ts";
import type { NodeFlags } from "./node-input.ts";
import { addOutputOption, printAs, table } from "./output.ts";
import type { OutputFormat } from "./output.ts";

interface AnnounceFlags extends NodeFlags {
  readonly speakers?: string;
  readonly output: OutputFormat;
}

/** How a Service stands at L2 on the node. */
export interface L2Answer {
  readonly announce: boolean;
  readonly interfaces: readonly string[];
  readonly reason: string;
}

export interface AnnounceAnswer {
  readonly l2: Readonly<Record<string, L2Answer>>;
  readonly bgp: { readonly sessions: Readonly<Record<string, readonly Announcement[]>> };
}

/** What each session of the node should be sent, by name of its BGPPeer. */
export const sessionsOf = (node: NodeBgp): Record<string, readonly Announcement[]> =>
  Object.fromEntries(
    node.instances
      .flatMap((i) => i.neighbors)
      .sort((a, b) => (a.peer < b.peer ? -1 : 1))
      .map((n) => [n.peer, n.announcements]),
  );

const orNone = (text: string): string => (text === "" ? "-" : text);

function forPeople({ l2, bgp }: AnnounceAnswer): string {
  const l2Rows = Object.entries(l2).map(([key, { announce, interfaces, reason }]) => [
    key,
    announce ? "yes" : "no",
    orNone(interfaces.join(",")),
    orNone(reason),
  ]);
  const bgpRows = Object.entries(bgp.sessions).flatMap(([peer, sent]) =>
    sent.length === 0
      ? [[peer, "-", "-", "-"]]
      : sent.map((a) => [
          peer,
          a.prefix,
          a.localPref === 0 ? "-" : String(a.localPref),
          orNone([...a.communities, ...a.largeCommunities].join(" ")),
        ]),
  );
  return [
    table(["SERVICE", "L2", "INTERFACES", "REASON"], l2Rows),
    "",
    table(["PEER", "PREFIX", "LOCALPREF", "COMMUNITIES"], bgpRows),
  ].join("\n");
}

export const register: Register = (program) => {
  addOutputOption(addNodeOptions(program.command("announce")))
    .description("Print what one node announces, at L2 and to each BGP peer.")
    .option("--speakers <names>", "nodes whose speaker is alive, with commas (default: every Node)")
    .addHelpText("after", "\nExample:\n  $ ferrolb announce --node worker-1 -f manifests/ -o json")
    .action(async (flags: AnnounceFlags) => {
      const { config, snapshot, problems } = await readNodeInput(flags);
      const node = nodeBgpFor(config, snapshot, flags.node, {
        lbClass: flags.lbClass,
        excludePolicy: excludePolicyOf(flags),
      });
      const answer: AnnounceAnswer = { l2: {}, bgp: { sessions: sessionsOf(node) } };
      printAs(flags.output, answer, () => forPeople(answer));
      const failed = complainOf([...problems, ...node.problems]);
      exitWith(failed ? EXIT.inputHasErrors : EXIT.fine);
    });
};
