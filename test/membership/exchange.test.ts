/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument --
   the vectors are JSON of many shapes; every use of them ends in an assertion */
import { expect } from "chai";
import { answerConversation } from "../../src/membership/exchange.ts";
import type { PushPullRecord } from "../../src/membership/messages.ts";
import { readAnswer } from "../../src/membership/stream.ts";
import { Table } from "../../src/membership/table.ts";
import { versionsAgree } from "../../src/membership/versions.ts";
import { hex, toHex, vectors } from "./vectors.ts";

describe("memberlist acceptor (vectors)", () => {
  for (const c of vectors["ingest_streams"]!.cases)
    it(c.about, async () => {
      const wire = {
        keys: c.config.key_hex === "" ? [] : [hex(c.config.key_hex)],
        label: new TextEncoder().encode(c.config.label),
        skipInboundLabelCheck: false,
        verifyIncoming: c.config.verify_incoming,
        verifyOutgoing: true,
        compression: c.config.compression,
      };
      const table = new Table({
        name: "self",
        addr: hex("0a000001"),
        port: 7946,
        vsn: hex("010502000000"),
        deadNodeReclaimMs: 0,
        suspicionMult: 4,
        suspicionMaxTimeoutMult: 6,
        probeIntervalMs: 1000,
      });
      table.start(null, 0);
      const written: Uint8Array[] = [];
      const events: string[] = [];
      const users: string[] = [];
      const states: string[] = [];
      await answerConversation(
        {
          write: (octets) => void written.push(octets),
          read: (complete) => {
            complete(hex(c.hex));
            return Promise.resolve(hex(c.hex));
          },
          close: () => undefined,
        },
        {
          wire,
          timeoutMs: 1000,
          name: "self",
          records: () => table.toRecords(),
          merge: (records: readonly PushPullRecord[]) => {
            if (!versionsAgree(table.records(), records)) return false;
            for (const record of records)
              for (const e of table.merge(record, 0).events)
                if (e.kind !== "conflict") events.push(`${e.kind}:${e.node.name}`);
            return true;
          },
          userMessage: (payload) => users.push(Buffer.from(payload).toString()),
          userState: (state) => states.push(Buffer.from(state).toString()),
        },
      );
      expect(users).to.deep.equal(c.delivered_user_messages);
      expect(states).to.deep.equal(c.merged_user_states);
      expect(events).to.deep.equal(c.events);
      if (c.reply === null) {
        expect(written).to.deep.equal([]);
        return;
      }
      const answer = Buffer.concat(written);
      if (c.reply.hex !== undefined && wire.keys.length === 0)
        expect(toHex(answer)).to.equal(c.reply.hex);
      const read = readAnswer(answer, wire);
      expect(read.kind).to.equal("message");
      if (read.kind === "message") expect(read.message.kind).to.equal(c.reply.messages[0].name);
    });
});
