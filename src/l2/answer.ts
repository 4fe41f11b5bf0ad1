/**
 * What a received frame asks of this node: an answer, or a drop with its reason (behaviour reference 3.4,
 * RFC 826, RFC 4861 7.2.3 and 7.2.4). A frame in which another station speaks for one of our addresses
 * is a claim: the start of a duel.
 */
import { isGroupMac } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import type { Ip } from "../net/ip.ts";
import { NO_MAC, REPLY, REQUEST, UNSPECIFIED_IPV4, arpFrame } from "./arp.ts";
import type { Arp } from "./arp.ts";
import type { Frame } from "./ethernet.ts";
import { BROADCAST_MAC } from "../net/mac.ts";
import { UNSPECIFIED_IPV6, ndpAdvertisementTo, ndpAnnouncement } from "./ndp.ts";
import type { Advertisement, Solicitation, Station } from "./ndp.ts";

/** Why nothing is said. The first ones are what MetalLB counts as such. */
export type DropReason =
  | "reply"
  | "ethernetDestination"
  | "notAnnounced"
  | "notMatchInterface"
  | "ownFrame"
  | "vlan"
  | "senderAddress"
  | "advertisement";

/** Someone who wanted to know: worth telling when the address moves. */
export interface Neighbour {
  readonly mac: Mac;
  readonly ip: Ip;
}

export interface Heard {
  /** The address that is asked for or spoken for. */
  readonly ip: Ip;
  /** Null: an anonymous probe. */
  readonly asker: Neighbour | null;
  /** Everybody on the link heard it too, so another owner may answer as well. */
  readonly broadcast: boolean;
  /** The MAC that says that it has the address. */
  readonly claim: Mac | null;
  /** What to send, once; or why not. */
  readonly answer: Uint8Array | DropReason;
}

/** Where an address is announced here: on this link, on others alone, or not at all. */
export type Standing = "here" | "elsewhere" | "no";

const refusal = (standing: Exclude<Standing, "here">): DropReason =>
  standing === "no" ? "notAnnounced" : "notMatchInterface";

const isStation = (mac: Mac): boolean => mac !== NO_MAC && !isGroupMac(mac);

/** Common to both protocols: frames that nobody sent to us. */
export function frameRefusal(frame: Frame, own: ReadonlySet<Mac>): DropReason | null {
  if (own.has(frame.source)) return "ownFrame";
  return frame.vlan === 0 ? null : "vlan";
}

export function hearArp(
  frame: Pick<Frame, "destination">,
  arp: Arp,
  mac: Mac,
  standingOf: (ip: Ip) => Standing,
): Heard {
  const announces = arp.op === REPLY || arp.spa === arp.tpa;
  const claim = announces && isStation(arp.sha) && arp.sha !== mac ? arp.sha : null;
  const broadcast = frame.destination === BROADCAST_MAC;
  if (arp.op !== REQUEST) return { ip: arp.spa, asker: null, broadcast, claim, answer: "reply" };
  const anonymous = arp.spa === UNSPECIFIED_IPV4 || arp.spa === arp.tpa;
  const asker = anonymous || !isStation(arp.sha) ? null : { mac: arp.sha, ip: arp.spa };
  const heard = { ip: arp.tpa, asker, broadcast, claim };
  if (!broadcast && frame.destination !== mac) return { ...heard, answer: "ethernetDestination" };
  if (!isStation(arp.sha)) return { ...heard, answer: "senderAddress" };
  const standing = standingOf(arp.tpa);
  if (standing !== "here") return { ...heard, answer: refusal(standing) };
  const reply: Arp = { op: REPLY, sha: mac, spa: arp.tpa, tha: arp.sha, tpa: arp.spa };
  return { ...heard, answer: arpFrame(reply, arp.sha) };
}

export function hearNdp(
  frame: Pick<Frame, "destination" | "source">,
  message: Solicitation | Advertisement,
  station: Station,
  standingOf: (ip: Ip) => Standing,
): Heard {
  const { target: ip } = message;
  const speaker = message.linkLayer ?? frame.source;
  const broadcast = isGroupMac(frame.destination);
  if (message.type === "advertisement") {
    const claim = isStation(speaker) && speaker !== station.mac ? speaker : null;
    return { ip, asker: null, broadcast, claim, answer: "advertisement" };
  }
  const anonymous = message.source === UNSPECIFIED_IPV6;
  const asker = anonymous || !isStation(speaker) ? null : { mac: speaker, ip: message.source };
  const heard = { ip, asker, broadcast, claim: null };
  if (!broadcast && frame.destination !== station.mac)
    return { ...heard, answer: "ethernetDestination" };
  const standing = standingOf(ip);
  if (standing !== "here") return { ...heard, answer: refusal(standing) };
  if (anonymous) return { ...heard, answer: ndpAnnouncement(station, ip) };
  if (asker === null) return { ...heard, answer: "senderAddress" };
  return { ...heard, answer: ndpAdvertisementTo(station, ip, asker, true) };
}
