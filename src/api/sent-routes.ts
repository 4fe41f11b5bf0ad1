/** What FRR says that it sent: the Adj-RIB-Out of each session, as fact beside the intention. */

/** One session, by `sessionKey`. */
export interface SessionSent {
  /** RFC 4271, 8.2.2: `Established` or another state. */
  readonly state: string;
  /** CIDR prefixes of both families. */
  readonly prefixes: ReadonlySet<string>;
}
export type SentRoutes = ReadonlyMap<string, SessionSent>;

/** A neighbour's address or interface is unique in its VRF; null is the default one. */
export const sessionKey = (vrf: string | null, key: string): string =>
  vrf === null ? key : `${key} vrf ${vrf}`;
