/** Edge: does a port answer from here? */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { once } from "node:events";
import type { Reach } from "../explain/doctor/local-facts.ts";
import { encodeMessage } from "../membership/messages.ts";
import { openPacket, sealPacket } from "../membership/packet.ts";

const OPEN: Reach = { state: "open", detail: "" };
const SILENT: Reach = { state: "silent", detail: "" };

const failed = (error: unknown): Reach => {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return code === "ECONNREFUSED"
    ? { state: "refused", detail: code }
    : code === "ETIMEDOUT"
      ? SILENT
      : { state: "error", detail: code };
};

/** Opens a TCP connection and closes it again without a word. */
export async function reachTcp(address: string, port: number, limitMs: number): Promise<Reach> {
  const socket = connect({ host: address, port });
  const limit = AbortSignal.timeout(limitMs);
  try {
    await once(socket, "connect", { signal: limit });
    return OPEN;
  } catch (error) {
    return limit.aborted ? SILENT : failed(error);
  } finally {
    socket.destroy();
  }
}

/** Asks a member by name for an ack, as memberlist does; a lost packet is asked again twice. */
export async function reachMember(
  to: { readonly node: string; readonly address: string; readonly port: number },
  key: Uint8Array | null,
  limitMs: number,
): Promise<Reach> {
  const settings = {
    keys: key === null ? [] : [key],
    label: new Uint8Array(),
    skipInboundLabelCheck: false,
    verifyIncoming: true,
    verifyOutgoing: true,
    compression: false,
  };
  const socket = createSocket(to.address.includes(":") ? "udp6" : "udp4");
  try {
    socket.connect(to.port, to.address); // so that a refusal is told
    await once(socket, "connect");
    for (let attempt = 1; attempt <= 3; attempt++) {
      const seqNo = Math.floor(Math.random() * 0x7fffffff);
      const ping = encodeMessage({
        kind: "ping",
        seqNo,
        node: to.node,
        sourceAddr: null,
        sourcePort: 0,
        sourceNode: "",
      });
      socket.send(sealPacket(ping, settings));
      const answer = await Promise.race([
        once(socket, "message", { signal: AbortSignal.timeout(limitMs / 3) }),
        once(socket, "error", { signal: AbortSignal.timeout(limitMs / 3) }),
      ]).catch(() => null);
      const [first] = (answer ?? []) as readonly unknown[];
      if (first instanceof Error) return failed(first);
      if (!(first instanceof Uint8Array)) continue;
      const { messages, dropped } = openPacket(first, settings);
      if (messages.some((m) => m.kind === "ack" && m.seqNo === seqNo)) return OPEN;
      if (dropped.length > 0)
        return { state: "error", detail: `answered, but: ${dropped.join(", ")}` };
    }
    return SILENT;
  } catch (error) {
    return failed(error);
  } finally {
    socket.close();
  }
}
