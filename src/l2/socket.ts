/**
 * The edge to the kernel: packet sockets and the list of interfaces, through the packet addon
 * (`addon/packet.c`). Frames go in and out as octets; nothing here knows ARP or NDP.
 */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import { AppError } from "../errors.ts";
import { familyOf, ipFromOctets } from "../net/ip.ts";
import { macFromOctets, macOctets } from "../net/mac.ts";
import type { Mac } from "../net/mac.ts";
import { DROP_ALL, filterOctets } from "./filter.ts";
import type { Instruction } from "./filter.ts";
import type { Link } from "./interfaces.ts";
import type { NeighbourEntry } from "./members.ts";

declare const handle: unique symbol;
interface Handle {
  readonly [handle]: true;
}
interface RawLink {
  readonly index: number;
  readonly name: string;
  readonly flags: number;
  readonly type: number;
  readonly mac: Uint8Array;
  readonly master: number;
  readonly kind: string;
  readonly addresses: readonly { octets: Uint8Array; flags: number; scope: number }[];
}
type Batch = (count: number, errno: number) => void;
interface Addon {
  open(
    ifindex: number,
    protocol: number,
    filter: Uint8Array,
    frames: number,
    slots: Uint8Array,
    meta: Int32Array,
    onBatch: Batch,
  ): Handle;
  setFilter(socket: Handle, filter: Uint8Array): void;
  send(socket: Handle, frames: Uint8Array, lengths: Int32Array, count: number): number;
  membership(socket: Handle, mac: Uint8Array, join: boolean): void;
  statistics(socket: Handle): readonly [number, number];
  interfaces(): readonly RawLink[];
  neighbours(): readonly {
    readonly index: number;
    readonly octets: Uint8Array;
    readonly mac: Uint8Array;
  }[];
  watch(onChange: Batch): Handle;
  close(socket: Handle): void;
  /** Both absent in an addon that was built before they were there. */
  readonly collect?: () => void;
  readonly giveBack?: () => void;
}

// From the sources, and from the bundle in dist/.
const PLACES = ["./addon/build/Release/packet.node", "../src/l2/addon/build/Release/packet.node"];
let loaded: Addon | undefined;

function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const place = PLACES.map((p) => new URL(p, import.meta.url).pathname).find(existsSync);
  if (place === undefined)
    throw new AppError("ERR_ADDON_MISSING", "the packet addon is not built: npm run build:addon");
  try {
    loaded = createRequire(import.meta.url)(place) as Addon;
    return loaded;
  } catch (cause) {
    throw new AppError("ERR_ADDON_MISSING", `the packet addon does not load: ${place}`, { cause });
  }
}

/** Runs one call of the addon; what the kernel said becomes an AppError. */
function ask<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw code === "EPERM" || code === "EACCES"
      ? new AppError("ERR_NO_CAPABILITY", `CAP_NET_RAW is needed: ${words}`, { cause })
      : new AppError("ERR_PACKET_SOCKET", words, { cause });
  }
}

/** A frame as received: only valid during the call that hands it over. */
export interface Received {
  readonly octets: Uint8Array;
  /** Tag control information that the kernel took out of the frame, or -1. */
  readonly tag: number;
}

export interface PacketSocket {
  setFilter(program: readonly Instruction[]): void;
  /** Sends all, in order; what the kernel's queue does not take is dropped. Returns how many went out. */
  send(frames: readonly Uint8Array[]): number;
  /** Link-layer multicast group. */
  join(group: Mac): void;
  leave(group: Mac): void;
  /** Frames seen and lost since the last call. */
  statistics(): { readonly seen: number; readonly lost: number };
  /** Idempotent. */
  close(): void;
}

const [SLOT, BATCH, META, SEND_MAX] = [2048, 64, 4, 256]; // as in packet.c
const RING_FRAMES = 512;
/** Where the addon puts a batch: one place for all sockets, as it is read before the next one comes. */
let hand: { readonly slots: Uint8Array; readonly meta: Int32Array } | undefined;
/** A batch of so many found more waiting. */
export const WHOLE_BATCH = BATCH;

/**
 * Receives frames of one EtherType on one interface, through a ring of `ringFrames` (256 octets each, all of them
 * resident; longer frames come by another way). `onFrames` gets a batch, at most `WHOLE_BATCH`; `onError` the name of an
 * error of the interface (`ENETDOWN`, ...), after which the socket should be closed.
 * @throws AppError `ERR_NO_CAPABILITY`, `ERR_PACKET_SOCKET`, `ERR_ADDON_MISSING`
 */
export function openPacketSocket(
  options: {
    readonly ifindex: number;
    readonly etherType: number;
    readonly filter: readonly Instruction[];
    readonly ringFrames?: number;
  },
  onFrames: (frames: readonly Received[]) => void,
  onError: (name: string) => void,
): PacketSocket {
  const native = addon();
  const { slots, meta } = (hand ??= {
    slots: new Uint8Array(BATCH * SLOT),
    meta: new Int32Array(BATCH * META),
  });
  const onBatch: Batch = (count, errno) => {
    if (errno !== 0) {
      onError(getSystemErrorName(-errno));
      return;
    }
    const received: Received[] = [];
    for (let i = 0; i < count; i++) {
      const octets = slots.subarray(i * SLOT, i * SLOT + (meta[i * META] ?? 0));
      received.push({ octets, tag: meta[i * META + 3] ?? -1 });
    }
    onFrames(received);
  };
  const { ifindex, etherType, filter, ringFrames = RING_FRAMES } = options;
  const program = filterOctets(filter);
  const socket = ask(() =>
    native.open(ifindex, etherType, program, ringFrames, slots, meta, onBatch),
  );
  const lengths = new Int32Array(SEND_MAX);
  const sendSome = (frames: readonly Uint8Array[]): number => {
    for (const [i, frame] of frames.entries()) lengths[i] = frame.length;
    const octets = frames.length === 1 ? frames[0] : Buffer.concat(frames);
    return octets === undefined
      ? 0
      : ask(() => native.send(socket, octets, lengths, frames.length));
  };
  return {
    setFilter: (p) => ask(() => native.setFilter(socket, filterOctets(p))),
    send: (frames) => {
      let sent = 0;
      for (let at = 0; at < frames.length; at += SEND_MAX)
        sent += sendSome(frames.slice(at, at + SEND_MAX));
      return sent;
    },
    join: (group) => ask(() => native.membership(socket, macOctets(group), true)),
    leave: (group) => ask(() => native.membership(socket, macOctets(group), false)),
    statistics: () => {
      const [seen, lost] = ask(() => native.statistics(socket));
      return { seen, lost };
    },
    close: () => native.close(socket),
  };
}

const ETHERNET = 1; // ARPHRD_ETHER
const [TENTATIVE, DAD_FAILED] = [0x40, 0x08]; // IFA_F_*

const linkOf = (raw: RawLink): Link => {
  const usable = raw.addresses
    .filter(({ flags }) => (flags & (TENTATIVE | DAD_FAILED)) === 0)
    .map(({ octets }) => ipFromOctets(octets));
  return {
    index: raw.index,
    name: raw.name,
    flags: raw.flags,
    isEthernet: raw.type === ETHERNET,
    mac: raw.mac.length === 6 ? macFromOctets(raw.mac) : null,
    enslaved: raw.master !== 0,
    kind: raw.kind,
    linkLocal: usable.find((ip) => familyOf(ip) === 6 && /^fe[89ab]/.test(ip)) ?? null,
  };
};

/** All interfaces of this network namespace. @throws AppError `ERR_PACKET_SOCKET`, `ERR_ADDON_MISSING` */
export const readLinks = (): readonly Link[] => {
  const native = addon();
  return ask(() => native.interfaces()).map(linkOf);
};

/** The kernel's neighbour tables, both families: resolved entries. @throws as `readLinks` */
export const readNeighbours = (): readonly NeighbourEntry[] => {
  const native = addon();
  return ask(() => native.neighbours()).map(({ index, octets, mac }) => ({
    ip: ipFromOctets(octets),
    mac: macFromOctets(mac),
    port: index,
  }));
};

/** Says "look again" whenever an interface or an address changes. Returns the way to stop. */
export function watchLinks(onChange: () => void): () => void {
  const native = addon();
  const socket = ask(() => native.watch(onChange));
  return () => native.close(socket);
}

/** Memory of this process that nobody needs any more, given back in two steps. Neither throws. */
export interface SpareMemory {
  /** Begins to collect garbage, step by step. */
  readonly collect: () => void;
  /** Hands back what is free, and pages of program files; those are mapped again where they are still needed. */
  readonly giveBack: () => void;
}

/** Null where the packet addon is not, or is an older one: nothing else reaches that memory. */
export function spareMemory(): SpareMemory | null {
  try {
    const { collect, giveBack } = addon();
    return collect === undefined || giveBack === undefined ? null : { collect, giveBack };
  } catch {
    return null;
  }
}

/**
 * Says at once, and in one sentence, when this process may not open packet sockets.
 * @throws AppError `ERR_NO_CAPABILITY`, `ERR_PACKET_SOCKET`, `ERR_ADDON_MISSING`
 */
export function requirePacketSockets(): void {
  const ignore = () => undefined;
  const nothing = { ifindex: 0, etherType: 0, filter: DROP_ALL, ringFrames: 256 };
  openPacketSocket(nothing, ignore, ignore).close();
}
