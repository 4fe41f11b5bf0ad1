/**
 * Addresses in use under each sharing key, per block and ascending: where a Service with the same key
 * may move in. Live state of one pass.
 */
import type { Block } from "./pool-index.ts";
import type { Place } from "./ledger.ts";
import type { Wish } from "./wish.ts";

interface Group {
  /** Ascending by offset. */
  readonly places: Place[];
  /** Per list of ports: how many places from the start are known to have no room for them. */
  readonly full: Map<string, number>;
}

export class SharedAddresses {
  readonly #groups = new Map<string, Group>();

  add(wish: Wish, place: Place): void {
    const key = groupKey(place.block, wish);
    const group = this.#groups.get(key);
    if (group === undefined) {
      this.#groups.set(key, { places: [place], full: new Map() });
      return;
    }
    const { places, full } = group;
    let at = places.length;
    while (at > 0 && offsetOf(places[at - 1]) > offsetOf(place)) at--;
    if (at < places.length) full.clear();
    places.splice(at, 0, place);
  }

  /** The lowest address of the group below offset `before` (null: any) for which `fits`. */
  firstFitting(
    block: Block,
    wish: Wish,
    before: number | null,
    fits: (place: Place) => boolean,
  ): Place | null {
    const group = this.#groups.get(groupKey(block, wish));
    if (group === undefined) return null;
    const ports = wish.ports.join(",");
    let at = group.full.get(ports) ?? 0;
    for (; at < group.places.length; at++) {
      const place = group.places[at];
      if (place === undefined || (before !== null && offsetOf(place) > before)) break;
      if (!fits(place)) continue;
      group.full.set(ports, at);
      return place;
    }
    group.full.set(ports, at);
    return null;
  }
}

const offsetOf = (place: Place | undefined): number => place?.offset ?? 0;

const groupKey = (block: Block, wish: Wish): string =>
  `${block.id} ${JSON.stringify([wish.sharingKey, wish.backendKey])}`;
