/**
 * Who holds which address during one pass. Addresses are only ever added: a pass starts from an empty
 * ledger, so what a Service no longer wants is free by not being there. Sharing rules: behaviour
 * reference 1.8. Live state of one pass, never kept or shared.
 */
import type { ServiceKey } from "../api/objects.ts";
import { addressOf, ipOf } from "../net/ip.ts";
import type { Family, Ip } from "../net/ip.ts";
import type { PoolCounters } from "../api/store.ts";
import type { Block, PoolIndex, PoolView } from "./pool-index.ts";
import type { SharingConflict } from "./reasons.ts";
import { Space, offsetIn } from "./space.ts";
import { SharedAddresses } from "./shared-addresses.ts";
import type { Wish } from "./wish.ts";

/** One address in its block. */
export interface Place {
  readonly ip: Ip;
  readonly block: Block;
  /** null: beyond what a scan can reach. */
  readonly offset: number | null;
}

export interface InUse {
  readonly ip: Ip;
  readonly by: readonly ServiceKey[];
  readonly conflict: SharingConflict;
}

interface Holding {
  readonly owner: Wish;
  /** Filled when a second Service moves in. */
  shared: { readonly users: ServiceKey[]; readonly ports: Map<string, ServiceKey> } | null;
}

export function placeOf(index: PoolIndex, ip: Ip): Place | null {
  const address = addressOf(ip);
  const block = index.locate(address);
  if (block === null) return null;
  return { ip, block, offset: offsetIn(block, address.value) };
}

export class Ledger {
  readonly #holdings = new Map<Ip, Holding>();
  readonly #spaces: Space[];
  readonly #shared = new SharedAddresses();
  readonly #assigned = new Map<PoolView, Record<Family, { all: number; reserved: number }>>();
  /** Addresses kept for Services that are gone: given to others only when nothing else is left. */
  readonly #kept = new Map<PoolView, Place[]>();

  constructor(index: PoolIndex) {
    this.#spaces = index.blocks.map((block) => new Space(block));
    for (const pool of index.pools)
      this.#assigned.set(pool, { 4: { all: 0, reserved: 0 }, 6: { all: 0, reserved: 0 } });
  }

  /** Passes over this address while others are free. Keep the ones to give up first in front. */
  keep(place: Place): void {
    if (place.offset !== null) this.#spaces[place.block.id]?.take(place.offset);
    const kept = this.#kept.get(place.block.pool);
    if (kept === undefined) this.#kept.set(place.block.pool, [place]);
    else kept.push(place);
  }

  /** Why the Service may not use this address next to those who hold it; null: it may. */
  conflict(ip: Ip, wish: Wish): InUse | null {
    const holding = this.#holdings.get(ip);
    if (holding === undefined || holding.owner.key === wish.key) return null;
    const { owner, shared } = holding;
    const users = [...(shared?.users ?? [owner.key])].sort();
    const refuse = (conflict: SharingConflict): InUse => ({ ip, by: users, conflict });
    const [mine, theirs] = [wish.sharingKey, owner.sharingKey];
    if (mine === "" || theirs === "") {
      const missing = mine !== "" ? "other" : theirs !== "" ? "this" : "both";
      return refuse({ kind: "noKey", missing });
    }
    if (mine !== theirs) return refuse({ kind: "otherKey", key: mine, otherKey: theirs });
    if (wish.backendKey !== owner.backendKey) return refuse({ kind: "otherBackends" });
    for (const port of wish.ports) {
      const holder = shared === null ? portHolder(owner, port) : shared.ports.get(port);
      if (holder !== undefined) return { ip, by: [holder], conflict: { kind: "port", port } };
    }
    return null;
  }

  /** The caller has asked `conflict` first. */
  add(place: Place, wish: Wish): void {
    const holding = this.#holdings.get(place.ip);
    if (holding !== undefined) {
      holding.shared ??= { users: [holding.owner.key], ports: portsOf(holding.owner) };
      holding.shared.users.push(wish.key);
      for (const port of wish.ports) holding.shared.ports.set(port, wish.key);
      return;
    }
    this.#holdings.set(place.ip, { owner: wish, shared: null });
    const count = this.#assigned.get(place.block.pool)?.[place.block.family];
    if (count !== undefined) {
      count.all++;
      if (place.block.reserved) count.reserved++;
    }
    if (place.offset === null) return;
    this.#spaces[place.block.id]?.take(place.offset);
    if (wish.sharingKey !== "") this.#shared.add(wish, place);
  }

  /** The first address of the family that is free or may be shared: blocks as written, then ascending. */
  firstFitting(pool: PoolView, family: Family, wish: Wish): Place | null {
    for (const block of pool.blocks) {
      if (block.family !== family) continue;
      const free = this.#spaces[block.id]?.firstFree() ?? null;
      const fits = (place: Place): boolean => this.conflict(place.ip, wish) === null;
      const shared =
        wish.sharingKey === "" ? null : this.#shared.firstFitting(block, wish, free, fits);
      if (shared !== null) return shared;
      if (free !== null) return { ip: ipAt(block, free), block, offset: free };
    }
    const isLeft = ({ block, ip }: Place): boolean =>
      block.family === family && !block.reserved && !this.#holdings.has(ip);
    return this.#kept.get(pool)?.find(isLeft) ?? null;
  }

  counters(pool: PoolView): PoolCounters {
    const counts = this.#assigned.get(pool);
    const [v4, v6] = [counts?.[4], counts?.[6]];
    const free = (family: Family, count: { all: number; reserved: number } | undefined): bigint =>
      pool.capacity[family] - BigInt((count?.all ?? 0) - (count?.reserved ?? 0));
    return {
      assignedIPv4: BigInt(v4?.all ?? 0),
      assignedIPv6: BigInt(v6?.all ?? 0),
      availableIPv4: free(4, v4),
      availableIPv6: free(6, v6),
    };
  }
}

const ipAt = (block: Block, offset: number): Ip =>
  ipOf({ family: block.family, value: block.first + BigInt(offset) });

const portHolder = (owner: Wish, port: string): ServiceKey | undefined =>
  owner.ports.includes(port) ? owner.key : undefined;

const portsOf = (wish: Wish): Map<string, ServiceKey> =>
  new Map(wish.ports.map((port) => [port, wish.key]));
