/** What-if (S33): a node is lost. Which Services move, and which are left without anybody to announce them. */
import { keyOf } from "../api/objects.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { ExplainOptions } from "./facts.ts";
import { explainService } from "./service.ts";
import { liveSpeakers } from "./speakers.ts";

export interface NodeDown {
  readonly node: string;
  /** Served now, by nobody then. Sorted. */
  readonly lost: readonly ServiceKey[];
  /** Answered for at L2 by this node now, by another then. Sorted by Service. */
  readonly moved: readonly { readonly service: ServiceKey; readonly to: string }[];
}

export function nodeDown(snapshot: Snapshot, node: string, options: ExplainOptions = {}): NodeDown {
  const now = options.speakers ?? [...liveSpeakers(snapshot)];
  const then = { ...options, speakers: now.filter((n) => n !== node) };
  // Endpoints on the node go with it.
  const without: Snapshot = {
    ...snapshot,
    endpointSlices: snapshot.endpointSlices.map((slice) => ({
      ...slice,
      endpoints: (slice.endpoints ?? []).filter((e) => e.nodeName !== node),
    })),
  };
  const lost: ServiceKey[] = [];
  const moved: { service: ServiceKey; to: string }[] = [];
  for (const key of snapshot.services.map(keyOf).sort()) {
    const before = explainService(snapshot, key, { ...options, speakers: now });
    if (!before.served) continue;
    const after = explainService(without, key, then);
    if (!after.served) lost.push(key);
    const owner = (e: typeof before): string | undefined =>
      e.nodes.find((n) => n.l2.announces)?.node;
    const to = owner(after);
    if (owner(before) === node && to !== undefined) moved.push({ service: key, to });
  }
  return { node, lost, moved };
}
