/**
 * What a pass may remember from the one before, by the identity of Services and pools: the same results
 * with it or without, only sooner. Live state; one per controller.
 */
import type { Service } from "../api/objects.ts";
import type { Pool } from "../config/config.ts";
import type { Ip } from "../net/ip.ts";
import { indexPools } from "./pool-index.ts";
import type { PoolIndex } from "./pool-index.ts";
import { verdictFor } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";
import { wishOf } from "./wish.ts";
import type { FamilySource, Wish } from "./wish.ts";

export class PassMemo {
  #pools: readonly Pool[] | null = null;
  #index = indexPools([]);
  #leftOut = "";
  #source: FamilySource = "clusterIPs";
  #wishes = new WeakMap<Service, Wish>();
  #verdicts = new WeakMap<Wish, Verdict>();

  indexOf(pools: readonly Pool[]): PoolIndex {
    if (pools !== this.#pools) {
      this.#pools = pools;
      this.#index = indexPools(pools);
      this.#verdicts = new WeakMap();
    }
    return this.#index;
  }

  wishOf(service: Service, source: FamilySource): Wish {
    if (source !== this.#source) {
      this.#source = source;
      this.#wishes = new WeakMap();
    }
    const known = this.#wishes.get(service);
    if (known !== undefined) return known;
    const wish = wishOf(service, source);
    this.#wishes.set(service, wish);
    return wish;
  }

  verdictFor(wish: Wish, held: readonly (Ip | null)[], leftOut: ReadonlySet<string>): Verdict {
    const names = [...leftOut].sort().join("\n");
    if (names !== this.#leftOut) {
      this.#leftOut = names;
      this.#verdicts = new WeakMap();
    }
    if (held !== wish.current) return verdictFor(wish, held, this.#index, leftOut);
    const known = this.#verdicts.get(wish);
    if (known !== undefined) return known;
    const verdict = verdictFor(wish, held, this.#index, leftOut);
    this.#verdicts.set(wish, verdict);
    return verdict;
  }
}
