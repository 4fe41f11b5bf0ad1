/**
 * Pools as the allocator looks at them: which block holds an address, which pools may serve a Service,
 * how many addresses they have. Built once per set of pools; costs by ranges, never by addresses.
 * Behaviour reference 1.5, 1.11; crds reference 3.5, 3.6.
 */
import { anySelectorMatches } from "../api/selector.ts";
import type { Pool } from "../config/config.ts";
import type { Address, Family } from "../net/ip.ts";
import type { PoolRefusal } from "./reasons.ts";
import { isBuggy, usableBetween } from "./capacity.ts";
import { intervalsWithin, runsOf } from "./intervals.ts";
import type { Wish } from "./wish.ts";

/** A run of addresses of one pool: a prefix, or what reserved addresses leave of it. */
export interface Block {
  /** Position in `PoolIndex.blocks`. */
  readonly id: number;
  readonly pool: PoolView;
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
  /** Never handed out; whoever holds one of them keeps it. */
  readonly reserved: boolean;
}

export interface PoolView {
  readonly name: string;
  readonly pool: Pool;
  /** In written order, ascending inside a prefix. */
  readonly blocks: readonly Block[];
  /** Addresses that can be handed out when nothing is in use, exact. */
  readonly capacity: Readonly<Record<Family, bigint>>;
}

export interface PoolIndex {
  /** Sorted by name. */
  readonly pools: readonly PoolView[];
  readonly byName: ReadonlyMap<string, PoolView>;
  readonly blocks: readonly Block[];
  /** With `serviceAllocation`, by priority (1 first, 0 last), then name. */
  readonly pinned: readonly PoolView[];
  /** Without, by name. */
  readonly general: readonly PoolView[];
  /** The block that holds the address; a buggy one is in no pool that avoids those. */
  locate(address: Address): Block | null;
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** Zero, absent and negative priorities come last. */
const rank = ({ pool }: PoolView): number => {
  const priority = pool.serviceAllocation?.priority ?? 0;
  return priority > 0 ? priority : Number.POSITIVE_INFINITY;
};

const byRank = (a: PoolView, b: PoolView): number => {
  const [x, y] = [rank(a), rank(b)];
  return x === y ? byName(a, b) : x < y ? -1 : 1;
};

export function indexPools(pools: readonly Pool[]): PoolIndex {
  const blocks: Block[] = [];
  const views = [...pools].sort(byName).map((pool) => viewOf(pool, blocks));
  const sorted: Readonly<Record<Family, Block[]>> = { 4: [], 6: [] };
  for (const block of blocks) sorted[block.family].push(block);
  for (const list of Object.values(sorted)) list.sort((a, b) => (a.first < b.first ? -1 : 1));
  return {
    pools: views,
    byName: new Map(views.map((v) => [v.name, v])),
    blocks,
    pinned: views.filter((v) => v.pool.serviceAllocation !== null).sort(byRank),
    general: views.filter((v) => v.pool.serviceAllocation === null),
    locate: (address) => {
      const block = search(sorted[address.family], address.value);
      const avoided = block?.pool.pool.avoidBuggyIPs === true && isBuggy(address);
      return avoided ? null : block;
    },
  };
}

function viewOf(pool: Pool, into: Block[]): PoolView {
  const own: Block[] = [];
  const capacity: Record<Family, bigint> = { 4: 0n, 6: 0n };
  const view: PoolView = { name: pool.name, pool, blocks: own, capacity };
  for (const cidr of pool.cidrs)
    for (const run of runsOf(cidr, intervalsWithin(cidr, pool.reserved))) {
      const { from: first, to: last, covered: reserved } = run;
      const { family } = cidr;
      const block = { id: into.length, pool: view, family, first, last, reserved };
      into.push(block);
      own.push(block);
      if (reserved) continue;
      const avoids = pool.avoidBuggyIPs && family === 4;
      capacity[family] += avoids ? usableBetween(first, last) : last - first + 1n;
    }
  return view;
}

/** Blocks never overlap: the last one that starts at or before the address is the only candidate. */
function search(blocks: readonly Block[], value: bigint): Block | null {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle];
    if (block !== undefined && block.first <= value) low = middle + 1;
    else high = middle;
  }
  const found = blocks[low - 1];
  return found !== undefined && value <= found.last ? found : null;
}

/** Whether the pool's `serviceAllocation` lets the Service in, asked for or not; null: it does. */
export function restrictionFor({ pool }: PoolView, wish: Wish): PoolRefusal | null {
  const allocation = pool.serviceAllocation;
  if (allocation === null) return null;
  if (allocation.namespacesRestricted && !allocation.namespaces.includes(wish.namespace))
    return { kind: "namespace" };
  return anySelectorMatches(allocation.serviceSelectors, wish.labels)
    ? null
    : { kind: "serviceSelectors" };
}

/** Whether the pool may serve the Service without being asked for; null: it may. */
export function automaticRefusal(view: PoolView, wish: Wish): PoolRefusal | null {
  if (!view.pool.autoAssign) return { kind: "autoAssign" };
  if (view.pool.draining) return { kind: "draining" };
  return restrictionFor(view, wish);
}
