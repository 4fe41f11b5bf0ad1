/**
 * The addresses of one block that are taken, and the first that is not. Addresses are offsets from the
 * block's first one; the scan never goes back while addresses are only taken, so finding a free one
 * costs next to nothing however large or full the block is.
 */
import type { Block } from "./pool-index.ts";
import { intervalAt } from "./intervals.ts";

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
    while (this.#next <= this.#end) {
      if (this.#taken.has(this.#next)) this.#next++;
      else {
        const skipped = this.#skip(this.#next);
        if (skipped === this.#next) return skipped;
        this.#next = skipped;
      }
    }
    return null;
  }

  /** The offset itself, or the next one after what may never be handed out. */
  #skip(offset: number): number {
    const { family, first, reserved, pool } = this.#block;
    if (pool.pool.avoidBuggyIPs && family === 4) {
      const octet = (Number(first & 255n) + offset) & 255;
      if (octet === 0 || octet === 255) return offset + 1;
    }
    if (reserved.length === 0) return offset;
    const interval = intervalAt(reserved, first + BigInt(offset));
    if (interval === null) return offset;
    const after = interval.to - first + 1n;
    return after > REACH ? this.#end + 1 : Number(after);
  }
}
