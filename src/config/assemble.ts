/** From what was admitted to the `Config`: advertisements attached to their pools, everything sorted. */
import type { BgpDraft } from "./bgp-advertisement.ts";
import type { BfdProfile, BgpAdvertisement, Config, L2Advertisement, Pool } from "./config.ts";
import { coveredPools } from "./coverage.ts";
import type { L2Draft } from "./l2-advertisement.ts";
import type { PeerDraft } from "./peer.ts";
import type { PoolDraft } from "./pool.ts";
import { compareText, stableText } from "./read.ts";
import type { Admitted } from "./settle.ts";

export interface Parts {
  readonly pools: readonly Admitted<PoolDraft>[];
  readonly peers: readonly Admitted<PeerDraft>[];
  readonly profiles: readonly Admitted<BfdProfile>[];
  readonly l2: readonly Admitted<L2Draft>[];
  readonly bgp: readonly Admitted<BgpDraft>[];
  readonly extras: string | null;
}

const bgpAdvertisementOf = ({ draft }: Admitted<BgpDraft>): BgpAdvertisement => ({
  name: draft.name,
  aggregationLength: draft.aggregationLength,
  aggregationLengthV6: draft.aggregationLengthV6,
  localPref: draft.localPref,
  communities: draft.communities,
  nodes: draft.nodes,
  peers: draft.peers,
  serviceSelectors: draft.serviceSelectors,
});

/** Those that come out equal for a pool are one, under all their names. */
function mergedL2(list: readonly Admitted<L2Draft>[]): readonly L2Advertisement[] {
  const merged = new Map<string, L2Advertisement>();
  for (const { version, draft } of list) {
    const { nodes, interfaces, serviceSelectors } = draft;
    const key = stableText([nodes, interfaces, serviceSelectors]);
    const same = merged.get(key);
    const names = [...(same?.names ?? []), version.source.name];
    const allInterfaces = interfaces.length === 0;
    const spread = draft.isBounded || same?.spread === "bounded";
    merged.set(key, {
      ...{ names, nodes, interfaces, allInterfaces, serviceSelectors },
      ...(spread && { spread: "bounded" }),
    });
  }
  return [...merged.values()];
}

/** For each pool by name, those that cover it, in the order given. */
function coverage<D extends BgpDraft | L2Draft>(
  advertisements: readonly Admitted<D>[],
  pools: Parts["pools"],
): ReadonlyMap<string, readonly Admitted<D>[]> {
  const lists = new Map<string, Admitted<D>[]>(pools.map(({ draft }) => [draft.name, []]));
  for (const advertisement of advertisements)
    for (const { draft } of coveredPools(advertisement.draft, pools))
      lists.get(draft.name)?.push(advertisement);
  return lists;
}

export function assemble(parts: Parts): Config {
  const bgp = coverage(parts.bgp, parts.pools);
  const l2 = coverage(parts.l2, parts.pools);
  const pools = parts.pools.map(({ draft }): Pool => {
    const { name } = draft;
    return {
      name,
      cidrs: draft.blocks.flatMap((block) => block.prefixes),
      autoAssign: draft.autoAssign,
      avoidBuggyIPs: draft.avoidBuggyIPs,
      serviceAllocation: draft.serviceAllocation,
      reserved: draft.reserved,
      draining: draft.draining,
      retainS: draft.retainS,
      bgpAdvertisements: (bgp.get(name) ?? [])
        .filter((advertisement) => !advertisement.draft.notOn.has(name))
        .map(bgpAdvertisementOf),
      l2Advertisements: mergedL2(l2.get(name) ?? []),
    };
  });
  const profiles = new Map(parts.profiles.map(({ draft }) => [draft.name, draft]));
  for (const { draft } of parts.peers)
    if (draft.profile?.deleted === true)
      profiles.set(draft.profile.profile.name, draft.profile.profile);
  return {
    pools,
    peers: parts.peers.map(({ draft }) => draft.peer),
    bfdProfiles: [...profiles.values()].sort((a, b) => compareText(a.name, b.name)),
    extras: parts.extras,
  };
}
