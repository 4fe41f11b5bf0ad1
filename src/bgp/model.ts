/**
 * What FRR on one node should do, as values: every choice is made here, templates only place words.
 * All lists are sorted, so equal inputs in any order give an equal NodeBgp.
 */
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { BfdProfile } from "../config/config.ts";
import type { Family } from "../net/ip.ts";
import type { PrefixText } from "../net/prefix.ts";

export interface NodeBgp {
  readonly hostname: string;
  /** FRR's word for the level. */
  readonly logLevel: FrrLogLevel;
  /** One per VRF, the default VRF (null) first. */
  readonly instances: readonly Instance[];
  /** By number; the classes of all instances. */
  readonly classes: readonly AnnouncementClass[];
  /** All of the configuration, referenced or not, by name. */
  readonly bfdProfiles: readonly BfdProfile[];
  /** Lines of ConfigMap `bgpextras`, verbatim; null when there are none. */
  readonly extras: string | null;
  /** Objects left out here because FRR could not take them, and settings without effect. */
  readonly problems: readonly Problem[];
  /** Of the configuration resources. */
  readonly namespace: string;
}

export const FRR_LOG_LEVELS = [
  "emergencies",
  "alerts",
  "critical",
  "errors",
  "warnings",
  "notifications",
  "informational",
  "debugging",
] as const;
export type FrrLogLevel = (typeof FRR_LOG_LEVELS)[number];

export interface Instance {
  readonly asn: number;
  readonly vrf: string | null;
  readonly routerId: string | null;
  readonly neighbors: readonly Neighbor[];
  readonly networks4: readonly Network[];
  readonly networks6: readonly Network[];
}

/** One prefix that the instance originates: exactly one line of frr.conf. */
export interface Network {
  readonly prefix: PrefixText;
  /** Number of its class. */
  readonly classNumber: number;
  /** Services that ask for it, sorted; then the BGPAdvertisements. */
  readonly origins: readonly ObjectRef[];
}

export interface Neighbor {
  /** Name of the BGPPeer. */
  readonly peer: string;
  /** Address, or interface name of an unnumbered session: how FRR names it. */
  readonly key: string;
  readonly unnumbered: boolean;
  /** `key`, or `key-vrf`: base of the names of its route-maps. */
  readonly id: string;
  readonly remoteAs: string;
  readonly localAs: number | null;
  readonly bfdProfile: string | null;
  readonly password: string | null;
  readonly port: number | null;
  readonly multihop: boolean;
  readonly disableConnectedCheck: boolean;
  readonly updateSource: string | null;
  readonly timers: { readonly keepaliveS: number; readonly holdS: number } | null;
  readonly connectS: number | null;
  readonly gracefulRestart: boolean;
  readonly families: readonly Family[];
  /** What its outbound route-map permits, by sequence. */
  readonly entries: readonly OutboundEntry[];
  /** What it should be sent, IPv4 first, then by number. */
  readonly announcements: readonly Announcement[];
}

/** How one class is treated at one peer. */
export interface OutboundEntry {
  readonly sequence: number;
  readonly classNumber: number;
  readonly attributes: Attributes;
  /** BGPAdvertisements. */
  readonly origins: readonly ObjectRef[];
}

export interface Attributes {
  /** 0: not set. */
  readonly localPref: number;
  /** `A:B`, numerically sorted. */
  readonly communities: readonly string[];
  /** `A:B:C`, numerically sorted. */
  readonly largeCommunities: readonly string[];
}

export interface Announcement extends Attributes {
  readonly prefix: PrefixText;
}

export interface AnnouncementClass {
  readonly number: number;
  readonly origins: readonly ObjectRef[];
}
