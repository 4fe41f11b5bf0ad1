/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call --
   the vectors are JSON of many shapes; every use of them ends in an assertion */
import { expect } from "chai";
import { BroadcastQueue } from "../../src/membership/broadcast-queue.ts";
import { encodeCompound } from "../../src/membership/layers.ts";
import {
  pushPullMs,
  retransmitLimit,
  suspicionMs,
  suspicionTimes,
} from "../../src/membership/formulas.ts";
import { MAX_PACKET, piggybackRoom } from "../../src/membership/profiles.ts";
import { Table } from "../../src/membership/table.ts";
import type { Effects, Member } from "../../src/membership/member.ts";
import type { Accusation, Alive, PushPullRecord } from "../../src/membership/messages.ts";
import { comparable, hex, plain, toHex, vectors } from "./vectors.ts";

const VSN = hex("010502000000");
const LAN = { suspicionMult: 4, suspicionMaxTimeoutMult: 6, probeIntervalMs: 1000 };

function tableAt5(reclaimS = 0): Table {
  const table = new Table({
    ...LAN,
    name: "self",
    addr: hex("0a000001"),
    port: 7946,
    vsn: VSN,
    deadNodeReclaimMs: reclaimS * 1000,
  });
  table.start(null, 0);
  for (let i = 0; i < 4; i++) table.setMeta(null);
  return table;
}

/** Brings `peer` to the record of the vector. */
function prepare(table: Table, name: string, before: any): void {
  if (name === "self" || !before.known) return;
  const { incarnation } = before;
  table.alive(
    {
      kind: "alive",
      incarnation,
      node: name,
      addr: hex(before.addr),
      port: before.port,
      meta: before.meta === null ? null : hex(before.meta.$hex),
      vsn: VSN,
    },
    0,
  );
  const accuse = (kind: "suspect" | "dead", from: string) =>
    table.receive({ kind, incarnation, node: name, from }, 0);
  if (before.state === "suspect") accuse("suspect", "x1");
  if (before.state === "dead") accuse("dead", "x1");
  if (before.state === "left") accuse("dead", name);
}

function recordOf(member: Member | undefined): unknown {
  if (member === undefined) return { known: false };
  const { suspicion } = member;
  return {
    known: true,
    addr: toHex(member.addr),
    incarnation: member.incarnation,
    meta: comparable(member.meta),
    port: member.port,
    state: member.state,
    ...(suspicion !== null && {
      suspicion: {
        confirmations: suspicion.confirmedBy.size,
        k: suspicion.k,
        min_ms: suspicion.minMs,
        max_ms: suspicion.maxMs,
      },
    }),
  };
}
/** The vectors list what the event delegate saw; conflicts go another way. */
const eventsOf = (effects: Effects): string[] =>
  effects.events.flatMap((e) => (e.kind === "conflict" ? [] : [`${e.kind}:${e.node.name}`]));
const broadcastsOf = (effects: Effects): unknown =>
  effects.broadcasts.map(({ message }) => comparable(message));
const wanted = (queued: { name: string; fields: object }[]): unknown =>
  queued.map(({ name, fields }) => ({
    kind: name,
    ...(comparable(plain({ ...fields })) as object),
  }));

describe("memberlist state (vectors)", () => {
  for (const c of vectors["state_transitions"]!.cases)
    it(c.id, () => {
      const table = tableAt5(c.dead_node_reclaim_s);
      prepare(table, c.target, c.before);
      if (c.after_leave === true) table.leave(0);
      const now = (c.seconds_since_state_change ?? 0) * 1000;
      const effects =
        c.id === "leave-call"
          ? table.leave(now)
          : table.receive(
              { kind: c.message.name, ...plain(c.message.fields) } as unknown as Alive | Accusation,
              now,
            );
      expect(recordOf(table.get(c.target)), "record").to.deep.equal(c.after);
      expect(broadcastsOf(effects), "broadcasts").to.deep.equal(wanted(c.queued_broadcasts));
      expect(eventsOf(effects), "events").to.deep.equal(c.events);
      expect(effects.health, "health").to.equal(c.health_delta);
    });

  for (const c of vectors["merge"]!.cases)
    it(`merging ${c.id}`, () => {
      const table = tableAt5();
      prepare(table, "peer", {
        known: true,
        addr: "0a000002",
        port: 7946,
        incarnation: 5,
        meta: null,
        state: "alive",
      });
      const effects = table.merge(plain(c.record) as unknown as PushPullRecord, 0);
      expect(recordOf(table.get(c.record.Name))).to.deep.equal(c.after);
      expect(broadcastsOf(effects)).to.deep.equal(wanted(c.queued_broadcasts));
      expect(eventsOf(effects)).to.deep.equal(c.events);
    });

  for (const c of vectors["suspicion_confirmations"]!.cases)
    it(`confirmations among ${c.members_known}`, () => {
      const table = tableAt5();
      for (let i = 1; i < c.members_known; i++)
        prepare(table, `n${i}`, {
          known: true,
          addr: `0a00010${i}`,
          port: 7946,
          incarnation: 1,
          meta: null,
          state: "alive",
        });
      for (const step of c.steps) {
        const effects = table.suspect(
          { kind: "suspect", incarnation: 1, node: "n1", from: step.suspect_from },
          0,
        );
        expect(effects.broadcasts.length > 0).to.equal(step.rebroadcast);
        expect(recordOf(table.get("n1"))).to.deep.equal(step.record);
      }
    });
});

describe("memberlist numbers (vectors)", () => {
  const f = vectors["formulas"]!;
  for (const c of f["push_pull_interval"])
    it(`push/pull at ${c.n}`, () =>
      expect(pushPullMs(30_000, c.n)).to.equal(c.lan_interval_s * 1000));
  for (const c of f["retransmit_limit"])
    it(`retransmit at ${c.n}`, () => expect(retransmitLimit(4, c.n)).to.equal(c.mult4));
  for (const c of f["suspicion_timeout"])
    it(`suspicion at ${c.n}`, () => {
      const lan = suspicionTimes(c.n, LAN);
      expect([lan.minMs, lan.maxMs]).to.deep.equal([c.lan_min_ms, c.lan_max_ms]);
      expect(
        suspicionTimes(c.n, { ...LAN, suspicionMult: 6, probeIntervalMs: 5000 }).minMs,
      ).to.equal(c.wan_min_ms);
    });
  for (const c of f["remaining_suspicion"])
    it(`suspicion of ${c.max_ms} ms after ${c.confirmations} of ${c.k}`, () =>
      expect(
        suspicionMs({ k: c.k, minMs: c.min_ms, maxMs: c.max_ms }, c.confirmations) - c.elapsed_ms,
      ).to.equal(c.remaining_ms));
});

describe("memberlist broadcast queue (vectors)", () => {
  const [order, invalidate, ...piggyback] = vectors["broadcast_queue"]!.cases;
  it(order.about, () => {
    const queue = new BroadcastQueue();
    const lengths = [50, 100, 100, 30, 400, 1000, 300];
    lengths.forEach((length, i) =>
      queue.add({ key: `k${i}`, message: new Uint8Array(length).fill(i) }),
    );
    for (const call of order.calls) {
      const taken = queue.draw(1369, 2, retransmitLimit(4, 1));
      expect(taken.map((m) => ({ len: m.length, msg: m[0] }))).to.deep.equal(call.taken ?? []);
      expect(queue.size).to.equal(call.left_in_queue);
    }
  });
  it(invalidate.about, () => {
    const queue = new BroadcastQueue();
    for (const [key, n] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as const)
      queue.add({ key, message: Uint8Array.of(n) });
    expect(queue.draw(100, 2, 4).map((m) => m[0])).to.deep.equal(invalidate.taken);
  });
  for (const c of piggyback)
    it(c.id, () => {
      const queue = new BroadcastQueue();
      [700, 600, 500, 120, 60, 20].forEach((length, i) =>
        queue.add({ key: `k${i}`, message: new Uint8Array(length) }),
      );
      const encrypted = c.id.endsWith("true");
      const taken = queue.draw(piggybackRoom(MAX_PACKET, c.ping_length, encrypted ? 29 : 0), 2, 4);
      expect([c.ping_length, ...taken.map((m) => m.length)]).to.deep.equal(c.part_lengths);
      const parts = [new Uint8Array(c.ping_length), ...taken];
      expect(encodeCompound(parts).length + (encrypted ? 29 : 0)).to.equal(c.datagram_length);
    });
});
