import { ipAt, parseIp, putIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { BROADCAST_MAC, macAt, parseMac, putMac } from "../net/mac.ts";
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
export const UNSPECIFIED_IPV4 = parseIp("0.0.0.0");
export const NO_MAC = parseMac("00:00:00:00:00:00");

export function decodeArp(b: Uint8Array): Decoded<Arp> {
  if (b.length < 28) return dropped("truncated");
  if (FIXED.some((o, i) => b[i] !== o)) return dropped("not IPv4 over Ethernet");
  const op = b[6] === 0 ? b[7] : undefined;
  if (op !== REQUEST && op !== REPLY) return dropped("unknown operation");
  const [sha, spa, tha, tpa] = [macAt(b, 8), ipAt(b, 14, 4), macAt(b, 18), ipAt(b, 24, 4)];
  return { kind: "packet", packet: { op, sha, spa, tha, tpa } };
}

export function encodeArp({ op, sha, spa, tha, tpa }: Arp): Uint8Array {
  const b = new Uint8Array(28);
  for (let i = 0; i < FIXED.length; i++) b[i] = FIXED[i] ?? 0;
  b[7] = op;
  putMac(b, 8, sha);
  putIp(b, 14, spa);
  putMac(b, 18, tha);
  putIp(b, 24, tpa);
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
