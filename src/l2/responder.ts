/** One interface on the wire: hears ARP and NDP there, and sends. Its edge is `socket.ts`. */
import { familyOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { Mac } from "../net/mac.ts";
import { frameRefusal, hearArp, hearNdp } from "./answer.ts";
import type { Heard, Neighbour, Standing } from "./answer.ts";
import { arpAnnouncement, arpProbe, arpRepair, decodeArp } from "./arp.ts";
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, decodeFrame } from "./ethernet.ts";
import { arpFilter, ndpFilter } from "./filter.ts";
import type { Port } from "./interfaces.ts";
import { decodeNdp, ndpAdvertisementTo, ndpAnnouncement, ndpProbe } from "./ndp.ts";
import type { Station } from "./ndp.ts";
import { openGrowingSocket } from "./growing-socket.ts";
import type { GrowingSocket } from "./growing-socket.ts";
import type { Received } from "./socket.ts";

export interface ResponderPorts {
  /** MACs of this node: their frames are echoes. */
  ownMacs(): ReadonlySet<Mac>;
  standingOf(ip: Ip, port: Port): Standing;
  /** Each frame that was understood. True: send its answer. */
  onHeard(heard: Heard, port: Port): boolean;
  onSent(ip: Ip): void;
  /** The interface failed under the sockets (`ENETDOWN`, ...): the responder must be opened anew. */
  onError(port: Port, name: string): void;
}

type Socket = { readonly family: 4 | 6; readonly socket: GrowingSocket };

export class Responder {
  readonly port: Port;
  readonly #ports: ResponderPorts;
  readonly #station: Station | null;
  readonly #sockets: Socket[] = [];

  /** @throws AppError `ERR_NO_CAPABILITY`, `ERR_PACKET_SOCKET` */
  constructor(port: Port, ports: ResponderPorts) {
    this.port = port;
    this.#ports = ports;
    this.#station = port.linkLocal === null ? null : { mac: port.mac, linkLocal: port.linkLocal };
  }

  /**
   * The addresses that matter, so that the kernel keeps all other traffic away. A family without any has
   * no socket.
   * @throws AppError as the constructor
   */
  attend(ips: readonly Ip[]): void {
    const { arp, linkLocal } = this.port;
    this.#attend(4, arp ? ips.filter((ip) => familyOf(ip) === 4) : []);
    this.#attend(6, linkLocal === null ? [] : ips.filter((ip) => familyOf(ip) === 6));
  }

  #attend(family: 4 | 6, ips: readonly Ip[]): void {
    const at = this.#sockets.findIndex((s) => s.family === family);
    const existing = this.#sockets[at];
    if (ips.length === 0) {
      if (existing !== undefined) this.#sockets.splice(at, 1);
      existing?.socket.close();
      return;
    }
    const { index: ifindex } = this.port;
    const filter = (family === 4 ? arpFilter : ndpFilter)(ifindex, ips);
    if (existing !== undefined) {
      existing.socket.setFilter(filter);
      return;
    }
    const etherType = family === 4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6;
    const socket = openGrowingSocket(
      { ifindex, etherType, filter },
      (frames) => this.#hear(frames, socket),
      (name) => this.#ports.onError(this.port, name),
    );
    this.#sockets.push({ family, socket });
  }

  #hear(frames: readonly Received[], socket: GrowingSocket): void {
    const answers: Uint8Array[] = [];
    const ips: Ip[] = [];
    for (const received of frames) {
      const heard = this.#understand(received);
      if (heard === null || !this.#ports.onHeard(heard, this.port)) continue;
      if (typeof heard.answer === "string") continue;
      answers.push(heard.answer);
      ips.push(heard.ip);
    }
    if (answers.length === 0) return;
    const sent = this.#send(socket, answers);
    for (const ip of ips.slice(0, sent)) this.#ports.onSent(ip);
  }

  #understand({ octets, tag }: Received): Heard | null {
    const decoded = decodeFrame(octets, tag);
    if (decoded.kind === "drop") return null;
    const frame = decoded.packet;
    if (frameRefusal(frame, this.#ports.ownMacs()) !== null) return null;
    const standingOf = (ip: Ip) => this.#ports.standingOf(ip, this.port);
    if (frame.etherType === ETHERTYPE_ARP) {
      const arp = decodeArp(frame.payload);
      return arp.kind === "drop" ? null : hearArp(frame, arp.packet, this.port.mac, standingOf);
    }
    if (frame.etherType !== ETHERTYPE_IPV6 || this.#station === null) return null;
    const ndp = decodeNdp(frame.payload);
    return ndp.kind === "drop" ? null : hearNdp(frame, ndp.packet, this.#station, standingOf);
  }

  /** Whether questions for the address are heard here. */
  speaksFor(ip: Ip): boolean {
    return this.#sockets.some((s) => s.family === familyOf(ip));
  }

  /** One unsolicited round. Returns how many frames went out. */
  announce(ip: Ip): number {
    if (familyOf(ip) === 4) return this.#sendFor(4, arpAnnouncement(this.port.mac, ip));
    return this.#station === null ? 0 : this.#sendFor(6, [ndpAnnouncement(this.#station, ip)]);
  }

  /** Asks who else has the address. */
  probe(ip: Ip): void {
    if (familyOf(ip) === 4) this.#sendFor(4, [arpProbe(this.port.mac, ip)]);
    else if (this.#station !== null) this.#sendFor(6, [ndpProbe(this.#station, ip)]);
  }

  /** Tells single neighbours, of the address's family. */
  repair(ip: Ip, neighbours: readonly Neighbour[]): void {
    const [family, station] = [familyOf(ip), this.#station];
    const mine = neighbours.filter((n) => familyOf(n.ip) === family);
    if (family === 4) {
      const frames = mine.map((n) => arpRepair(this.port.mac, ip, n));
      this.#sendFor(4, frames);
    } else if (station !== null) {
      const frames = mine.map((n) => ndpAdvertisementTo(station, ip, n, false));
      this.#sendFor(6, frames);
    }
  }

  #sendFor(family: 4 | 6, frames: readonly Uint8Array[]): number {
    const entry = this.#sockets.find((s) => s.family === family);
    return entry === undefined ? 0 : this.#send(entry.socket, frames);
  }

  /** A link that just went down takes nothing; the kernel tells so by itself, see `onError`. */
  #send(socket: GrowingSocket, frames: readonly Uint8Array[]): number {
    try {
      return socket.send(frames);
    } catch {
      return 0;
    }
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close();
    this.#sockets.length = 0;
  }
}
