/**
 * The addresses of one block that are taken, and the first that is not. Addresses are offsets from the
 * block's first one; the scan never goes back while addresses are only taken, so finding a free one
 * costs next to nothing however large or full the block is.
 */
import type { Block } from "./pool-index.ts";

/** An offset that a JavaScript number holds exactly; a scan never reaches beyond. */
const REACH = BigInt(Number.MAX_SAFE_INTEGER);

/** Where the address lies in its block; null when it is too far out for any scan to meet it. */
export function offsetIn(block: Block, value: bigint): number | null {
  const offset = value - block.first;
  return offset > REACH ? null : Number(offset);
}

export class Space {
  readonly #block: Block;
  readonly #end: number;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(block: Block) {
    this.#block = block;
    const last = block.last - block.first;
    this.#end = last > REACH ? Number.MAX_SAFE_INTEGER : Number(last);
  }

  /** Taking twice is the same as once. */
  take(offset: number): void {
    this.#taken.add(offset);
  }

  /** The lowest offset that may be handed out and is not taken, or null. */
  firstFree(): number | null {
    if (this.#block.reserved) return null;
    while (this.#next <= this.#end) {
      if (!this.#taken.has(this.#next) && !this.#isAvoided(this.#next)) return this.#next;
      this.#next++;
    }
    return null;
  }

  #isAvoided(offset: number): boolean {
    const { family, first, pool } = this.#block;
    if (family === 6 || !pool.pool.avoidBuggyIPs) return false;
    const octet = (Number(first & 255n) + offset) & 255;
    return octet === 0 || octet === 255;
  }
}
