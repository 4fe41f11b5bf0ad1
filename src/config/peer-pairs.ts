/** What two peers of one node must agree on, as one FRR serves both: rules V82 to V84. */
import { findingsOn, hasError, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import type { PeerDraft } from "./peer.ts";
import type { Admitted, Table } from "./settle.ts";

/** Canonical: FRR knows one neighbor by these, however the address was written. */
const neighborOf = ({ peer }: PeerDraft): string =>
  peer.endpoint.kind === "address" ? peer.endpoint.address : peer.endpoint.name;

function comparePair(a: PeerDraft, b: PeerDraft, found: Findings): void {
  const other = `BGPPeer ${quoted(b.peer.name)} on the same node`;
  if (a.routerIdText !== b.routerIdText)
    found.error(
      "V82",
      "routerIdConflict",
      "spec.routerID",
      `${quoted(a.routerIdText)} differs from ${quoted(b.routerIdText)} of ${other}: set the same in both, or in none`,
    );
  if (a.peer.vrf !== b.peer.vrf) return;
  if (a.identity === b.identity)
    found.error(
      "V83",
      "samePeerTwice",
      a.peer.endpoint.kind === "address" ? "spec.peerAddress" : "spec.interface",
      `${quoted(a.identity)} is the neighbor of ${other} too: remove one, or give them nodes or VRFs of their own`,
    );
  else if (neighborOf(a) === neighborOf(b))
    found.error(
      "F10",
      "samePeerTwice",
      "spec.peerAddress",
      `${quoted(a.identity)} is the same address as ${quoted(b.identity)} of ${other}: remove one`,
    );
  if (a.peer.myAsn !== b.peer.myAsn)
    found.error(
      "V84",
      "localAsConflict",
      "spec.myASN",
      `${a.peer.myAsn} differs from ${b.peer.myAsn} of ${other}: one router has one AS per VRF`,
    );
}

/** Same agreement in everything that `comparePair` asks: nothing to say about the pair. */
const agree = (a: PeerDraft, b: PeerDraft): boolean =>
  a.routerIdText === b.routerIdText &&
  (a.peer.vrf !== b.peer.vrf ||
    (a.peer.myAsn === b.peer.myAsn &&
      neighborOf(a) !== neighborOf(b) &&
      a.identity !== b.identity));

/** `nodesKnown` false: no Node at all is known, and every pair counts as sharing one. */
export function peerTable(nodesKnown: boolean): Table<PeerDraft> {
  const admitted: PeerDraft[] = [];
  const shareNode = (a: PeerDraft, b: PeerDraft): boolean =>
    !nodesKnown || [...a.nodes].some((node) => b.nodes.has(node));
  return {
    beside({ version, draft }: Admitted<PeerDraft>) {
      const found = findingsOn(version.source.ref);
      for (const other of admitted)
        if (!agree(draft, other) && shareNode(draft, other)) comparePair(draft, other, found);
      return { value: hasError(found.problems) ? null : draft, problems: found.problems };
    },
    add: ({ draft }) => admitted.push(draft),
  };
}
