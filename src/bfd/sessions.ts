/** The BFD sessions a node wants, and where a profile and the kind of its session do not go together. */
import { selectorMatches } from "../api/selector.ts";
import type { BfdProfile, Config, Peer } from "../config/config.ts";
import { familyOf } from "../net/ip.ts";
import { BFD_DEFAULTS } from "./profile.ts";

export interface WantedSession {
  /** Name of the BGPPeer. */
  readonly peer: string;
  /** Address, or the interface of an unnumbered session. */
  readonly key: string;
  readonly vrf: string | null;
  readonly profile: string;
  /**
   * FRR's rule: eBGP with multihop configured. iBGP is multihop too where the peer is not on a connected
   * network, which only the node knows: `maybe`.
   */
  readonly multihop: boolean | "maybe";
  /** Time to notice that the other end is gone, when both ends use the profile. Milliseconds. */
  readonly detectionMs: number;
  readonly warnings: readonly BfdWarning[];
}

export type BfdWarning =
  /** Echo runs over one hop only (RFC 5883, 2). */
  | "echoOnMultihop"
  /** FRR's echo over IPv6 needs FRR at the other end. */
  | "echoOnIpv6"
  /** The TTL is checked on multihop sessions only; single hop always demands 255 (RFC 5881, 5). */
  | "minimumTtlOnSingleHop"
  /** Two passive ends never start. */
  | "passive";

const multihopOf = (peer: Peer): boolean | "maybe" => {
  if (peer.endpoint.kind === "interface") return false;
  const internal = peer.remoteAs === "internal" || peer.remoteAs === peer.myAsn;
  return internal ? "maybe" : peer.ebgpMultiHop;
};

export const detectionMs = (p: BfdProfile): number =>
  (p.detectMultiplier ?? BFD_DEFAULTS.detectMultiplier) *
  Math.max(
    p.receiveIntervalMs ?? BFD_DEFAULTS.receiveIntervalMs,
    p.transmitIntervalMs ?? BFD_DEFAULTS.transmitIntervalMs,
  );

/** In the order of the type; empty where profile and peer go together. */
export function bfdWarnings(peer: Peer, profile: BfdProfile): readonly BfdWarning[] {
  const multihop = multihopOf(peer);
  const over6 = peer.endpoint.kind === "interface" || familyOf(peer.endpoint.address) === 6;
  const found: [BfdWarning, boolean][] = [
    ["echoOnMultihop", profile.echoMode && multihop === true],
    ["echoOnIpv6", profile.echoMode && over6],
    ["minimumTtlOnSingleHop", profile.minimumTtl !== null && multihop === false],
    ["passive", profile.passiveMode],
  ];
  return found.filter(([, applies]) => applies).map(([warning]) => warning);
}

/** By name of the peer. A peer whose profile is missing has a session with FRR's defaults. */
export function bfdSessionsFor(
  config: Pick<Config, "peers" | "bfdProfiles">,
  nodeLabels: Readonly<Record<string, string>> | undefined,
): readonly WantedSession[] {
  const profiles = new Map(config.bfdProfiles.map((p) => [p.name, p]));
  return config.peers
    .filter(
      (p) =>
        p.nodeSelectors.length === 0 || p.nodeSelectors.some((s) => selectorMatches(s, nodeLabels)),
    )
    .flatMap((peer): WantedSession[] => {
      if (peer.bfdProfile === null) return [];
      const profile = profiles.get(peer.bfdProfile);
      const { receiveIntervalMs, detectMultiplier } = BFD_DEFAULTS;
      return [
        {
          peer: peer.name,
          key: peer.endpoint.kind === "address" ? peer.endpoint.address : peer.endpoint.name,
          vrf: peer.vrf,
          profile: peer.bfdProfile,
          multihop: multihopOf(peer),
          detectionMs:
            profile === undefined ? receiveIntervalMs * detectMultiplier : detectionMs(profile),
          warnings: profile === undefined ? [] : bfdWarnings(peer, profile),
        },
      ];
    })
    .sort((a, b) => (a.peer < b.peer ? -1 : 1));
}
