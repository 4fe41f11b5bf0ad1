/** The TCP conversations: push/pull and ping, from either side. */
import type { Ping, PushPullRecord } from "./messages.ts";
import type { WireSettings } from "./packet.ts";
import type { HostWord } from "./probe.ts";
import { encodeStreamMessage, readAnswer, readRequest, sealRequest, sealStream } from "./stream.ts";
import type { PushPull, StreamMessage, StreamRead } from "./stream.ts";
import { ConversationError } from "./transport.ts";
import type { Conversation, Endpoint, Transport } from "./transport.ts";

/** One request and the answer to it; null when there is none that can be read. */
async function ask(
  transport: Transport,
  to: Endpoint,
  request: StreamMessage,
  o: { readonly wire: WireSettings; readonly timeoutMs: number; readonly accepted?: () => void },
): Promise<StreamMessage | null> {
  const { wire, timeoutMs } = o;
  const conversation = await transport.dial(to, timeoutMs);
  o.accepted?.();
  try {
    conversation.write(sealRequest(request, wire));
    let read: StreamRead = { kind: "incomplete" };
    await conversation.read((octets) => {
      read = readAnswer(octets, wire);
      return read.kind !== "incomplete";
    }, timeoutMs);
    const last = read as StreamRead;
    return last.kind === "message" ? last.message : null;
  } finally {
    conversation.close();
  }
}

/** The peer's records, or null when the exchange failed in any way. */
export async function pushPull(
  transport: Transport,
  to: Endpoint,
  o: { readonly wire: WireSettings; readonly timeoutMs: number; readonly request: PushPull },
): Promise<PushPull | null> {
  try {
    const answer = await ask(transport, to, o.request, o);
    return answer?.kind === "pushPull" ? answer : null;
  } catch (error) {
    if (error instanceof ConversationError) return null;
    throw error;
  }
}

/** True for the right answer; else what the host says of its own (`accepted` as soon as it does). */
export async function tcpPing(
  transport: Transport,
  to: Endpoint,
  ping: Ping,
  o: { readonly wire: WireSettings; readonly timeoutMs: number; readonly accepted: () => void },
): Promise<true | HostWord> {
  let host: HostWord = "silent";
  const accepted = (): void => {
    host = "accepts";
    o.accepted();
  };
  try {
    const answer = await ask(transport, to, ping, { ...o, accepted });
    return answer?.kind === "ack" && answer.seqNo === ping.seqNo ? true : host;
  } catch (error) {
    if (!(error instanceof ConversationError)) throw error;
    return error.reason === "refused" ? "refuses" : host;
  }
}

export interface Answering {
  readonly wire: WireSettings;
  readonly timeoutMs: number;
  readonly name: string;
  records(): readonly PushPullRecord[];
  merge(records: readonly PushPullRecord[]): boolean;
  userMessage(payload: Uint8Array): void;
  /** Application state that came with a merged push/pull. */
  userState(state: Uint8Array): void;
}

/** The acceptor's part. A push/pull is answered before it is merged. */
export async function answerConversation(conversation: Conversation, o: Answering): Promise<void> {
  let read: StreamRead = { kind: "incomplete" };
  await conversation.read((octets) => {
    read = readRequest(octets, o.wire);
    return read.kind !== "incomplete";
  }, o.timeoutMs);
  const answer = (message: StreamMessage): void =>
    conversation.write(sealStream(encodeStreamMessage(message), o.wire));
  const last = read as StreamRead;
  if (last.kind === "refuse" && last.answer) answer({ kind: "err", error: last.reason });
  if (last.kind !== "message") return;
  const { message } = last;
  switch (message.kind) {
    case "ping":
      if (message.node === "" || message.node === o.name)
        answer({ kind: "ack", seqNo: message.seqNo, payload: null });
      return;
    case "user":
      if (message.payload.length > 0) o.userMessage(message.payload);
      return;
    case "pushPull":
      answer({
        kind: "pushPull",
        join: message.join,
        records: o.records(),
        userState: new Uint8Array(),
      });
      if (o.merge(message.records) && message.userState.length > 0) o.userState(message.userState);
      return;
    case "ack":
    case "err":
      return;
    default:
      message satisfies never;
  }
}
