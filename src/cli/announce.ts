import { nodeBgpFor } from "../bgp/node-bgp.ts";
import type { Announcement, NodeBgp } from "../bgp/model.ts";
import { l2Decisions } from "../l2/decision.ts";
import type { L2Decision } from "../l2/decision.ts";
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
  /** Where it answers; `*` alone is every interface. */
  readonly interfaces: readonly string[];
  /** Empty when it is announced. */
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

const l2Answer = ({ announce, interfaces, reason }: L2Decision): L2Answer => ({
  announce,
  interfaces: interfaces === "*" ? ["*"] : interfaces,
  reason: announce ? "" : (reason ?? ""),
});

/** Names with commas; null when the flag is absent: every Node counts as alive. */
const speakersIn = (flag: string | undefined): ReadonlySet<string> | null =>
  flag === undefined
    ? null
    : new Set(
        flag
          .split(",")
          .map((name) => name.trim())
          .filter((name) => name !== ""),
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
      const options = { lbClass: flags.lbClass, excludePolicy: excludePolicyOf(flags) };
      const node = nodeBgpFor(config, snapshot, flags.node, options);
      const alive = speakersIn(flags.speakers);
      const decisions = l2Decisions(config, snapshot, flags.node, alive, options);
      const answer: AnnounceAnswer = {
        l2: Object.fromEntries([...decisions].map(([key, d]) => [key, l2Answer(d)])),
        bgp: { sessions: sessionsOf(node) },
      };
      printAs(flags.output, answer, () => forPeople(answer));
      const failed = complainOf([...problems, ...node.problems]);
      exitWith(failed ? EXIT.inputHasErrors : EXIT.fine);
    });
};
