/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   the vectors are JSON of many shapes; every use of them ends in an assertion */
import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { keyFromSecret, open, seal } from "../../src/membership/keyring.ts";
import {
  compress,
  decodeCompound,
  decompress,
  encodeCompound,
  encodeCompounds,
  labelHeader,
  takeLabel,
  withCrc,
} from "../../src/membership/layers.ts";
import { lzwCompress, lzwDecompress } from "../../src/membership/lzw.ts";
import {
  PUSH_PULL_HEADER,
  PUSH_PULL_RECORD,
  TYPE,
  USER_HEADER,
  decodeMessage,
  encodeMessage,
  withType,
} from "../../src/membership/messages.ts";
import type { Message } from "../../src/membership/messages.ts";
import { encodeStruct } from "../../src/membership/msgpack.ts";
import { Reader } from "../../src/membership/msgpack-reader.ts";
import type { Values } from "../../src/membership/msgpack.ts";
import { openPacket, sealPacket } from "../../src/membership/packet.ts";
import type { WireSettings } from "../../src/membership/packet.ts";
import {
  encodeStreamMessage,
  readAnswer,
  readRequest,
  sealStream,
} from "../../src/membership/stream.ts";
import type { StreamMessage } from "../../src/membership/stream.ts";
import { NONCE, comparable, hex, plain, toHex, vectors } from "./vectors.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const settings = (over: Partial<WireSettings> = {}): WireSettings => ({
  keys: [],
  label: new Uint8Array(),
  skipInboundLabelCheck: false,
  verifyIncoming: true,
  verifyOutgoing: true,
  compression: false,
  ...over,
});
const messageOf = (c: { name: string; fields?: object; payload?: object }): Message =>
  ({
    kind: c.name,
    ...plain({ ...c.fields, ...(c.payload ? { Payload: c.payload } : {}) }),
  }) as unknown as Message;

describe("memberlist messages (vectors)", () => {
  for (const c of vectors["messages"]!.cases) {
    it(`encodes ${c.id}`, () => expect(toHex(encodeMessage(messageOf(c)))).to.equal(c.hex));
    it(`decodes ${c.id}`, () => {
      const got = decodeMessage(hex(c.hex));
      expect(got.kind).to.equal("message");
      if (got.kind === "message")
        expect(comparable(got.message)).to.deep.include(comparable(messageOf(c)));
    });
  }

  const PARTS = {
    pushPullHeader: { fields: PUSH_PULL_HEADER, type: TYPE.pushPull },
    pushNodeState: { fields: PUSH_PULL_RECORD, type: null },
    userMsgHeader: { fields: USER_HEADER, type: TYPE.user },
  } as const;
  for (const c of vectors["stream_parts"]!.cases)
    it(`encodes ${c.id}`, () => {
      const part =
        c.kind in PARTS ? PARTS[c.kind as keyof typeof PARTS] : expect.fail(`kind ${c.kind}`);
      const body = encodeStruct(part.fields, plain(c.fields) as Values);
      expect(toHex(part.type === null ? body : withType(part.type, body))).to.equal(c.hex);
      const read = new Reader(hex(c.hex), part.type === null ? 0 : 1).struct(part.fields);
      expect(comparable(read)).to.deep.equal(comparable(plain(c.fields)));
    });

  for (const c of vectors["decode_variants"]!.cases)
    it(`${c.accepted ? "accepts" : "refuses"} ${c.about}`, () => {
      const got = decodeMessage(withType(c.type, hex(c.body_hex)));
      expect(got.kind).to.equal(c.accepted ? "message" : "drop");
      if (got.kind === "message")
        expect(comparable(got.message)).to.deep.include(comparable(messageOf(c)));
    });
});

describe("memberlist layers (vectors)", () => {
  it("splits what one compound can't hold", () => {
    const c = vectors["compound"]!.cases.find((x) => x.id === "split-300");
    const parts = Array.from({ length: 300 }, (_, i) => Uint8Array.of(8, i & 255, i >> 8));
    const got = encodeCompounds(parts).map((packet) => ({
      count: packet[1],
      length: packet.length,
      sha256: createHash("sha256").update(packet).digest("hex"),
    }));
    expect(got).to.deep.equal(c.packets);
  });

  for (const c of vectors["compound"]!.cases.filter((x) => x.hex !== undefined))
    it(`compound ${c.id}`, () => {
      const got = decodeCompound(hex(c.hex));
      expect(got.kind).to.equal(c.accepted ? "message" : "drop");
      if (got.kind === "drop") return;
      expect(got.message.parts.map(toHex)).to.deep.equal(c.parts ?? []);
      expect(got.message.truncated).to.equal(c.truncated);
      if (c.truncated === 0 && !/extra|trailing/.test(c.id))
        expect(toHex(encodeCompound(got.message.parts))).to.equal(c.hex);
    });

  for (const c of vectors["compress"]!.cases)
    it(`compress: ${c.about}`, () => {
      const got = decompress(hex(c.hex));
      expect(got.kind).to.equal(c.accepted === false ? "drop" : "message");
      if (got.kind === "drop") return;
      if (c.input_sha256 === undefined) {
        expect(toHex(got.message)).to.equal(c.input_hex);
        return;
      }
      expect(createHash("sha256").update(got.message).digest("hex")).to.equal(c.input_sha256);
      if (c.input_hex !== undefined && c.lzw_hex !== undefined)
        expect(toHex(lzwCompress(hex(c.input_hex)))).to.equal(c.lzw_hex);
      else expect(toHex(compress(got.message))).to.equal(c.hex);
    });

  for (const c of vectors["crc"]!.cases)
    it(`crc ${c.id}`, () => {
      const sealed = toHex(withCrc(hex(c.inner_hex)));
      expect(sealed.slice(2, 10)).to.equal(c.crc32);
      if (c.hex !== undefined) expect(sealed).to.equal(c.hex);
    });

  for (const c of vectors["label"]!.cases)
    it(`label ${c.id}`, () => {
      const got = takeLabel(hex(c.hex));
      expect(got.kind).to.equal(c.accepted ? "message" : "drop");
      if (got.kind === "drop") return;
      expect(Buffer.from(got.message.label).toString()).to.equal(c.label);
      expect(toHex(got.message.rest)).to.equal(c.inner_hex);
      expect(toHex(labelHeader(utf8(c.label)))).to.equal(
        c.hex.slice(0, c.hex.length - c.inner_hex.length),
      );
    });

  for (const c of vectors["encryption"]!.cases)
    it(`encryption ${c.id}`, () => {
      const keys = c.keys_hex ? c.keys_hex.map(hex) : [hex(c.key_hex)];
      const aad = hex(c.aad_hex ?? "");
      const got = open(keys, hex(c.hex), aad);
      expect(got !== null).to.equal(c.accepted);
      if (!c.accepted || c.plain_hex === undefined) return;
      expect(toHex(got!)).to.equal(c.plain_hex);
      if (c.keys_hex === undefined)
        expect(
          toHex(seal(keys[0], hex(c.plain_hex), aad, { version: c.version, nonce: NONCE })),
        ).to.equal(c.hex);
    });

  for (const c of vectors["metallb_key_derivation"]!.cases)
    it(`key of a secret of ${c.secret?.length ?? 0} characters`, () => {
      const key = keyFromSecret(c.secret_hex ? hex(c.secret_hex) : utf8(c.secret));
      expect(key === null ? null : toHex(key)).to.equal(c.encryption ? c.key_hex : null);
    });
});

describe("memberlist datagrams (vectors)", () => {
  for (const c of vectors["packets"]!.cases)
    it(c.id, () => {
      const s = settings({
        keys: c.key_hex === "" ? [] : [hex(c.key_hex)],
        label: utf8(c.label),
        compression: c.compression,
      });
      const sealed = sealPacket(hex(c.inner_hex), s, {
        crc: c.destination_pmax >= 5,
        nonce: NONCE,
      });
      expect(toHex(sealed)).to.equal(c.hex);
      const opened = openPacket(sealed, s);
      expect(opened.dropped).to.deep.equal([]);
      expect(toHex(encodeMessage(opened.messages[0]!))).to.equal(c.inner_hex);
    });

  for (const c of vectors["ingest_packets"]!.cases)
    it(`${c.about ?? c.id}: ${c.delivered_user_messages.length} delivered`, () => {
      const opened = openPacket(
        hex(c.hex),
        settings({
          keys: (c.config.keys_hex ?? []).map(hex),
          label: utf8(c.config.label),
          skipInboundLabelCheck: c.config.skip_inbound_label_check,
          verifyIncoming: c.config.verify_incoming,
        }),
      );
      const delivered = opened.messages.flatMap((m) =>
        m.kind === "user" ? [Buffer.from(m.payload).toString()] : [],
      );
      expect(delivered.sort()).to.deep.equal([...c.delivered_user_messages].sort());
    });
});

describe("memberlist streams (vectors)", () => {
  for (const c of vectors["streams"]!.cases)
    it(c.id, () => {
      const s = settings({
        keys: c.key_hex === "" ? [] : [hex(c.key_hex)],
        label: utf8(c.label),
        compression: c.compression,
      });
      const octets = hex(c.hex_without_label_header);
      const read = readAnswer(octets, s);
      expect(read.kind).to.equal("message");
      if (read.kind !== "message") return;
      expect(toHex(sealStream(encodeStreamMessage(read.message), s, NONCE))).to.equal(
        c.hex_without_label_header,
      );
      // Every cut of it asks for more, or, once its frame is whole, can't be refused wrongly.
      for (let cut = 1; cut < octets.length; cut += 7)
        expect(readAnswer(octets.subarray(0, cut), s).kind).to.equal("incomplete");
    });
});

describe("memberlist decoders under any octets", () => {
  const s = settings({ keys: [hex("00".repeat(16))], verifyIncoming: false });
  it("never throw, and messages survive a round trip", () => {
    const seeds = vectors["ingest_packets"]!.cases.map((c) => hex(c.hex));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
        fc.nat(400),
        (seed, edits, cut) => {
          const octets = seed.slice(0, Math.max(1, cut));
          for (const [at, value] of edits) octets[at % octets.length] = value;
          for (const m of openPacket(octets, s).messages) decodeMessage(encodeMessage(m));
          readRequest(octets, s);
          readAnswer(octets, settings());
        },
      ),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 20_000) },
    );
  });
  it("LZW unpacks what it packed", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 9000 }),
          fc.array(fc.constantFrom(1, 2, 3), { maxLength: 9000 }).map((a) => Uint8Array.from(a)),
        ),
        (input) => {
          expect(toHex(lzwDecompress(lzwCompress(input)))).to.equal(toHex(input));
        },
      ),
      { numRuns: 60 },
    );
  });
  it("stream messages survive a round trip", () => {
    const message: StreamMessage = {
      kind: "pushPull",
      join: true,
      records: [],
      userState: utf8("state"),
    };
    expect(readAnswer(encodeStreamMessage(message), settings())).to.deep.equal({
      kind: "message",
      message,
    });
  });
});
