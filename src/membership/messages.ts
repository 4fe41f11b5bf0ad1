/** The messages of the memberlist protocol and their bodies. One type octet stands before each. */
import { Malformed, Truncated, encodeStruct } from "./msgpack.ts";
import { Reader } from "./msgpack-reader.ts";
import type { Field } from "./msgpack.ts";

export const TYPE = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  err: 13,
  label: 244,
} as const;

interface Source {
  /** 4 or 16 octets: where to send the ack. */
  readonly sourceAddr: Uint8Array | null;
  readonly sourcePort: number;
  readonly sourceNode: string;
}
export interface Ping extends Source {
  readonly kind: "ping";
  readonly seqNo: number;
  /** The intended receiver; empty matches anybody. */
  readonly node: string;
}
export interface IndirectPing extends Source {
  readonly kind: "indirectPing";
  readonly seqNo: number;
  readonly target: Uint8Array | null;
  readonly port: number;
  readonly node: string;
  readonly nack: boolean;
}
export interface Ack {
  readonly kind: "ack";
  readonly seqNo: number;
  readonly payload: Uint8Array | null;
}
export interface Nack {
  readonly kind: "nack";
  readonly seqNo: number;
}
export interface Err {
  readonly kind: "err";
  readonly error: string;
}
/** `dead` from the node itself is its good-bye. */
export interface Accusation {
  readonly kind: "suspect" | "dead";
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}
export interface Alive {
  readonly kind: "alive";
  readonly incarnation: number;
  readonly node: string;
  /** Kept octet by octet: the 4 and the 16 octets of one IPv4 address are two addresses. */
  readonly addr: Uint8Array | null;
  readonly port: number;
  readonly meta: Uint8Array | null;
  /** Six octets: protocol min, max, current; delegate min, max, current. */
  readonly vsn: Uint8Array | null;
}
export interface User {
  readonly kind: "user";
  readonly payload: Uint8Array;
}
export type Message = Ping | IndirectPing | Ack | Nack | Err | Accusation | Alive | User;

export interface PushPullHeader {
  readonly nodes: number;
  readonly userStateLen: number;
  readonly join: boolean;
}
export interface PushPullRecord {
  readonly name: string;
  readonly addr: Uint8Array | null;
  readonly port: number;
  readonly meta: Uint8Array | null;
  readonly incarnation: number;
  /** 0 alive, 1 suspect, 2 dead, 3 left. */
  readonly state: number;
  readonly vsn: Uint8Array | null;
}

const SOURCE: readonly Field[] = [
  { key: "SourceAddr", kind: "bytes", omit: true },
  { key: "SourcePort", kind: "u16", omit: true },
  { key: "SourceNode", kind: "text", omit: true },
];
const ACCUSATION: readonly Field[] = [
  { key: "Incarnation", kind: "u32" },
  { key: "Node", kind: "text" },
  { key: "From", kind: "text" },
];
type Structured = Exclude<Message["kind"], "user">;

/** Declaration order, which only a struct sent as an array shows. */
export const FIELDS: Readonly<Record<Structured, readonly Field[]>> = {
  ping: [{ key: "SeqNo", kind: "u32" }, { key: "Node", kind: "text" }, ...SOURCE],
  indirectPing: [
    { key: "SeqNo", kind: "u32" },
    { key: "Target", kind: "bytes" },
    { key: "Port", kind: "u16" },
    { key: "Node", kind: "text" },
    { key: "Nack", kind: "bool" },
    ...SOURCE,
  ],
  ack: [
    { key: "SeqNo", kind: "u32" },
    { key: "Payload", kind: "bytes" },
  ],
  nack: [{ key: "SeqNo", kind: "u32" }],
  err: [{ key: "Error", kind: "text" }],
  suspect: ACCUSATION,
  dead: ACCUSATION,
  alive: [
    { key: "Incarnation", kind: "u32" },
    { key: "Node", kind: "text" },
    { key: "Addr", kind: "bytes" },
    { key: "Port", kind: "u16" },
    { key: "Meta", kind: "bytes" },
    { key: "Vsn", kind: "bytes" },
  ],
};
export const PUSH_PULL_HEADER: readonly Field[] = [
  { key: "Nodes", kind: "int" },
  { key: "UserStateLen", kind: "int" },
  { key: "Join", kind: "bool" },
];
export const PUSH_PULL_RECORD: readonly Field[] = [
  { key: "Name", kind: "text" },
  { key: "Addr", kind: "bytes" },
  { key: "Port", kind: "u16" },
  { key: "Meta", kind: "bytes" },
  { key: "Incarnation", kind: "u32" },
  { key: "State", kind: "int" },
  { key: "Vsn", kind: "bytes" },
];
export const USER_HEADER: readonly Field[] = [{ key: "UserMsgLen", kind: "int" }];
export const COMPRESS: readonly Field[] = [
  { key: "Algo", kind: "u8" },
  { key: "Buf", kind: "bytes" },
];

const KIND_OF: ReadonlyMap<number, Structured> = new Map(
  (Object.keys(FIELDS) as Structured[]).map((kind) => [TYPE[kind], kind]),
);

/** Joins octets. */
export const join = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

export const withType = (type: number, body: Uint8Array): Uint8Array =>
  join(Uint8Array.of(type), body);

export function encodeMessage(message: Message): Uint8Array {
  if (message.kind === "user") return withType(TYPE.user, message.payload);
  const { kind, ...values } = message;
  return withType(TYPE[kind], encodeStruct(FIELDS[kind], values));
}

export type Decoded<T> =
  | { readonly kind: "message"; readonly message: T }
  | { readonly kind: "drop"; readonly reason: string };

export const drop = (reason: string): { kind: "drop"; reason: string } => ({
  kind: "drop",
  reason,
});

/** One bare message of a datagram, its type octet first. Bytes after the body are ignored. */
export function decodeMessage(octets: Uint8Array): Decoded<Message> {
  const type = octets[0];
  if (type === undefined) return drop("empty");
  if (type === TYPE.user)
    return { kind: "message", message: { kind: "user", payload: octets.slice(1) } };
  const kind = KIND_OF.get(type);
  if (kind === undefined) return drop("unknown type");
  try {
    const values = new Reader(octets, 1).struct(FIELDS[kind]);
    return { kind: "message", message: { kind, ...values } as unknown as Message };
  } catch (error) {
    return dropFor(error);
  }
}

/** A decoder's own errors become a reason; anything else is a bug and goes on. */
export function dropFor(error: unknown): { kind: "drop"; reason: string } {
  if (error instanceof Truncated || error instanceof Malformed) return drop(error.message);
  throw error;
}
