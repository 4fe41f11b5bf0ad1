/** What this speaker really does, gathered from its parts, as status objects for each Service. */
import { createHash } from "node:crypto";
import { nodeFactsFor } from "../bgp/node-facts.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { bgpDecisions } from "../bgp/routes.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { ReportWrite } from "../api/store.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Seen } from "./bgp-truth.ts";
import { inputsOf, serviceTruths } from "./service-truths.ts";
import type { SpeakerContext, SpeakerAnnouncer, World } from "./speaker-ports.ts";
import { reportBook } from "./speaker-reports.ts";

/** What the loops of the speaker came to last. */
export interface Parts {
  readonly bgp: NodeBgp | null;
  readonly l2: ReadonlyMap<ServiceKey, L2Decision> | null;
  readonly seen: Seen;
}

export interface SpeakerTruth {
  reports(world: World, parts: Parts): readonly ReportWrite[];
  /** What stays true when this process ends. */
  last(): readonly ReportWrite[];
  /** The members changed. */
  membersChanged(): void;
}

export function speakerTruth(context: SpeakerContext): SpeakerTruth {
  const { ports, options, config } = context;
  const { announcer, membership, clock } = ports;
  const { node, lbClass, excludePolicy } = options;
  const book = reportBook(node);
  /** Rises over restarts too, as long as members change less than once a second. */
  let epoch = Math.floor(clock.date().getTime() / 1000);
  return {
    reports({ snapshot, parsed }, { bgp, l2, seen }) {
      const facts = nodeFactsFor(node, snapshot.nodes, excludePolicy);
      const decisions = bgpDecisions(parsed.config, snapshot, facts, lbClass);
      const doing = { decisions, bgp, l2, seen, answering: answeringOf(announcer) };
      const world = {
        ...{ snapshot, config: parsed.config, epoch },
        members: membership.alive(),
        configurationHash: hashOf(config.acceptedText()),
      };
      return book.write(serviceTruths(doing), (key) => inputsOf(key, doing, world));
    },
    last: () => book.last(),
    membersChanged() {
      epoch++;
    },
  };
}

const hashOf = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Null: the announcer cannot say. */
const answeringOf = (announcer: SpeakerAnnouncer) =>
  announcer.answering === undefined
    ? null
    : { on: announcer.answering(), yielded: announcer.yielded?.() ?? new Map<never, never>() };

/** Changes when the wire does, without a pass of ours: a duel, a process that was frozen, a port. */
export const wireMark = (announcer: SpeakerAnnouncer): string =>
  [...(announcer.answering?.() ?? [])].map(([ip, on]) => `${ip} ${on.join()}`).join("\n");
