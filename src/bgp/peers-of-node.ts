/** Which BGPPeers run on a node, grouped into the instances that FRR can have: one per VRF. */
import type { Problem } from "../api/problem.ts";
import { anySelectorMatches } from "../api/selector.ts";
import type { Config, Peer } from "../config/config.ts";
import { peerId } from "./neighbor.ts";
import type { NodeFacts } from "./node-facts.ts";

export interface PeerGroup {
  readonly vrf: string | null;
  readonly asn: number;
  readonly routerId: string | null;
  readonly peers: readonly Peer[];
}

/** An unknown Node has no labels: only selectors that ask for nothing match it. */
export const peersOfNode = (config: Config, node: NodeFacts): Peer[] =>
  config.peers.filter((p) => anySelectorMatches(p.nodeSelectors, node.labels));

const leftOut = (
  peer: Peer,
  namespace: string,
  rule: string,
  code: string,
  path: string,
  why: string,
): Problem => ({
  severity: "error",
  rule,
  code,
  object: { kind: "BGPPeer", namespace, name: peer.name },
  path,
  message: why,
});

/**
 * FRR has one AS number and one router ID per VRF, and one session per address. The configuration is checked
 * for it over all nodes; should a pair meet on a node all the same, the first by name runs.
 */
export function groupPeers(
  peers: readonly Peer[],
  namespace: string,
): { readonly groups: readonly PeerGroup[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const groups = new Map<string, { head: Peer; peers: Peer[] }>();
  const ids = new Map<string, Peer>();
  for (const peer of [...peers].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const group = groups.get(peer.vrf ?? "");
    const same = ids.get(peerId(peer));
    const clash = (rule: string, code: string, path: string, why: string) =>
      problems.push(leftOut(peer, namespace, rule, code, path, why));
    if (same !== undefined)
      clash(
        "V83",
        "duplicatePeer",
        "spec",
        `BGPPeer ${same.name} has the same session on this node`,
      );
    else if (group === undefined) {
      groups.set(peer.vrf ?? "", { head: peer, peers: [peer] });
      ids.set(peerId(peer), peer);
    } else if (group.head.myAsn !== peer.myAsn)
      clash(
        "V84",
        "differentMyAsn",
        "spec.myASN",
        `BGPPeer ${group.head.name} has myASN ${group.head.myAsn} on this node: FRR has one AS number per VRF`,
      );
    else if (group.head.routerId !== peer.routerId)
      clash(
        "V82",
        "differentRouterId",
        "spec.routerID",
        `BGPPeer ${group.head.name} has another routerID on this node`,
      );
    else {
      group.peers.push(peer);
      ids.set(peerId(peer), peer);
    }
  }
  return {
    problems,
    groups: [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([vrf, { head, peers: members }]) => ({
        vrf: vrf === "" ? null : vrf,
        asn: head.myAsn,
        routerId: head.routerId,
        peers: members,
      })),
  };
}
