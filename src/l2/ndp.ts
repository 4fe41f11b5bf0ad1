import { ipFromOctets, ipOctets, parseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { macFromOctets, macOctets } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { dropped } from "./decoded.ts";
import type { Decoded } from "./decoded.ts";
import { ETHERTYPE_IPV6, encodeFrame } from "./ethernet.ts";

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

const isMulticast = (octets: Uint8Array): boolean => octets[0] === 0xff;

/** ff02::1:ffXX:XXXX (RFC 4291, 2.7.1). */
export function solicitedNodeGroup(ip: Ip): Ip {
  const group = ipOctets(parseIp("ff02::1:ff00:0"));
  group.set(ipOctets(ip).subarray(13), 13);
  return ipFromOctets(group);
}

/** 33:33 and the last four octets of the group (RFC 2464, 7). */
export const groupMac = (group: Ip): Mac =>
  macFromOctets(Uint8Array.of(0x33, 0x33, ...ipOctets(group).subarray(12)));

/** The checksum of RFC 4443, 2.3, over the pseudo-header and `message`: 0 when its own is right. */
function checksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  let sum = message.length + ICMPV6;
  for (const part of [source, destination, message])
    for (let i = 0; i < part.length; i += 2) sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Options (RFC 4861, 4.6): the wanted link-layer address, or the reason why they are malformed. */
function linkLayerOption(b: Uint8Array, wanted: number): Mac | null | "malformed" {
  let found: Mac | null = null;
  for (let at = 0; at < b.length;) {
    const length = (b[at + 1] ?? 0) * 8;
    if (length === 0 || at + length > b.length) return "malformed";
    if (b[at] === wanted && length === 8) found ??= macFromOctets(b.subarray(at + 2, at + 8));
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
  if (b.length < 40 || b.length < 40 + length) return dropped("truncated");
  if ((b[0] ?? 0) >> 4 !== 6) return dropped("not IPv6");
  if (b[6] !== ICMPV6) return dropped("not ICMPv6");
  if (length < 24) return dropped("truncated");
  const [from, to] = [b.subarray(8, 24), b.subarray(24, 40)];
  const message = b.subarray(40, 40 + length);
  const [type, code] = message;
  if (type !== NS && type !== NA) return dropped("message type");
  if (b[7] !== HOP_LIMIT) return dropped("hop limit");
  if (code !== 0) return dropped("code");
  if (checksum(from, to, message) !== 0) return dropped("checksum");
  const targetOctets = message.subarray(8, 24);
  if (isMulticast(targetOctets) || isMulticast(from)) return dropped("multicast address");
  const wanted = type === NS ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER;
  const linkLayer = linkLayerOption(message.subarray(24), wanted);
  if (linkLayer === "malformed") return dropped("options");
  const [source, destination] = [ipFromOctets(from), ipFromOctets(to)];
  const target = ipFromOctets(targetOctets);
  if (type === NA) {
    const flags = message[4] ?? 0;
    const solicited = (flags & 0x40) !== 0;
    if (solicited && isMulticast(to)) return dropped("solicited to multicast");
    const bits = { router: (flags & 0x80) !== 0, solicited, override: (flags & 0x20) !== 0 };
    const packet = {
      type: "advertisement",
      source,
      destination,
      target,
      ...bits,
      linkLayer,
    } as const;
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

/** The IPv6 packet, hop limit 255, checksum filled in. */
export function encodeNdp(m: Solicitation | Advertisement): Uint8Array {
  const b = new Uint8Array(64 + (m.linkLayer === null ? 0 : 8));
  const [from, to, message] = [b.subarray(8, 24), b.subarray(24, 40), b.subarray(40)];
  b.set([0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT]);
  from.set(ipOctets(m.source));
  to.set(ipOctets(m.destination));
  message[0] = m.type === "solicitation" ? NS : NA;
  if (m.type === "advertisement")
    message[4] = (m.router ? 0x80 : 0) | (m.solicited ? 0x40 : 0) | (m.override ? 0x20 : 0);
  message.set(ipOctets(m.target), 8);
  if (m.linkLayer !== null) {
    message.set([m.type === "solicitation" ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER, 1], 24);
    message.set(macOctets(m.linkLayer), 26);
  }
  const sum = checksum(from, to, message);
  message[2] = sum >> 8;
  message[3] = sum & 255;
  return b;
}

export const ndpFrame = (
  message: Solicitation | Advertisement,
  source: Mac,
  destination: Mac,
): Uint8Array =>
  encodeFrame({ destination, source, etherType: ETHERTYPE_IPV6, payload: encodeNdp(message) });

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
