/** With policy `auto` the exclude label is ignored where every candidate carries it: an operator has to hear of that, once. */
import { labelCounts } from "../api/exclude-policy.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import { EXCLUDE_LABEL } from "../api/resources.ts";
import type { EventWrite } from "../api/store.ts";
import { poolFor } from "../config/pool-for.ts";
import { SPEAKER_SOURCE } from "./announced.ts";
import type { Log } from "./log.ts";
import type { World } from "./speaker-ports.ts";
import type { AnnouncedService } from "./speaker-view.ts";

/** The first Service that `node` announces though it carries the label, which everyone does who could; null: none. */
export function announcedDespiteLabel(
  node: string,
  policy: ExcludePolicy,
  { snapshot, parsed }: World,
  announced: readonly AnnouncedService[],
): AnnouncedService | null {
  const labelled = new Set(
    snapshot.nodes
      .filter(({ metadata }) => metadata.labels?.[EXCLUDE_LABEL] !== undefined)
      .map(({ metadata }) => metadata.name),
  );
  if (policy !== "auto" || !labelled.has(node)) return null;
  const despite = ({ protocol, ips }: AnnouncedService): boolean => {
    const pool = poolFor(parsed.config.pools, ips);
    const lists = protocol === "bgp" ? pool?.bgpAdvertisements : pool?.l2Advertisements;
    return (lists ?? []).some(
      ({ nodes }) =>
        nodes.includes(node) && !labelCounts(policy, nodes, (name) => labelled.has(name)),
    );
  };
  return announced.find(despite) ?? null;
}

/** Tells it in the log and as an event of the Node; again only after the label was gone from there. */
export function excludeTeller(
  node: string,
  policy: ExcludePolicy,
  log: Log,
  recordEvent: (event: EventWrite) => void,
): (world: World, announced: readonly AnnouncedService[]) => void {
  let told = false;
  return (world, announced) => {
    const here = world.snapshot.nodes.find(({ metadata }) => metadata.name === node);
    if (here !== undefined && here.metadata.labels?.[EXCLUDE_LABEL] === undefined) told = false;
    if (told) return;
    const found = announcedDespiteLabel(node, policy, world, announced);
    if (found === null) return;
    told = true;
    log.warn(
      { node, label: EXCLUDE_LABEL, service: found.key, protocol: found.protocol },
      "announcing despite the exclude label: every candidate carries it",
    );
    recordEvent({
      about: { kind: "Node", namespace: "", name: node },
      type: "Warning",
      reason: "excludeLabelIgnored",
      message: `announces though labelled ${EXCLUDE_LABEL}: every node that could announce is, and the policy is auto`,
      source: SPEAKER_SOURCE,
    });
  };
}
