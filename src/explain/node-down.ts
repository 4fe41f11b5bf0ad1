/** What-if (S33): a node is lost. Which Services move, and which are left without anybody to announce them. */
import { keyOf } from "../api/objects.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { explainIn } from "./service.ts";
import { liveSpeakers } from "./speakers.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions } from "./world.ts";

export interface NodeDown {
  readonly node: string;
  /** Served now, by nobody then. Sorted. */
  readonly lost: readonly ServiceKey[];
  /** Addresses of those that no other Service keeps served. Sorted. */
  readonly lostAddresses: readonly string[];
  /** Answered for at L2 by this node now, by another then. Sorted by Service. */
  readonly moved: readonly { readonly service: ServiceKey; readonly to: string }[];
}

export function nodeDown(snapshot: Snapshot, node: string, options: ExplainOptions = {}): NodeDown {
  const now = options.speakers ?? [...liveSpeakers(snapshot, options.observed)];
  const then = { ...options, speakers: now.filter((n) => n !== node) };
  // Endpoints on the node go with it.
  const without: Snapshot = {
    ...snapshot,
    endpointSlices: snapshot.endpointSlices.map((slice) => ({
      ...slice,
      endpoints: (slice.endpoints ?? []).filter((e) => e.nodeName !== node),
    })),
  };
  const [world, changed] = [
    worldFor(snapshot, { ...options, speakers: now }),
    worldFor(without, then),
  ];
  const lost: ServiceKey[] = [];
  const [gone, kept] = [new Set<string>(), new Set<string>()];
  const moved: { service: ServiceKey; to: string }[] = [];
  for (const key of snapshot.services.map(keyOf).sort()) {
    const before = explainIn(world, key);
    if (!before.served) continue;
    const after = explainIn(changed, key);
    if (!after.served) lost.push(key);
    for (const ip of before.addresses) (after.served ? kept : gone).add(ip);
    const owner = (e: typeof before): string | undefined =>
      e.nodes.find((n) => n.l2.announces)?.node;
    const to = owner(after);
    if (owner(before) === node && to !== undefined) moved.push({ service: key, to });
  }
  const lostAddresses = [...gone].filter((ip) => !kept.has(ip)).sort();
  return { node, lost, lostAddresses, moved };
}
