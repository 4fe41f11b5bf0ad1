/**
 * What each neighbour is sent, read off a normalised tree: classes and tags as `src/frr-templates` writes
 * them. A match other than on a tag is taken as never true: extra configuration may send more.
 */
import { contextBelow } from "./normalise.ts";
import { neighboursOf } from "./neighbours.ts";
import { emptyBlock, type Block } from "./tree.ts";

/** Attributes as the neighbour's route-map sets them, one `set ...` line each, sorted. */
export type Attributes = readonly string[];
/** By neighbour (`192.0.2.1`, `eth1`, `192.0.2.1 vrf red`), then by prefix. */
export type AdjRibOut = ReadonlyMap<string, ReadonlyMap<string, Attributes>>;

export function adjRibOutOf(tree: Block): AdjRibOut {
  const out = new Map<string, ReadonlyMap<string, Attributes>>();
  const maps = routeMapsOf(tree);
  for (const [line, instance] of tree) {
    if (contextBelow("top", line) !== "router-bgp") continue;
    for (const [peer, { families }] of neighboursOf(instance)) {
      const sent = new Map<string, Attributes>();
      for (const [family, lines] of families) {
        if (!lines.includes(`neighbor ${peer} activate`)) continue;
        const policy = lines.map((l) => / route-map (\S+) out$/.exec(l)?.[1]).find((m) => m);
        for (const [prefix, tag] of originated(instance.get(family) ?? emptyBlock(), maps)) {
          const attributes = policy === undefined ? [] : permitted(maps.get(policy) ?? [], tag);
          if (attributes !== null) sent.set(prefix, attributes);
        }
      }
      out.set(peer + vrfOf(line), sent);
    }
  }
  return out;
}

/** ` vrf red` of `router bgp 64500 vrf red`; empty for the default VRF. */
export const vrfOf = (instance: string): string => / vrf \S+$/.exec(instance)?.[0] ?? "";

interface Entry {
  readonly seq: number;
  readonly permit: boolean;
  readonly lines: readonly string[];
}

function routeMapsOf(tree: Block): ReadonlyMap<string, readonly Entry[]> {
  const maps = new Map<string, Entry[]>();
  for (const [line, body] of tree) {
    const found = /^route-map (\S+) (permit|deny) (\d+)$/.exec(line);
    if (found === null) continue;
    const [, name = "", action, seq] = found;
    const entries = maps.get(name) ?? [];
    entries.push({ seq: Number(seq), permit: action === "permit", lines: [...body.keys()] });
    maps.set(name, entries);
  }
  for (const entries of maps.values()) entries.sort((a, b) => a.seq - b.seq);
  return maps;
}

/** Prefixes of one family that are originated, with the tag that their class gives them. */
function* originated(
  family: Block,
  maps: ReadonlyMap<string, readonly Entry[]>,
): Generator<[prefix: string, tag: string | null]> {
  for (const line of family.keys()) {
    const found = /^network (\S+)(?: route-map (\S+))?$/.exec(line);
    if (found?.[1] === undefined) continue;
    if (found[2] === undefined) yield [found[1], null];
    else {
      const entry = maps.get(found[2])?.[0];
      if (entry?.permit === true) yield [found[1], wordAfter(entry.lines, "set tag ")];
    }
  }
}

const wordAfter = (lines: readonly string[], start: string): string | null =>
  lines.find((line) => line.startsWith(start))?.slice(start.length) ?? null;

/** The attributes that a route with `tag` leaves with; `null` where the map denies it. */
function permitted(entries: readonly Entry[], tag: string | null): Attributes | null {
  const first = entries.find(({ lines }) =>
    lines.every((line) => !line.startsWith("match ") || line === `match tag ${tag ?? ""}`),
  );
  if (first?.permit !== true) return null;
  return first.lines.filter((line) => line.startsWith("set ")).sort();
}
