/** One UDP datagram: compress, CRC, encrypt, label on the way out; the reverse on the way in. */
import {
  compress,
  decodeCompound,
  decompress,
  checkCrc,
  labelHeader,
  sameOctets,
  takeLabel,
  withCrc,
} from "./layers.ts";
import { ENCRYPTION_OVERHEAD, open, seal } from "./keyring.ts";
import type { Keyring } from "./keyring.ts";
import { TYPE, decodeMessage, join } from "./messages.ts";
import type { Message } from "./messages.ts";

export interface WireSettings {
  /** Empty: no encryption. */
  readonly keys: Keyring;
  /** Empty: no label. */
  readonly label: Uint8Array;
  readonly skipInboundLabelCheck: boolean;
  readonly verifyIncoming: boolean;
  readonly verifyOutgoing: boolean;
  readonly compression: boolean;
}

/** `crc`: the destination's maximum protocol version is known to be 5 or more. `nonce`: tests only. */
export function sealPacket(
  message: Uint8Array,
  settings: WireSettings,
  options: { readonly crc: boolean; readonly nonce?: Uint8Array } = { crc: false },
): Uint8Array {
  let octets = message;
  if (settings.compression) {
    const packed = compress(octets);
    if (packed.length < octets.length) octets = packed;
  }
  if (options.crc) octets = withCrc(octets);
  const [key] = settings.keys;
  if (key !== undefined && settings.verifyOutgoing)
    octets = seal(key, octets, settings.label, options.nonce ? { nonce: options.nonce } : {});
  return join(labelHeader(settings.label), octets);
}

/** Octets that layers add around the content of a packet. */
export const packetOverhead = (settings: WireSettings): number =>
  (settings.label.length === 0 ? 0 : 2 + settings.label.length) +
  (settings.keys.length > 0 && settings.verifyOutgoing ? ENCRYPTION_OVERHEAD : 0);

/** A packet may nest compounds and compression; a real one does so once or twice. */
const MAX_NESTING = 8;
/** All parts of one datagram unpacked; more is an attack. */
const MAX_MESSAGES = 4096;

export interface Opened {
  readonly messages: readonly Message[];
  /** Why parts, or all of it, were dropped. */
  readonly dropped: readonly string[];
}

/** Decodes without trust: any octets give messages and reasons, never an exception. */
export function openPacket(datagram: Uint8Array, settings: WireSettings): Opened {
  const labelled = takeLabel(datagram);
  if (labelled.kind === "drop") return { messages: [], dropped: [labelled.reason] };
  const { label, rest } = labelled.message;
  if (settings.skipInboundLabelCheck) {
    if (label.length > 0) return { messages: [], dropped: ["unexpected label"] };
  } else if (!sameOctets(label, settings.label)) return { messages: [], dropped: ["other label"] };

  let octets = rest;
  if (settings.keys.length > 0) {
    const plain = open(settings.keys, rest, settings.label);
    if (plain !== null) octets = plain;
    else if (settings.verifyIncoming) return { messages: [], dropped: ["no key opens it"] };
  }
  const checked = checkCrc(octets);
  if (checked.kind === "drop") return { messages: [], dropped: [checked.reason] };

  const messages: Message[] = [];
  const dropped: string[] = [];
  collect(checked.message, messages, dropped, 0);
  return { messages, dropped };
}

function collect(octets: Uint8Array, messages: Message[], dropped: string[], depth: number): void {
  if (depth > MAX_NESTING || messages.length >= MAX_MESSAGES) {
    dropped.push("nested too deeply");
    return;
  }
  if (octets[0] === TYPE.compound) {
    const compound = decodeCompound(octets);
    if (compound.kind === "drop") dropped.push(compound.reason);
    else {
      if (compound.message.truncated > 0) dropped.push("compound parts run short");
      for (const part of compound.message.parts) collect(part, messages, dropped, depth + 1);
    }
    return;
  }
  if (octets[0] === TYPE.compress) {
    const unpacked = decompress(octets);
    if (unpacked.kind === "drop") dropped.push(unpacked.reason);
    else collect(unpacked.message, messages, dropped, depth + 1);
    return;
  }
  const decoded = decodeMessage(octets);
  if (decoded.kind === "drop") dropped.push(decoded.reason);
  else messages.push(decoded.message);
}
