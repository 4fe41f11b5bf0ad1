import { expect } from "chai";
import fc from "fast-check";
import type { Service } from "../../src/api/objects.ts";
import { restrictionFor, indexPools } from "../../src/allocator/pool-index.ts";
import type { PassResult } from "../../src/allocator/pass.ts";
import { wishOf } from "../../src/allocator/wish.ts";
import type { Pool } from "../../src/config/config.ts";
import { addressOf, familyOf, ipOf } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";
import { prefixContains, prefixLast, prefixSize } from "../../src/net/prefix.ts";
import { Controller, service, settle } from "./support.ts";
import { asks, pools, services } from "./worlds.ts";

const RUNS = Number(process.env["FERROLB_ALLOCATION_RUNS"] ?? 300);
const check = (property: fc.IProperty<unknown[]> | fc.IPropertyWithHooks<never>): void =>
  fc.assert(property as fc.IProperty<unknown[]>, { numRuns: RUNS });

const ipsOf = (result: PassResult): Record<string, string> =>
  Object.fromEntries(
    [...result.outcomes.values()]
      .filter((o) => o.ips.length > 0)
      .map((o) => [o.key, o.ips.join(",")] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const isBuggy = (ip: Ip): boolean => /\.(0|255)$/.test(ip);
const poolHolding = (list: readonly Pool[], ip: Ip): Pool | undefined =>
  list.find(
    (p) =>
      p.cidrs.some((c) => prefixContains(c, addressOf(ip))) && !(p.avoidBuggyIPs && isBuggy(ip)),
  );

/** The sharing rules again, said pairwise and plainly. */
function mayShare(a: Service, b: Service): boolean {
  const [x, y] = [wishOf(a, "clusterIPs"), wishOf(b, "clusterIPs")];
  return (
    x.sharingKey !== "" &&
    x.sharingKey === y.sharingKey &&
    x.backendKey === y.backendKey &&
    x.ports.every((port) => !y.ports.includes(port))
  );
}

function expectSound(list: readonly Pool[], world: readonly Service[], result: PassResult): void {
  const byKey = new Map(world.map((s) => [`${s.metadata.namespace}/${s.metadata.name}`, s]));
  const users = new Map<Ip, Service[]>();
  for (const { key, ips, pool: from, pending } of result.outcomes.values()) {
    const s = byKey.get(key)!;
    if (ips.length === 0) {
      expect(from).to.equal(null);
      if (s.spec!.type === "LoadBalancer") expect(pending, key).to.not.equal(null);
      continue;
    }
    expect(s.spec!.type).to.equal("LoadBalancer");
    for (const ip of ips) {
      expect(poolHolding(list, ip)?.name, `${ip} of ${key} is in its pool`).to.equal(from);
      users.set(ip, [...(users.get(ip) ?? []), s]);
    }
    expect(new Set(ips.map(familyOf)).size, "one of each family").to.equal(ips.length);
    const view = indexPools(list).byName.get(from!)!;
    expect(restrictionFor(view, wishOf(s, "clusterIPs")), "allowed in its pool").to.equal(null);
  }
  for (const [ip, sharers] of users)
    for (const a of sharers)
      for (const b of sharers)
        if (a !== b) expect(mayShare(a, b), `${ip} is on two Services`).to.equal(true);
  expectRecount(list, [...users.keys()], result);
}

/** Counts small blocks address by address; a /64 by its size. */
function expectRecount(list: readonly Pool[], used: readonly Ip[], result: PassResult): void {
  for (const p of list) {
    const counted = { assignedIPv4: 0n, assignedIPv6: 0n, availableIPv4: 0n, availableIPv6: 0n };
    for (const c of p.cidrs) {
      const mine = used.filter((ip) => prefixContains(c, addressOf(ip)));
      counted[`assignedIPv${c.family}`] += BigInt(mine.length);
      if (prefixSize(c) > 1000n) {
        counted[`availableIPv${c.family}`] += prefixSize(c) - BigInt(mine.length);
        continue;
      }
      for (let value = c.first; value <= prefixLast(c); value++) {
        const address = { family: c.family, value };
        const ip = ipOf(address);
        const usable = !(p.avoidBuggyIPs && isBuggy(ip)) && !mine.includes(ip);
        if (usable && !p.reserved.some((r) => prefixContains(r, address)))
          counted[`availableIPv${c.family}`]++;
      }
    }
    expect(result.counters.get(p.name), `counters of ${p.name}`).to.deep.equal(counted);
  }
}

/** A world in which nobody waits for anything, nor has less than was hoped for: what settles, without the rest. */
function contentWorld(list: readonly Pool[], given: readonly Service[]): Service[] {
  let world = given.filter((s) => s.spec!.ipFamilyPolicy !== "PreferDualStack");
  for (;;) {
    const { outcomes } = settle(list, world).result;
    const happy = world.filter(
      (s) => (outcomes.get(`${s.metadata.namespace}/${s.metadata.name}`)?.pending ?? null) === null,
    );
    if (happy.length === world.length) return world;
    world = happy;
  }
}

describe(`allocation, random worlds (${RUNS} each)`, () => {
  it("no address twice unless shareable, none outside its pool, counters equal a recount", () =>
    check(
      fc.property(pools, services({ held: true }), (p, s) => {
        const seen = settle(p, s);
        expectSound(p, seen.services, seen.result);
      }),
    ));

  it("a second pass over its own result writes nothing and tells nothing", () =>
    check(
      fc.property(pools, services({ held: true }), (p, s) => {
        const controller = new Controller();
        const once = controller.step(p, s);
        const first = ipsOf(controller.last!);
        controller.step(p, once);
        expect(controller.last!.writes.map((w) => w.key)).to.deep.equal([]);
        expect(controller.last!.news).to.deep.equal([]);
        expect(ipsOf(controller.last!)).to.deep.equal(first);
      }),
    ));

  it("a restart changes nothing", () =>
    check(
      fc.property(pools, services({ held: true }), (p, s) => {
        const seen = settle(p, s);
        const again = new Controller();
        again.step(p, seen.services);
        expect(again.last!.writes).to.deep.equal([]);
        expect(ipsOf(again.last!)).to.deep.equal(ipsOf(seen.result));
        expect(again.last!.counters).to.deep.equal(seen.result.counters);
      }),
    ));

  it("the order in which pools and Services are listed does not matter", () =>
    check(
      fc.property(
        pools,
        services({ held: true }).chain((s) =>
          fc.tuple(fc.constant(s), fc.shuffledSubarray(s, { minLength: s.length })),
        ),
        (p, [s, shuffled]) => {
          const [a, b] = [settle(p, s), settle([...p].reverse(), shuffled)];
          expect(ipsOf(b.result)).to.deep.equal(ipsOf(a.result));
          expect(b.events).to.deep.equal(a.events);
          expect(b.result.counters).to.deep.equal(a.result.counters);
        },
      ),
    ));

  it("what a pass remembers changes how long it takes, never what it says", () =>
    check(
      fc.property(
        fc.array(fc.tuple(pools, services({ held: true })), { maxLength: 4 }),
        (steps) => {
          const remembering = new Controller();
          for (const [p, s] of steps) {
            const given = { previous: remembering.last?.outcomes ?? new Map<string, never>() };
            const seen = settle(p, s, given, remembering);
            const fresh = settle(p, seen.services);
            expect(ipsOf(fresh.result)).to.deep.equal(ipsOf(seen.result));
          }
        },
      ),
    ));

  it("removing Services and adding them back changes nothing, where nobody was waiting", () =>
    check(
      fc.property(pools, services({}), fc.nat(), (p, given, seed) => {
        const awake = p.map((one) => ({ ...one, draining: false }));
        const controller = new Controller({ retainS: 60 });
        const s = contentWorld(awake, given);
        const seen = settle(awake, s, {}, controller);
        const leaves = (i: number): boolean => ((seed >> i) & 1) === 1;
        const without = settle(
          awake,
          seen.services.filter((_, i) => !leaves(i)),
          {},
          controller,
        );
        const back = s.map((one, i) => (leaves(i) ? one : seen.services[i]!));
        const again = settle(awake, back, {}, controller);
        expect(ipsOf(again.result)).to.deep.equal(ipsOf(seen.result));
        expect(ipsOf(seen.result)).to.include(ipsOf(without.result));
        expect(again.result.retained).to.deep.equal([]);
      }),
    ));

  it("removing all pools and adding them back changes nothing, where nobody was waiting", () =>
    check(
      fc.property(pools, services({}), (p, given) => {
        const awake = p.map((one) => ({ ...one, draining: false }));
        const controller = new Controller({ retainS: 60 });
        const s = contentWorld(awake, given);
        const seen = settle(awake, s, {}, controller);
        const bare = settle([], seen.services, {}, controller);
        expect(ipsOf(bare.result)).to.deep.equal({});
        expect(ipsOf(settle(awake, bare.services, {}, controller).result)).to.deep.equal(
          ipsOf(seen.result),
        );
      }),
    ));

  type Event =
    | { kind: "put"; at: number; ask: Parameters<typeof service>[1] }
    | { kind: "remove"; at: number }
    | { kind: "pools"; pools: Pool[] };
  const eventList = (sharing: boolean): fc.Arbitrary<Event[]> =>
    fc.array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            kind: fc.constant("put" as const),
            at: fc.nat(5),
            ask: asks(sharing),
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({ kind: fc.constant("remove" as const), at: fc.nat(5) }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("pools" as const), pools }) },
      ),
      { minLength: 1, maxLength: 15 },
    );

  /** An edit keeps what the status shows; the namespace is part of the name, so it never changes. */
  function replay(
    events: readonly Event[],
    start: readonly Pool[],
    restartsAt: ReadonlySet<number>,
  ) {
    let [list, world, controller] = [start, [] as Service[], new Controller()];
    let ips: Record<string, string> = {};
    events.forEach((event, i) => {
      if (event.kind === "pools") list = event.pools;
      else {
        const name = `s${event.at}`;
        const before = world.find((s) => s.metadata.name === name);
        world = world.filter((s) => s !== before);
        if (event.kind === "put") {
          const fresh = service(name, {
            ...event.ask,
            namespace: event.at % 2 === 0 ? "one" : "two",
          });
          world.push(before?.status === undefined ? fresh : { ...fresh, status: before.status });
        }
      }
      if (restartsAt.has(i)) controller = new Controller();
      const seen = settle(list, world, {}, controller);
      expectSound(list, seen.services, seen.result);
      world = seen.services;
      ips = ipsOf(seen.result);
    });
    return { ips, world, list };
  }

  it("after every event of a random life, all of the above holds, and the same life ends the same", () =>
    check(
      fc.property(pools, eventList(true), (p, events) => {
        const [once, twice] = [replay(events, p, new Set()), replay(events, p, new Set())];
        expect(once.ips).to.deep.equal(twice.ips);
        const restarted = new Controller();
        restarted.step(once.list, [...once.world].reverse());
        expect(ipsOf(restarted.last!)).to.deep.equal(once.ips);
        expect(restarted.last!.writes).to.deep.equal([]);
      }),
    ));

  it("restarts anywhere in a life without sharing change nothing", () =>
    check(
      fc.property(pools, eventList(false), fc.array(fc.nat(14)), (p, events, restarts) => {
        const calm = replay(events, p, new Set());
        expect(replay(events, p, new Set(restarts)).ips).to.deep.equal(calm.ips);
      }),
    ));
});
