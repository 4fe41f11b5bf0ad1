/**
 * Which objects a line of frr.conf comes from: the way back from what FRR refused to what a person wrote.
 * The narrowest answer, since what is named here is quarantined: a session's lines are its BGPPeer's, an
 * entry of a route-map the BGPAdvertisements', a network the Services' and the BGPAdvertisements'.
 */
import type { ObjectRef } from "../api/objects.ts";
import { className, inboundName, outboundName } from "./names.ts";
import type { Instance, Neighbor, NodeBgp } from "./model.ts";

/** A line of ours: `path` is the line with the lines of its contexts before it. */
export type OriginOf = (path: readonly string[]) => readonly ObjectRef[];

const instanceHeader = (i: Instance): string =>
  i.vrf === null ? `router bgp ${i.asn}` : `router bgp ${i.asn} vrf ${i.vrf}`;

interface Refs {
  readonly peer: (n: Neighbor) => ObjectRef;
  readonly profile: (name: string) => ObjectRef;
}

function routeMapOrigins(node: NodeBgp, { peer }: Refs): Map<string, readonly ObjectRef[]> {
  const found = new Map<string, readonly ObjectRef[]>();
  for (const c of node.classes) found.set(`route-map ${className(c.number)} permit 1`, c.origins);
  for (const n of node.instances.flatMap((i) => i.neighbors)) {
    for (const name of [inboundName(n.id), outboundName(n.id)])
      found.set(`route-map ${name}`, [peer(n)]);
    for (const e of n.entries)
      found.set(`route-map ${outboundName(n.id)} permit ${e.sequence}`, e.origins);
  }
  return found;
}

/** Inside `router bgp`: a session's lines are its peer's, a network's its Services'; the rest is every peer's. */
function instanceOrigin(i: Instance, line: string, refs: Refs): readonly ObjectRef[] {
  const [statement, subject] = line.replace(/^no /, "").split(" ");
  if (statement === "neighbor") return i.neighbors.filter((n) => n.key === subject).map(refs.peer);
  if (statement === "network")
    return [...i.networks4, ...i.networks6].find((x) => x.prefix === subject)?.origins ?? [];
  return i.neighbors.map(refs.peer);
}

/** The objects behind a rendered line (or its `no` form), extra configuration apart. */
export function originsIn(node: NodeBgp): OriginOf {
  const { namespace } = node;
  const refs: Refs = {
    peer: (n) => ({ kind: "BGPPeer", namespace, name: n.peer }),
    profile: (name) => ({ kind: "BFDProfile", namespace, name }),
  };
  const routeMaps = routeMapOrigins(node, refs);
  return (path) => {
    const [head = "", ...inner] = path.map((line) => line.trim());
    const bare = head.replace(/^no /, "");
    if (bare.startsWith("route-map "))
      return routeMaps.get(bare) ?? routeMaps.get(bare.split(" ").slice(0, 2).join(" ")) ?? [];
    const instance = node.instances.find((i) => instanceHeader(i) === bare);
    if (instance !== undefined) return instanceOrigin(instance, inner.at(-1) ?? "", refs);
    const name = /^profile (\S+)$/.exec((inner[0] ?? "").replace(/^no /, ""))?.[1];
    if (bare === "bfd" && name !== undefined) return [refs.profile(name)];
    return [];
  };
}
