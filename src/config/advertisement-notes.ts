/** Warnings about advertisements that are valid and yet do not do what their author expects. */
import type { Problem } from "../api/problem.ts";
import type { BgpDraft } from "./bgp-advertisement.ts";
import { noteCoverage } from "./coverage.ts";
import { findingsOn, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import type { L2Draft } from "./l2-advertisement.ts";
import type { PeerDraft } from "./peer.ts";
import type { PoolDraft } from "./pool.ts";
import type { Admitted, Settled } from "./settle.ts";

export interface Around {
  readonly pools: Settled<PoolDraft>;
  readonly peers: Settled<PeerDraft>;
  readonly l2: readonly Admitted<L2Draft>[];
  readonly bgp: readonly Admitted<BgpDraft>[];
}

function notePeers(draft: BgpDraft, peers: Settled<PeerDraft>, found: Findings): void {
  const known = new Set(peers.admitted.map((peer) => peer.draft.peer.name));
  draft.peers.forEach((name, i) => {
    const path = `spec.peers[${i}]`;
    if (peers.out.has(name))
      found.warn(
        "V53",
        "peerLeftOut",
        path,
        `BGPPeer ${quoted(name)} has errors and is left out: mend it`,
      );
    else if (!known.has(name))
      found.warn(
        "V53",
        "unknownPeer",
        path,
        `there is no BGPPeer ${quoted(name)}: create it or correct the name`,
      );
  });
}

const isIbgp = ({ peer }: PeerDraft): boolean =>
  peer.remoteAs === "internal" || peer.remoteAs === peer.myAsn;

/** S76: LOCAL_PREF stays inside an AS (RFC 4271, 5.1.5). */
function noteLocalPref(draft: BgpDraft, peers: Settled<PeerDraft>, found: Findings): void {
  if (draft.localPref === 0) return;
  const external = peers.admitted
    .filter((peer) => draft.peers.length === 0 || draft.peers.includes(peer.draft.peer.name))
    .filter((peer) => !isIbgp(peer.draft))
    .map((peer) => peer.draft.peer.name);
  if (external.length > 0)
    found.warn(
      "S76",
      "localPrefOnEbgp",
      "spec.localPref",
      `eBGP peers ignore it (${external.join(", ")}): use communities or prepending for them`,
    );
}

export function noteAdvertisements({ pools, peers, l2, bgp }: Around): readonly Problem[] {
  const notes: Problem[] = [];
  for (const { version, draft } of l2) {
    const found = findingsOn(version.source.ref);
    noteCoverage(draft, pools.admitted, pools.out, "V39", found);
    notes.push(...found.problems);
  }
  for (const { version, draft } of bgp) {
    const found = findingsOn(version.source.ref);
    noteCoverage(draft, pools.admitted, pools.out, "V54", found);
    notePeers(draft, peers, found);
    noteLocalPref(draft, peers, found);
    notes.push(...found.problems);
  }
  return notes;
}
