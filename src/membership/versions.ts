/** Protocol and delegate versions: `[least, most, spoken]` of each, six octets of every record. */
import type { Member } from "./member.ts";
import type { PushPullRecord } from "./messages.ts";

/** What MetalLB's members announce: protocol 1..5, speaking 2; no delegate. */
export const DEFAULT_VERSIONS = Uint8Array.of(1, 5, 2, 0, 0, 0);
/** Maximum protocol versions from which a peer understands TCP pings, nacks, and a checksum. */
export const TCP_PING_SINCE = 3;
export const NACK_SINCE = 4;
export const CRC_SINCE = 5;

/** The maximum protocol version of a node. */
export const speaks = (node: { readonly vsn: Uint8Array }): number => node.vsn[1] ?? 0;

/**
 * Whether a push/pull may be merged: every record's protocol and delegate version lies within what all
 * alive nodes, ours and theirs, can speak. A record without six version octets counts as zeros.
 */
export function versionsAgree(ours: readonly Member[], theirs: readonly PushPullRecord[]): boolean {
  const all = [
    ...ours.map((r) => ({ vsn: versions(r.vsn), alive: r.state === "alive" })),
    ...theirs.map((r) => ({ vsn: versions(r.vsn), alive: r.state === 0 })),
  ];
  const alive = all.filter((r) => r.alive).map((r) => r.vsn);
  const most = (at: number) => Math.max(...alive.map((v) => v[at] ?? 0), 0);
  const least = (at: number) => Math.min(...alive.map((v) => v[at] ?? 0), 255);
  const [protocolMin, protocolMax, delegateMin, delegateMax] = [
    most(0),
    least(1),
    most(3),
    least(4),
  ];
  return all.every(({ vsn }) => {
    const [protocol, delegate] = [vsn[2] ?? 0, vsn[5] ?? 0];
    return (
      protocol >= protocolMin &&
      protocol <= protocolMax &&
      delegate >= delegateMin &&
      delegate <= delegateMax
    );
  });
}

const versions = (vsn: Uint8Array | null): Uint8Array =>
  vsn !== null && vsn.length >= 6 ? vsn : new Uint8Array(6);
