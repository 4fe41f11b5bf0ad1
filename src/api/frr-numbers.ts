/** What FRR counts of its sessions: read by `src/frr`, shown as metrics by `src/observability`. */

/** What bgpd counts of one neighbour. */
export interface NeighborNumbers {
  /** Address, or interface of an unnumbered neighbour. */
  readonly key: string;
  /** `null` is the default VRF. */
  readonly vrf: string | null;
  /** RFC 4271, 8.2.2. */
  readonly state: string;
  /** TCP port at the other end; -1 before OpenSent. */
  readonly remotePort: number;
  /** Prefixes sent, both families. */
  readonly sentPrefixes: number;
  readonly opensSent: number;
  readonly opensReceived: number;
  readonly notificationsSent: number;
  readonly updatesSent: number;
  readonly updatesReceived: number;
  readonly keepalivesSent: number;
  readonly keepalivesReceived: number;
  readonly routeRefreshesSent: number;
  readonly totalSent: number;
  readonly totalReceived: number;
}

/** What bfdd counts of one session. */
export interface BfdCounters {
  readonly peer: string;
  readonly vrf: string | null;
  readonly controlInput: number;
  readonly controlOutput: number;
  readonly echoInput: number;
  readonly echoOutput: number;
  readonly upEvents: number;
  readonly downEvents: number;
  readonly zebraNotifications: number;
}

export interface FrrNumbers {
  readonly neighbors: readonly NeighborNumbers[];
  readonly bfd: readonly (BfdCounters & { readonly isUp: boolean })[];
}
