import { ipFromOctets, ipOctets } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { BROADCAST_MAC, macFromOctets, macOctets, parseMac } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { dropped } from "./decoded.ts";
import type { Decoded } from "./decoded.ts";
import { ETHERTYPE_ARP, encodeFrame } from "./ethernet.ts";

/** ARP for IPv4 over Ethernet, RFC 826: 28 octets after the Ethernet header, big-endian. RFC's names. */
export interface Arp {
  readonly op: 1 | 2;
  readonly sha: Mac;
  readonly spa: Ip;
  readonly tha: Mac;
  readonly tpa: Ip;
}
export const REQUEST = 1;
export const REPLY = 2;

const FIXED = [0, 1, 8, 0, 6, 4]; // ar$hrd Ethernet, ar$pro IPv4, ar$hln, ar$pln
export const UNSPECIFIED_IPV4 = ipFromOctets(new Uint8Array(4));
export const NO_MAC = parseMac("00:00:00:00:00:00");

export function decodeArp(b: Uint8Array): Decoded<Arp> {
  if (b.length < 28) return dropped("truncated");
  if (FIXED.some((o, i) => b[i] !== o)) return dropped("not IPv4 over Ethernet");
  const op = b[6] === 0 ? b[7] : undefined;
  if (op !== REQUEST && op !== REPLY) return dropped("unknown operation");
  const mac = (at: number) => macFromOctets(b.subarray(at, at + 6));
  const ip = (at: number) => ipFromOctets(b.subarray(at, at + 4));
  return { kind: "packet", packet: { op, sha: mac(8), spa: ip(14), tha: mac(18), tpa: ip(24) } };
}

export function encodeArp({ op, sha, spa, tha, tpa }: Arp): Uint8Array {
  const b = new Uint8Array(28);
  b.set(FIXED);
  b[7] = op;
  b.set(macOctets(sha), 8);
  b.set(ipOctets(spa), 14);
  b.set(macOctets(tha), 18);
  b.set(ipOctets(tpa), 24);
  return b;
}

/** The frame that carries it, from the sender's hardware address. */
export const arpFrame = (arp: Arp, destination: Mac): Uint8Array =>
  encodeFrame({
    destination,
    source: arp.sha,
    etherType: ETHERTYPE_ARP,
    payload: encodeArp(arp),
  });

/** One ARP Announcement round: a request and a reply, both broadcast (behaviour reference 3.5). */
export const arpAnnouncement = (mac: Mac, ip: Ip): readonly Uint8Array[] =>
  ([REQUEST, REPLY] as const).map((op) =>
    arpFrame({ op, sha: mac, spa: ip, tha: BROADCAST_MAC, tpa: ip }, BROADCAST_MAC),
  );

/** An ARP Probe (RFC 5227, 1.1): asks who has the address and updates nobody's cache. */
export const arpProbe = (mac: Mac, ip: Ip): Uint8Array =>
  arpFrame({ op: REQUEST, sha: mac, spa: UNSPECIFIED_IPV4, tha: NO_MAC, tpa: ip }, BROADCAST_MAC);

/** An unasked reply to one neighbour: mends its cache where broadcasts do not reach it. */
export const arpRepair = (mac: Mac, ip: Ip, neighbour: { mac: Mac; ip: Ip }): Uint8Array =>
  arpFrame({ op: REPLY, sha: mac, spa: ip, tha: neighbour.mac, tpa: neighbour.ip }, neighbour.mac);
