/**
 * The configuration as the core uses it: parsed, validated, resolved (selectors to node names, aliases
 * to communities, Secrets to passwords). Past this border the types are the proof.
 */
import type { LabelSelector } from "../api/objects.ts";
import type { Prefix } from "../net/prefix.ts";
import type { Ip } from "../net/ip.ts";

export interface Config {
  /** Sorted by name. */
  readonly pools: readonly Pool[];
  /** Sorted by name; every peer of the cluster: `nodeSelectors` decide per node. */
  readonly peers: readonly Peer[];
  /** Sorted by name. */
  readonly bfdProfiles: readonly BfdProfile[];
  /** Text of ConfigMap `bgpextras`, key `extras`; null when absent or empty. */
  readonly extras: string | null;
}

export interface Pool {
  readonly name: string;
  /** In written order, ranges expanded to the smallest ascending list of prefixes. */
  readonly cidrs: readonly Prefix[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIPs: boolean;
  readonly serviceAllocation: ServiceAllocation | null;
  /** Addresses inside the pool that are never handed out (annotation of ours). */
  readonly reserved: readonly Prefix[];
  /** No new address is given from a draining pool; holders keep theirs (annotation of ours). */
  readonly draining: boolean;
  /** Seconds that an address stays with its Service's name after deletion (annotation of ours); null: the controller's default. */
  readonly retainS?: number | null;
  readonly bgpAdvertisements: readonly BgpAdvertisement[];
  readonly l2Advertisements: readonly L2Advertisement[];
}

export interface ServiceAllocation {
  /** 1 is best; 0 comes last. */
  readonly priority: number;
  /** `namespaces` and what `namespaceSelectors` match, sorted. */
  readonly namespaces: readonly string[];
  /** False when no namespace list or selector was written; a selector that matches none is true with []. */
  readonly namespacesRestricted: boolean;
  readonly serviceSelectors: readonly LabelSelector[];
}

/** `kind` first: a standard community is `A:B`, a large one `A:B:C` (RFC 1997, RFC 8092). */
export type CommunityValue =
  | { readonly kind: "standard"; readonly text: string }
  | { readonly kind: "large"; readonly text: string };

export interface BgpAdvertisement {
  readonly name: string;
  readonly aggregationLength: number;
  readonly aggregationLengthV6: number;
  /** 0: not set. */
  readonly localPref: number;
  /** Numerically sorted, without duplicates; `text` is `A:B` or `A:B:C` (no `large:` marker). */
  readonly communities: readonly CommunityValue[];
  /** Names of the nodes that the selectors match, sorted. */
  readonly nodes: readonly string[];
  /** Names of BGPPeers; empty: all. */
  readonly peers: readonly string[];
  readonly serviceSelectors: readonly LabelSelector[];
}

export interface L2Advertisement {
  /** The objects that came out equal for this pool, sorted by name. */
  readonly names: readonly string[];
  readonly nodes: readonly string[];
  /** Sorted, without duplicates; empty exactly when `allInterfaces`. */
  readonly interfaces: readonly string[];
  readonly allInterfaces: boolean;
  readonly serviceSelectors: readonly LabelSelector[];
  /** Owners of the addresses differ by at most one (annotation of ours); absent: MetalLB's election. */
  readonly spread?: "bounded";
}

export type PeerEndpoint =
  | { readonly kind: "address"; readonly address: Ip }
  | { readonly kind: "interface"; readonly name: string };

export interface PeerTimers {
  readonly holdTimeS: number;
  readonly keepaliveTimeS: number;
  /** As written or derived before FRR's limits, with fractions. */
  readonly given: { readonly holdTimeS: number; readonly keepaliveTimeS: number };
}

export interface Peer {
  /** Name of the BGPPeer object. */
  readonly name: string;
  readonly myAsn: number;
  readonly remoteAs: number | "internal" | "external";
  readonly localAsn: number | null;
  readonly endpoint: PeerEndpoint;
  readonly sourceAddress: Ip | null;
  /** TCP port; null: not written, FRR's 179. */
  readonly port: number | null;
  /** Effective timers in whole seconds; both null: FRR's defaults. keepalive is at most hold / 3. */
  readonly timers: PeerTimers | null;
  readonly connectTimeS: number | null;
  readonly routerId: Ip | null;
  readonly nodeSelectors: readonly LabelSelector[];
  /** Clear text, from the field or the Secret; nothing but frr.conf may show it. */
  readonly password: string | null;
  readonly bfdProfile: string | null;
  readonly gracefulRestart: boolean;
  readonly ebgpMultiHop: boolean;
  readonly vrf: string | null;
  readonly dualStackAddressFamily: boolean;
}

export interface BfdProfile {
  readonly name: string;
  readonly receiveIntervalMs: number | null;
  readonly transmitIntervalMs: number | null;
  readonly detectMultiplier: number | null;
  readonly echoIntervalMs: number | null;
  readonly echoMode: boolean;
  readonly passiveMode: boolean;
  readonly minimumTtl: number | null;
}
