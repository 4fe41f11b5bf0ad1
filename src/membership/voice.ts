/** What a member says: single messages, with gossip in the room beside them, and gossip by itself. */
import { BroadcastQueue } from "./broadcast-queue.ts";
import type { Broadcast } from "./broadcast-queue.ts";
import { pick } from "./core.ts";
import type { Core } from "./core.ts";
import { retransmitLimit } from "./formulas.ts";
import { encodeCompounds } from "./layers.ts";
import { encodeMessage } from "./messages.ts";
import type { IndirectPing, Message, Ping } from "./messages.ts";
import type { Member } from "./member.ts";
import { packetOverhead, sealPacket } from "./packet.ts";
import { piggybackRoom } from "./profiles.ts";
import type { Endpoint } from "./transport.ts";
import { CRC_SINCE, speaks } from "./versions.ts";

export class Voice {
  readonly #core: Core;
  readonly #queue = new BroadcastQueue();

  constructor(core: Core) {
    this.#core = core;
  }

  /** For gossip to carry. */
  spread(broadcast: Broadcast): void {
    this.#queue.add(broadcast);
  }

  /** To one member, alone. */
  send(to: Member, message: Uint8Array): void {
    const { transport, wire } = this.#core;
    transport.send(sealPacket(message, wire, { crc: speaks(to) >= CRC_SINCE }), to);
  }

  /** To an address that may be nobody's yet, alone. */
  sendPlain(to: Endpoint, message: Message): void {
    const { transport, wire } = this.#core;
    transport.send(sealPacket(encodeMessage(message), wire), to);
  }

  sendWithGossip(to: Endpoint, message: Uint8Array): void {
    const { timing, transport, wire } = this.#core;
    const room = piggybackRoom(timing.packetSize, message.length, packetOverhead(wire));
    const gossip = this.#draw(room);
    const packets = gossip.length === 0 ? [message] : encodeCompounds([message, ...gossip]);
    for (const packet of packets) transport.send(sealPacket(packet, wire), to);
  }

  /** To the source that the question names, else to where its datagram came from. */
  reply(to: Ping | IndirectPing, from: Endpoint, message: Message): void {
    const named = to.sourceAddr;
    const usable =
      named !== null && (named.length === 4 || named.length === 16) && to.sourcePort > 0;
    this.sendWithGossip(
      usable ? { addr: named, port: to.sourcePort } : from,
      encodeMessage(message),
    );
  }

  /** One round, to some members. */
  gossip(): void {
    if (this.#queue.size === 0) return;
    const { timing, clock, wire } = this.#core;
    const room = timing.packetSize - 2 - packetOverhead(wire);
    const hears = (m: Member): boolean =>
      m.state === "alive" ||
      m.state === "suspect" ||
      (m.state === "dead" && clock.now() - m.changedMs <= timing.gossipToTheDeadMs);
    for (const to of pick(this.#core, timing.gossipNodes, hears)) {
      const parts = this.#draw(room);
      const [only] = parts;
      if (only === undefined) return;
      const packets = parts.length === 1 ? [only] : encodeCompounds(parts);
      for (const packet of packets) this.send(to, packet);
    }
  }

  #draw(room: number): Uint8Array[] {
    const { timing, table } = this.#core;
    return this.#queue.draw(room, 2, retransmitLimit(timing.retransmitMult, table.size));
  }
}
