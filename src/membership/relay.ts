/** Pings a third member for somebody who got no answer from it: SWIM's ping-req, with Lifeguard's nack. */
import type { Core } from "./core.ts";
import { ownOf } from "./core.ts";
import { encodeMessage } from "./messages.ts";
import type { IndirectPing } from "./messages.ts";
import { pingOf } from "./probe.ts";
import type { Endpoint } from "./transport.ts";
import type { Voice } from "./voice.ts";

export function relay(core: Core, voice: Voice, asked: IndirectPing, from: Endpoint): void {
  const { acks, timing, transport } = core;
  const addr = asked.target ?? new Uint8Array();
  if (addr.length !== 4 && addr.length !== 16) return;
  const seqNo = acks.next();
  acks.wait(seqNo, timing.probeTimeoutMs, (acked) => {
    if (acked) voice.reply(asked, from, { kind: "ack", seqNo: asked.seqNo, payload: null });
    else if (asked.nack) voice.reply(asked, from, { kind: "nack", seqNo: asked.seqNo });
  });
  const port = asked.port === 0 ? transport.local.port : asked.port;
  voice.sendWithGossip({ addr, port }, encodeMessage(pingOf(ownOf(core), asked.node, seqNo)));
}
