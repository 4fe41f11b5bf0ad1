/** One BGPPeer as the statements of one session. Behaviour reference 4.5, FRR reference 2 and 6. */
import type { Peer } from "../config/config.ts";
import { familyOf } from "../net/ip.ts";
import type { Family } from "../net/ip.ts";
import type { Neighbor } from "./model.ts";

export type Session = Omit<Neighbor, "entries" | "announcements">;

/** How FRR names the session: its address or its interface. */
export const peerKey = (peer: Peer): string =>
  peer.endpoint.kind === "address" ? peer.endpoint.address : peer.endpoint.name;

/** Unique on a node: one address may be a peer in two VRFs. */
export const peerId = (peer: Peer): string =>
  peer.vrf === null ? peerKey(peer) : `${peerKey(peer)}-${peer.vrf}`;

/** The prefixes a session carries: its own family, or both. */
export function sessionFamilies(peer: Peer): readonly Family[] {
  if (peer.endpoint.kind === "interface" || peer.dualStackAddressFamily) return [4, 6];
  return [familyOf(peer.endpoint.address)];
}

export const isExternal = (peer: Peer): boolean =>
  peer.remoteAs === "external" || (peer.remoteAs !== "internal" && peer.remoteAs !== peer.myAsn);

/**
 * Seconds between two attempts to connect, where `connectTime` says nothing. FRR's own 120 leave a node without
 * routes for minutes after its router came back, as the sidecar takes no calls (ADR 0055).
 */
export const CONNECT_S = 15;

export function sessionFor(peer: Peer): Session {
  const families = sessionFamilies(peer);
  const unnumbered = peer.endpoint.kind === "interface";
  const external = isExternal(peer);
  // On iBGP and on interfaces the word has no meaning: FRR drops it or refuses it.
  const multihop = peer.ebgpMultiHop && external && !unnumbered;
  const only6 = families.length === 1 && families[0] === 6;
  return {
    peer: peer.name,
    key: peerKey(peer),
    unnumbered,
    id: peerId(peer),
    remoteAs: String(peer.remoteAs),
    localAs: peer.localAsn,
    bfdProfile: peer.bfdProfile,
    password: peer.password,
    port: peer.port === 179 ? null : peer.port, // FRR does not show its default
    multihop,
    disableConnectedCheck: only6 && external && !multihop && !unnumbered,
    updateSource: peer.sourceAddress,
    timers:
      peer.timers === null
        ? null
        : { keepaliveS: peer.timers.keepaliveTimeS, holdS: peer.timers.holdTimeS },
    connectS: peer.connectTimeS ?? CONNECT_S,
    gracefulRestart: peer.gracefulRestart,
    families,
  };
}
