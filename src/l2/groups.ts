/**
 * Memberships in solicited-node groups, through `raw-socket`: they make the kernel report them (MLD) and
 * the interface pass the frames up. Nothing is received here; the packet sockets do that.
 */
import { createRequire } from "node:module";
import { AppError } from "../errors.ts";
import { familyOf, ipOctets } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { Port } from "./interfaces.ts";
import { solicitedNodeGroup } from "./ndp.ts";

interface RawSocket {
  setOption(level: number, option: number, value: Buffer, length: number): void;
  pauseRecv(): void;
  on(event: "error", listener: (error: Error) => void): void;
  close(): void;
}
interface RawSocketModule {
  createSocket(options: { protocol: number; addressFamily: number }): RawSocket;
  readonly AddressFamily: { readonly IPv6: number };
  readonly Protocol: { readonly ICMPv6: number };
}

const [IPPROTO_IPV6, IPPROTO_ICMPV6] = [41, 58];
const [JOIN_GROUP, LEAVE_GROUP, ICMP6_FILTER] = [20, 21, 1];
/** The kernel charges memberships to a socket's option memory (20 KiB on older ones). */
const PER_SOCKET = 100;

export interface Membership {
  readonly ifindex: number;
  readonly group: Ip;
}

/** What is to be joined to hear questions for these addresses on the interfaces that can do NDP. */
export function membershipsFor(ports: readonly Port[], ips: Iterable<Ip>): readonly Membership[] {
  const targets = [...ips].filter((ip) => familyOf(ip) === 6);
  const groups = [...new Set(targets.map(solicitedNodeGroup))];
  return ports
    .filter((p) => p.linkLocal !== null)
    .flatMap(({ index: ifindex }) => groups.map((group) => ({ ifindex, group })));
}

const keyOf = ({ ifindex, group }: Membership): string => `${ifindex} ${group}`;

/** `struct ipv6_mreq`. */
function requestOf({ ifindex, group }: Membership): Buffer {
  const request = Buffer.alloc(20);
  request.set(ipOctets(group));
  new DataView(request.buffer, request.byteOffset).setUint32(16, ifindex, true);
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 0) request.writeUInt32BE(ifindex, 16);
  return request;
}

export class Groups {
  readonly #sockets: { readonly socket: RawSocket; members: number }[] = [];
  readonly #joined = new Map<
    string,
    { wanted: Membership; home: { socket: RawSocket; members: number } }
  >();

  /**
   * Joins and leaves until exactly `wanted` is joined. Interfaces that cannot be joined now are returned;
   * they are tried again the next time.
   * @throws AppError `ERR_NO_CAPABILITY`, `ERR_PACKET_SOCKET`
   */
  set(wanted: readonly Membership[]): readonly Membership[] {
    const byKey = new Map(wanted.map((m) => [keyOf(m), m]));
    for (const key of [...this.#joined.keys()]) if (!byKey.has(key)) this.#leave(key);
    const failed: Membership[] = [];
    for (const [key, membership] of byKey)
      if (!this.#joined.has(key) && !this.#join(key, membership)) failed.push(membership);
    return failed;
  }

  /** The interface is new under an old index: what was joined there is gone. */
  forget(ifindex: number): void {
    for (const [key, { wanted }] of [...this.#joined])
      if (wanted.ifindex === ifindex) this.#leave(key);
  }

  close(): void {
    for (const { socket } of this.#sockets) socket.close();
    this.#sockets.length = 0;
    this.#joined.clear();
  }

  #join(key: string, membership: Membership): boolean {
    const home = this.#sockets.find((s) => s.members < PER_SOCKET) ?? this.#open();
    const request = requestOf(membership);
    try {
      home.socket.setOption(IPPROTO_IPV6, JOIN_GROUP, request, request.length);
    } catch {
      return false;
    }
    home.members++;
    this.#joined.set(key, { wanted: membership, home });
    return true;
  }

  #leave(key: string): void {
    const entry = this.#joined.get(key);
    if (entry === undefined) return;
    this.#joined.delete(key);
    entry.home.members--;
    const request = requestOf(entry.wanted);
    try {
      entry.home.socket.setOption(IPPROTO_IPV6, LEAVE_GROUP, request, request.length);
    } catch {
      // the interface is gone, and the membership with it
    }
  }

  #open(): { socket: RawSocket; members: number } {
    try {
      const raw = createRequire(import.meta.url)("raw-socket") as RawSocketModule;
      const { AddressFamily, Protocol } = raw;
      const socket = raw.createSocket({
        addressFamily: AddressFamily.IPv6,
        protocol: Protocol.ICMPv6,
      });
      socket.setOption(IPPROTO_ICMPV6, ICMP6_FILTER, Buffer.alloc(32, 0xff), 32); // receive nothing
      socket.pauseRecv();
      socket.on("error", () => undefined);
      const home = { socket, members: 0 };
      this.#sockets.push(home);
      return home;
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw /not permitted/i.test(words)
        ? new AppError("ERR_NO_CAPABILITY", `CAP_NET_RAW is needed: ${words}`, { cause })
        : new AppError("ERR_PACKET_SOCKET", `no socket for IPv6 groups: ${words}`, { cause });
    }
  }
}
