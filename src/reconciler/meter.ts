/** What the speaker tells whoever measures it, as a port: the core knows no metric by name. */
import type { ServiceKey } from "../api/objects.ts";
import type { Ip } from "../net/ip.ts";
import type { PrefixText } from "../net/prefix.ts";

/** An address or prefix that is about to reach the wire because a Service or its endpoints changed. */
export interface Wait {
  readonly service: ServiceKey;
  /** When the change was seen, by the speaker's clock. */
  readonly sinceMs: number;
}
export interface AddressWait extends Wait {
  readonly ip: Ip;
}
export interface PrefixWait extends Wait {
  readonly prefix: PrefixText;
  /** `null` is the default VRF. */
  readonly vrf: string | null;
}

/** An address that this node answers for because its last owner is gone. */
export interface Takeover {
  readonly ip: Ip;
  readonly from: string;
  /** When the last owner was heard of last, by the speaker's clock. */
  readonly sinceMs: number;
}

/** How many prefixes one neighbour should be sent. */
export interface Wanted {
  /** As FRR names the neighbour. */
  readonly key: string;
  readonly vrf: string | null;
  readonly prefixes: number;
}

export interface Meter {
  /** Told before the frames go out. */
  layer2(waits: readonly AddressWait[], takeovers: readonly Takeover[]): void;
  /** Told before FRR is. */
  bgp(waits: readonly PrefixWait[]): void;
  /** What each neighbour of this node should be sent now. */
  wanted(neighbors: readonly Wanted[]): void;
}

/** Counts nothing. */
export const NO_METER: Meter = {
  layer2: () => undefined,
  bgp: () => undefined,
  wanted: () => undefined,
};
