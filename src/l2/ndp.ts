import { ipAt, ipFromOctets, ipOctets, parseIp, putIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { macAt, macFromOctets, putMac } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { dropped } from "./decoded.ts";
import type { Decoded } from "./decoded.ts";
import { ETHERTYPE_IPV6, blankFrame } from "./ethernet.ts";

/** A Neighbor Solicitation (RFC 4861, 4.3) with what its IPv6 header tells. */
export interface Solicitation {
  readonly type: "solicitation";
  readonly source: Ip;
  readonly destination: Ip;
  readonly target: Ip;
  /** Source Link-Layer Address option. */
  readonly linkLayer: Mac | null;
}

/** A Neighbor Advertisement (RFC 4861, 4.4). */
export interface Advertisement {
  readonly type: "advertisement";
  readonly source: Ip;
  readonly destination: Ip;
  readonly target: Ip;
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  /** Target Link-Layer Address option. */
  readonly linkLayer: Mac | null;
}

export const UNSPECIFIED_IPV6 = parseIp("::");
export const ALL_NODES = parseIp("ff02::1");
const [NS, NA, ICMPV6, HOP_LIMIT] = [135, 136, 58, 255];
const [SOURCE_LINK_LAYER, TARGET_LINK_LAYER] = [1, 2];
/** Where things are in the packet: RFC 8200, 3, then RFC 4861, 4.3. */
const [FROM, TO, MESSAGE, TARGET, OPTIONS] = [8, 24, 40, 48, 64];

const isMulticast = (firstOctet: number | undefined): boolean => firstOctet === 0xff;

/** ff02::1:ffXX:XXXX (RFC 4291, 2.7.1). */
export function solicitedNodeGroup(ip: Ip): Ip {
  const group = ipOctets(parseIp("ff02::1:ff00:0"));
  group.set(ipOctets(ip).subarray(13), 13);
  return ipFromOctets(group);
}

/** 33:33 and the last four octets of the group (RFC 2464, 7). */
export const groupMac = (group: Ip): Mac =>
  macFromOctets(Uint8Array.of(0x33, 0x33, ...ipOctets(group).subarray(12)));

/** The checksum of RFC 4443, 2.3, of a packet up to `end`: over both addresses and the message. 0 when its own is right. */
function checksum(b: Uint8Array, end: number): number {
  let sum = end - MESSAGE + ICMPV6;
  for (let i = FROM; i + 1 < end; i += 2) sum += ((b[i] ?? 0) << 8) | (b[i + 1] ?? 0);
  if (end % 2 === 1) sum += (b[end - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Options (RFC 4861, 4.6) up to `end`: the wanted link-layer address, or that they are malformed. */
function linkLayerOption(b: Uint8Array, end: number, wanted: number): Mac | null | "malformed" {
  let found: Mac | null = null;
  for (let at = OPTIONS; at < end;) {
    const length = at + 1 < end ? (b[at + 1] ?? 0) * 8 : 0;
    if (length === 0 || at + length > end) return "malformed";
    if (b[at] === wanted && length === 8) found ??= macAt(b, at + 2);
    at += length;
  }
  return found;
}

/**
 * An IPv6 packet, as it follows the Ethernet header, that must be a valid solicitation or advertisement
 * by RFC 4861, 7.1.1 and 7.1.2.
 */
export function decodeNdp(b: Uint8Array): Decoded<Solicitation | Advertisement> {
  const length = ((b[4] ?? 0) << 8) | (b[5] ?? 0);
  const end = MESSAGE + length;
  if (b.length < end) return dropped("truncated");
  if ((b[0] ?? 0) >> 4 !== 6) return dropped("not IPv6");
  if (b[6] !== ICMPV6) return dropped("not ICMPv6");
  if (end < OPTIONS) return dropped("truncated");
  const type = b[MESSAGE];
  if (type !== NS && type !== NA) return dropped("message type");
  if (b[7] !== HOP_LIMIT) return dropped("hop limit");
  if (b[MESSAGE + 1] !== 0) return dropped("code");
  if (checksum(b, end) !== 0) return dropped("checksum");
  if (isMulticast(b[TARGET]) || isMulticast(b[FROM])) return dropped("multicast address");
  const wanted = type === NS ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER;
  const linkLayer = linkLayerOption(b, end, wanted);
  if (linkLayer === "malformed") return dropped("options");
  const [source, destination, target] = [ipAt(b, FROM, 6), ipAt(b, TO, 6), ipAt(b, TARGET, 6)];
  if (type === NA) {
    const flags = b[MESSAGE + 4] ?? 0;
    const [router, override] = [(flags & 0x80) !== 0, (flags & 0x20) !== 0];
    const solicited = (flags & 0x40) !== 0;
    if (solicited && isMulticast(b[TO])) return dropped("solicited to multicast");
    const addresses = { source, destination, target, linkLayer };
    const packet = { type: "advertisement", ...addresses, router, solicited, override } as const;
    return { kind: "packet", packet };
  }
  if (source === UNSPECIFIED_IPV6) {
    if (destination !== solicitedNodeGroup(target)) return dropped("probe not to its group");
    if (linkLayer !== null) return dropped("probe with a link-layer address");
  }
  return {
    kind: "packet",
    packet: { type: "solicitation", source, destination, target, linkLayer },
  };
}

const lengthOf = (m: Solicitation | Advertisement): number =>
  OPTIONS + (m.linkLayer === null ? 0 : 8);

/** Writes the IPv6 packet, hop limit 255, checksum filled in, into so many zeros. */
function write(b: Uint8Array, m: Solicitation | Advertisement): void {
  b[0] = 0x60;
  b[5] = b.length - MESSAGE;
  b[6] = ICMPV6;
  b[7] = HOP_LIMIT;
  putIp(b, FROM, m.source);
  putIp(b, TO, m.destination);
  b[MESSAGE] = m.type === "solicitation" ? NS : NA;
  if (m.type === "advertisement")
    b[MESSAGE + 4] = (m.router ? 0x80 : 0) | (m.solicited ? 0x40 : 0) | (m.override ? 0x20 : 0);
  putIp(b, TARGET, m.target);
  if (m.linkLayer !== null) {
    b[OPTIONS] = m.type === "solicitation" ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER;
    b[OPTIONS + 1] = 1; // in units of eight octets
    putMac(b, OPTIONS + 2, m.linkLayer);
  }
  const sum = checksum(b, b.length);
  b[MESSAGE + 2] = sum >> 8;
  b[MESSAGE + 3] = sum & 255;
}

/** The IPv6 packet, as `decodeNdp` takes it. */
export function encodeNdp(m: Solicitation | Advertisement): Uint8Array {
  const packet = new Uint8Array(lengthOf(m));
  write(packet, m);
  return packet;
}

/** The frame that carries it. */
export function ndpFrame(
  message: Solicitation | Advertisement,
  source: Mac,
  destination: Mac,
): Uint8Array {
  const header = { destination, source, etherType: ETHERTYPE_IPV6 };
  const { frame, payload } = blankFrame(header, lengthOf(message));
  write(payload, message);
  return frame;
}

/** This node on one link: its MAC and its link-local address. */
export interface Station {
  readonly mac: Mac;
  readonly linkLocal: Ip;
}

/**
 * As a host speaks for an address of its own: from that address, Override=1 (RFC 4861, 7.2.4). Router=0
 * always: a node in front of Services is no default router (4.4).
 */
const advertisement = (
  { mac }: Station,
  target: Ip,
  destination: Ip,
  solicited: boolean,
): Advertisement => ({
  type: "advertisement",
  source: target,
  destination,
  target,
  router: false,
  solicited,
  override: true,
  linkLayer: mac,
});

/** Unsolicited, to all nodes: RFC 4861, 7.2.6. */
export const ndpAnnouncement = (station: Station, ip: Ip): Uint8Array =>
  ndpFrame(advertisement(station, ip, ALL_NODES, false), station.mac, groupMac(ALL_NODES));

/** To one neighbour, asked (Solicited=1) or not. */
export const ndpAdvertisementTo = (
  station: Station,
  ip: Ip,
  neighbour: { mac: Mac; ip: Ip },
  solicited: boolean,
): Uint8Array =>
  ndpFrame(advertisement(station, ip, neighbour.ip, solicited), station.mac, neighbour.mac);

/** Asks who has the address, in our own name: an answer to :: would go to everybody, and overwrite. */
export function ndpProbe({ mac, linkLocal }: Station, ip: Ip): Uint8Array {
  const group = solicitedNodeGroup(ip);
  const ask: Solicitation = {
    type: "solicitation",
    source: linkLocal,
    destination: group,
    target: ip,
    linkLayer: mac,
  };
  return ndpFrame(ask, mac, groupMac(group));
}
