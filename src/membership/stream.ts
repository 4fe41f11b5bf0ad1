/** One TCP conversation: the message each side writes, with its layers, and how it is read. */
import { compress, labelHeader, sameOctets, takeLabel, unpack } from "./layers.ts";
import { open, seal } from "./keyring.ts";
import {
  FIELDS,
  PUSH_PULL_HEADER,
  PUSH_PULL_RECORD,
  TYPE,
  USER_HEADER,
  encodeMessage,
  join,
  withType,
} from "./messages.ts";
import type { Ack, Err, Ping, PushPullHeader, PushPullRecord, User } from "./messages.ts";
import { Malformed, Truncated, encodeStruct } from "./msgpack.ts";
import { Reader } from "./msgpack-reader.ts";
import type { Values } from "./msgpack.ts";
import type { WireSettings } from "./packet.ts";

export interface PushPull {
  readonly kind: "pushPull";
  readonly join: boolean;
  readonly records: readonly PushPullRecord[];
  readonly userState: Uint8Array;
}
export type StreamMessage = Ping | Ack | Err | User | PushPull;

/** Nothing on a stream is larger: frames, user state, user messages. */
export const MAX_STREAM = 20 * 1024 * 1024;
const MAX_RECORDS = 1024 * 1024;

/** The plain message, before its layers. */
export function encodeStreamMessage(message: StreamMessage): Uint8Array {
  switch (message.kind) {
    case "ping":
    case "ack":
    case "err":
      return encodeMessage(message);
    case "user":
      return join(
        withType(TYPE.user, encodeStruct(USER_HEADER, { userMsgLen: message.payload.length })),
        message.payload,
      );
    case "pushPull": {
      const header = {
        nodes: message.records.length,
        userStateLen: message.userState.length,
        join: message.join,
      } satisfies PushPullHeader;
      return join(
        withType(TYPE.pushPull, encodeStruct(PUSH_PULL_HEADER, header)),
        ...message.records.map((r) => encodeStruct(PUSH_PULL_RECORD, { ...r } satisfies Values)),
        message.userState,
      );
    }
    default:
      return message satisfies never;
  }
}

/** What is written after the dialler's label header. */
export function sealStream(
  message: Uint8Array,
  settings: WireSettings,
  nonce?: Uint8Array,
): Uint8Array {
  const octets = settings.compression ? compress(message) : message;
  const [key] = settings.keys;
  if (key === undefined || !settings.verifyOutgoing) return octets;
  const head = new Uint8Array(5);
  head[0] = TYPE.encrypt;
  // The length counts the payload, and is itself authenticated: 1 version, 12 nonce, 16 tag.
  new DataView(head.buffer).setUint32(1, octets.length + 29);
  return join(head, seal(key, octets, join(head, settings.label), nonce ? { nonce } : {}));
}

/** The dialler's first octets, its label header included. */
export const sealRequest = (message: StreamMessage, settings: WireSettings): Uint8Array =>
  join(labelHeader(settings.label), sealStream(encodeStreamMessage(message), settings));

export type StreamRead =
  /** More octets are needed; final when the peer has closed. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "message"; readonly message: StreamMessage }
  /** `answer`: tell the peer why with an error message; else close without a word. */
  | { readonly kind: "refuse"; readonly reason: string; readonly answer: boolean };

const refuse = (reason: string, answer: boolean): StreamRead => ({
  kind: "refuse",
  reason,
  answer,
});

/** What a dialler has written so far. */
export function readRequest(octets: Uint8Array, settings: WireSettings): StreamRead {
  if (octets.length === 0) return { kind: "incomplete" };
  if (octets[0] === TYPE.label && octets.length < 2 + (octets[1] ?? 255))
    return { kind: "incomplete" };
  const labelled = takeLabel(octets);
  if (labelled.kind === "drop") return refuse(labelled.reason, false);
  const { label, rest } = labelled.message;
  if (settings.skipInboundLabelCheck ? label.length > 0 : !sameOctets(label, settings.label))
    return refuse("other label", false);
  return readAnswer(rest, settings);
}

/** What an acceptor has written so far: never with a label header. */
export function readAnswer(octets: Uint8Array, settings: WireSettings): StreamRead {
  if (octets.length === 0) return { kind: "incomplete" };
  if (octets.length > MAX_STREAM + 5) return refuse("message too large", true);
  let plain = octets;
  if (octets[0] === TYPE.encrypt) {
    if (settings.keys.length === 0) return refuse("encrypted, but no key is set here", true);
    if (octets.length < 5) return { kind: "incomplete" };
    const length = new DataView(octets.buffer, octets.byteOffset).getUint32(1);
    if (length > MAX_STREAM) return refuse("frame too large", true);
    if (octets.length < 5 + length) return { kind: "incomplete" };
    const aad = join(octets.subarray(0, 5), settings.label);
    const opened = open(settings.keys, octets.subarray(5, 5 + length), aad);
    if (opened === null) return refuse("no key opens it", true);
    plain = opened;
  } else if (settings.keys.length > 0 && settings.verifyIncoming) {
    return refuse("not encrypted", true);
  }
  const framed = plain !== octets;
  const reader = new Reader(plain);
  try {
    if (plain[0] === TYPE.compress) {
      reader.at = 1;
      return readMessage(new Reader(unpack(reader)), true);
    }
  } catch (error) {
    if (error instanceof Truncated && !framed) return { kind: "incomplete" };
    if (error instanceof Truncated || error instanceof Malformed)
      return refuse(error.message, true);
    throw error;
  }
  return readMessage(reader, framed);
}

/** `whole`: no more octets can come, so a message that ends early is bad. */
function readMessage(reader: Reader, whole: boolean): StreamRead {
  try {
    const type = reader.u8();
    switch (type) {
      case TYPE.ping:
        return message({ kind: "ping", ...reader.struct(FIELDS.ping) });
      case TYPE.ack:
        return message({ kind: "ack", ...reader.struct(FIELDS.ack) });
      case TYPE.err:
        return message({ kind: "err", ...reader.struct(FIELDS.err) });
      case TYPE.user: {
        const length = Number(reader.struct(USER_HEADER)["userMsgLen"]);
        if (length > MAX_STREAM) return refuse("user message too large", false);
        return message({ kind: "user", payload: reader.take(length).slice() });
      }
      case TYPE.pushPull:
        return message(readPushPull(reader));
      default:
        return refuse("not a stream message", false);
    }
  } catch (error) {
    if (error instanceof Truncated && !whole) return { kind: "incomplete" };
    if (error instanceof Truncated || error instanceof Malformed)
      return refuse(error.message, false);
    throw error;
  }
}

const message = (decoded: object): StreamRead => ({
  kind: "message",
  message: decoded as StreamMessage,
});

function readPushPull(reader: Reader): PushPull {
  const header = reader.struct(PUSH_PULL_HEADER) as unknown as PushPullHeader;
  if (header.nodes > MAX_RECORDS) throw new Malformed("too many records");
  if (header.userStateLen > MAX_STREAM) throw new Malformed("user state too large");
  const records: PushPullRecord[] = [];
  for (let i = 0; i < header.nodes; i++)
    records.push(reader.struct(PUSH_PULL_RECORD) as unknown as PushPullRecord);
  const userState = reader.take(header.userStateLen).slice();
  return { kind: "pushPull", join: header.join, records, userState };
}
