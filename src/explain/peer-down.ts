/** What-if: a router is lost. Which Services nobody can reach then, and which by fewer ways. */
import { keyOf } from "../api/objects.ts";
import type { ServiceKey } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Explanation } from "./explanation.ts";
import { explainIn } from "./service.ts";
import { worldFor } from "./world.ts";
import type { ExplainOptions } from "./world.ts";

export interface PeerDown {
  readonly peer: string;
  /** Served now, by nobody then. Sorted. */
  readonly lost: readonly ServiceKey[];
  /** Addresses of those that no other Service keeps served. Sorted. */
  readonly lostAddresses: readonly string[];
  /** Sent to this peer now, to others still. Sorted by Service. */
  readonly fewer: readonly { readonly service: ServiceKey; readonly left: readonly string[] }[];
}

const peersOf = (e: Explanation): readonly string[] =>
  [...new Set(e.nodes.flatMap((n) => n.bgp.peers))].sort();

export function peerDown(snapshot: Snapshot, peer: string, options: ExplainOptions = {}): PeerDown {
  const world = worldFor(snapshot, options);
  const changed = worldFor(
    { ...snapshot, bgpPeers: snapshot.bgpPeers.filter((p) => p.metadata.name !== peer) },
    options,
  );
  const lost: Explanation[] = [];
  const kept = new Set<string>();
  const fewer: PeerDown["fewer"][number][] = [];
  for (const service of snapshot.services.map(keyOf).sort()) {
    const before = explainIn(world, service);
    if (!before.served) continue;
    const after = explainIn(changed, service);
    if (!after.served) lost.push(before);
    else {
      for (const ip of after.addresses) kept.add(ip);
      if (peersOf(before).includes(peer)) fewer.push({ service, left: peersOf(after) });
    }
  }
  const gone = new Set(lost.flatMap((e) => e.addresses).filter((ip) => !kept.has(ip)));
  return {
    peer,
    lost: lost.map(({ service: s }) => `${s.namespace}/${s.name}`),
    lostAddresses: [...gone].sort(),
    fewer,
  };
}
