/** What FRR says that it sent: the Adj-RIB-Out of each session, as fact beside the intention. */
import type { Ip } from "../net/ip.ts";

/** One session, by `sessionKey`. */
export interface SessionSent {
  /** RFC 4271, 8.2.2: `Established` or another state. */
  readonly state: string;
  /** CIDR prefixes of both families. */
  readonly prefixes: ReadonlySet<string>;
  /** What else FRR says of it; absent where nobody asked. */
  readonly detail?: SessionDetail;
}

export interface SessionDetail {
  /** RFC 3339; null unless Established. */
  readonly since: string | null;
  /** 0 while it is not known. */
  readonly remoteAs: number;
  readonly opensSent: number;
  readonly opensReceived: number;
  /** How it went down last; it may be long ago. */
  readonly last: LastReset;
}

export interface LastReset {
  /** FRR's words: `BGP Notification received`, `Waiting for peer OPEN`; null: none. */
  readonly dueTo: string | null;
  /** Code and subcode of the NOTIFICATION as four hexadecimal digits, as FRR has them. */
  readonly code: string | null;
  readonly direction: "sent" | "received" | null;
  readonly notification: string | null;
  /** BFD is asked for, and is down. */
  readonly bfdDown: boolean;
}

/** A session that does not come up, with what it takes to look into it. */
export interface DownSession {
  /** `sessionKey` */
  readonly key: string;
  /** Null: not to be reached by a plain connection (another VRF, an interface without an address). */
  readonly address: Ip | null;
  readonly port: number;
  readonly source: Ip | null;
  readonly password: string | null;
  readonly state: string;
  readonly detail: SessionDetail;
}
export type SentRoutes = ReadonlyMap<string, SessionSent>;

/** A neighbour's address or interface is unique in its VRF; null is the default one. */
export const sessionKey = (vrf: string | null, key: string): string =>
  vrf === null ? key : `${key} vrf ${vrf}`;
