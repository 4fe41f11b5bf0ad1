/**
 * How a prefix is treated: which peers get it with which attributes, as the advertisements say it. Peers
 * stay names (or "every peer"), so adding a peer changes no treatment.
 */
import type { BgpAdvertisement, CommunityValue } from "../config/config.ts";
import type { Attributes } from "./model.ts";

/** One group of peers; `peers` empty: every peer. */
export interface TreatmentPart extends Attributes {
  readonly peers: readonly string[];
}

/** Sorted by peers, one part per set of peers. */
export type Treatment = readonly TreatmentPart[];

/** Communities by number, part after part. */
export function compareCommunities(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split(":").map(Number));
  for (const [i, part] of (x ?? []).entries()) {
    const difference = part - (y?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Of each kind, for one prefix at one peer: a line of more would not fit vtysh's 4096 octets. */
export const MOST_COMMUNITIES = 100;

const united = (lists: readonly (readonly string[])[]): string[] =>
  [...new Set(lists.flat())].sort(compareCommunities).slice(0, MOST_COMMUNITIES);

/** Union of communities. Of several local preferences, which the rules rule out, the highest wins. */
export const uniteAttributes = (parts: readonly Attributes[]): Attributes => ({
  localPref: Math.max(0, ...parts.map((p) => p.localPref)),
  communities: united(parts.map((p) => p.communities)),
  largeCommunities: united(parts.map((p) => p.largeCommunities)),
});

const texts = (values: readonly CommunityValue[], kind: CommunityValue["kind"]): string[] =>
  values.filter((v) => v.kind === kind).map((v) => v.text);

export function treatmentOf(advertisements: readonly BgpAdvertisement[]): Treatment {
  const groups = new Map<string, { peers: readonly string[]; parts: Attributes[] }>();
  for (const a of advertisements) {
    const peers = [...new Set(a.peers)].sort();
    const key = JSON.stringify(peers);
    const group = groups.get(key) ?? { peers, parts: [] };
    groups.set(key, group);
    group.parts.push({
      localPref: a.localPref,
      communities: texts(a.communities, "standard"),
      largeCommunities: texts(a.communities, "large"),
    });
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { peers, parts }]) => ({ peers, ...uniteAttributes(parts) }));
}

const keys = new WeakMap<Treatment, string>();

/** Content of a treatment as text: equal exactly for equal treatments. */
export function treatmentKey(treatment: Treatment): string {
  const known = keys.get(treatment);
  if (known !== undefined) return known;
  const parts = treatment.map((p) => [p.peers, p.localPref, p.communities, p.largeCommunities]);
  const key = JSON.stringify(parts);
  keys.set(treatment, key);
  return key;
}

/** What one peer gets of it; null: nothing. */
export function attributesAt(treatment: Treatment, peer: string): Attributes | null {
  let ofPeers = attributes.get(treatment);
  if (ofPeers === undefined)
    attributes.set(treatment, (ofPeers = new Map<string, Attributes | null>()));
  let found = ofPeers.get(peer);
  if (found === undefined) ofPeers.set(peer, (found = attributesOf(treatment, peer)));
  return found;
}

const attributes = new WeakMap<Treatment, Map<string, Attributes | null>>();

function attributesOf(treatment: Treatment, peer: string): Attributes | null {
  const parts = treatment.filter((p) => p.peers.length === 0 || p.peers.includes(peer));
  return parts.length === 0 ? null : uniteAttributes(parts);
}
