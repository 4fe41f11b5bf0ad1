/**
 * BGPAdvertisements beside pools, peers and each other: rules V43, V44, V46, V56. Of a pool and an
 * advertisement that do not fit, the senior keeps what it has: a junior advertisement is refused, a junior pool
 * is not announced by it. An advertisement in force goes on for the pools where nothing is wrong.
 */
import type { Problem } from "../api/problem.ts";
import type { BgpDraft } from "./bgp-advertisement.ts";
import { coveredPools } from "./coverage.ts";
import { findingsOn, quoted } from "./findings.ts";
import type { PeerDraft } from "./peer.ts";
import type { PoolDraft } from "./pool.ts";
import type { Block } from "./pool-addresses.ts";
import { compareSeniority } from "./settle.ts";
import type { Admitted, Judged, Table, Version } from "./settle.ts";
import type { BfdProfile } from "./config.ts";

type Pool = Admitted<PoolDraft>;
type Advertisement = Admitted<BgpDraft>;

/** A version of another kind that gives way to a senior advertisement, and the problem it then has. */
export interface Blame {
  readonly version: Version;
  readonly digest: string;
  readonly problem: Problem;
}

export interface ConflictContext {
  readonly pools: readonly Pool[];
  readonly peers: readonly Admitted<PeerDraft>[];
  readonly profiles: readonly Admitted<BfdProfile>[];
  readonly nodesKnown: boolean;
}

interface Conflict {
  readonly pool: Pool;
  readonly problem: Problem;
  /** Between the pool and the advertisement: a junior pool gives way. Else between two advertisements. */
  readonly withPool: boolean;
}

const shares = (a: Iterable<string>, b: ReadonlySet<string>): boolean => {
  for (const one of a) if (b.has(one)) return true;
  return false;
};

const hasFamily = (pool: PoolDraft, family: 4 | 6): boolean =>
  pool.blocks.some((block) => block.prefixes.some((p) => p.family === family));

/** V44: a range is bounded by the shortest of the prefixes it expands to. */
const shortest = (block: Block): number => Math.min(...block.prefixes.map((p) => p.length));

function aggregationConflicts(adv: Advertisement, pool: Pool): Conflict[] {
  const found = findingsOn(adv.version.source.ref);
  for (const block of pool.draft.blocks) {
    const v6 = block.prefixes[0]?.family === 6;
    const key = v6 ? "aggregationLengthV6" : "aggregationLength";
    if (block.prefixes.length === 0 || adv.draft[key] >= shortest(block)) continue;
    found.error(
      block.prefixes.length === 1 ? "V43" : "V44",
      "aggregationTooShort",
      `spec.${key}`,
      `/${adv.draft[key]} is wider than ${quoted(block.text)} of IPAddressPool ${quoted(pool.draft.name)}: ` +
        `use ${shortest(block)} or more, or leave that pool to another advertisement`,
    );
  }
  return found.problems.map((problem) => ({ pool, problem, withPool: true }));
}

function aggregateDifferently(a: BgpDraft, b: BgpDraft, pool: PoolDraft): boolean {
  const [v4, v6] = [hasFamily(pool, 4), hasFamily(pool, 6)];
  if (!v4 && !v6) return true;
  return (
    (!v4 || a.aggregationLength !== b.aggregationLength) &&
    (!v6 || a.aggregationLengthV6 !== b.aggregationLengthV6)
  );
}

const compatible = (a: BgpDraft, b: BgpDraft, pool: PoolDraft): boolean =>
  a.localPref === b.localPref ||
  a.serviceSelectors.length > 0 ||
  b.serviceSelectors.length > 0 ||
  aggregateDifferently(a, b, pool) ||
  (a.peers.length > 0 && b.peers.length > 0 && !shares(a.peers, new Set(b.peers))) ||
  !shares(a.nodes, new Set(b.nodes));

function localPrefConflicts(
  adv: Advertisement,
  pool: Pool,
  others: readonly BgpDraft[],
): Conflict[] {
  const found = findingsOn(adv.version.source.ref);
  for (const other of others)
    if (!compatible(adv.draft, other, pool.draft))
      found.error(
        "V46",
        "localPrefConflict",
        "spec.localPref",
        `${adv.draft.localPref} differs from ${other.localPref} of BGPAdvertisement ${quoted(other.name)} for the same ` +
          `routes of IPAddressPool ${quoted(pool.draft.name)}: use one value, or other peers, nodes or aggregation lengths`,
      );
  return found.problems.map((problem) => ({ pool, problem, withPool: false }));
}

/** Sessions with an echo profile that this advertisement would send IPv6 routes of the pool to. */
function echoPeers(adv: BgpDraft, context: ConflictContext): readonly Admitted<PeerDraft>[] {
  return context.peers.filter(
    ({ draft }) =>
      draft.profile?.profile.echoMode === true &&
      (adv.peers.length === 0 || adv.peers.includes(draft.peer.name)) &&
      (!context.nodesKnown || shares(adv.nodes, draft.nodes)),
  );
}

const echoText = (pool: string, peer: string, profile: string): string =>
  `IPAddressPool ${quoted(pool)} has IPv6 addresses and BGPPeer ${quoted(peer)} runs BFD echo ` +
  `(BFDProfile ${quoted(profile)}), which is for IPv4 only: announce the pool to other peers or switch echoMode off`;

export interface BgpTable extends Table<BgpDraft> {
  /** Peers and profiles that must give way; the parse is repeated without these versions. */
  readonly blames: Blame[];
}

export function bgpTable(context: ConflictContext): BgpTable {
  const blames: Blame[] = [];
  const attached = new Map<string, BgpDraft[]>();
  const profileOf = new Map(context.profiles.map((p) => [p.draft.name, p]));

  /** V56: the most junior of peer, profile and advertisement gives way; the advertisement if there is none. */
  function echoConflicts(
    adv: Advertisement,
    pool: Pool,
  ): { conflicts: Conflict[]; blamed: Blame[] } {
    if (!hasFamily(pool.draft, 6)) return { conflicts: [], blamed: [] };
    const conflicts: Conflict[] = [];
    const blamed: Blame[] = [];
    for (const peer of echoPeers(adv.draft, context)) {
      const profileName = peer.draft.profile?.profile.name ?? "";
      const message = echoText(pool.draft.name, peer.draft.peer.name, profileName);
      const profile = profileOf.get(profileName);
      const junior = [peer, ...(profile === undefined ? [] : [profile])].reduce((a, b) =>
        compareSeniority(b.version, a.version) > 0 ? b : a,
      );
      const loser = compareSeniority(junior.version, adv.version) > 0 ? junior : adv;
      const found = findingsOn(loser.version.source.ref);
      const path =
        loser === adv ? "spec.peers" : loser === peer ? "spec.bfdProfile" : "spec.echoMode";
      found.error("V56", "echoOverIpv6", path, message);
      const [problem] = found.problems;
      if (problem === undefined) continue;
      if (loser === adv) conflicts.push({ pool, problem, withPool: true });
      else blamed.push({ version: loser.version, digest: loser.digest, problem });
    }
    return { conflicts, blamed };
  }

  return {
    blames,
    beside(adv: Advertisement): Judged<BgpDraft> {
      const conflicts: Conflict[] = [];
      const blamed: Blame[] = [];
      for (const pool of coveredPools(adv.draft, context.pools)) {
        const echo = echoConflicts(adv, pool);
        blamed.push(...echo.blamed);
        conflicts.push(
          ...aggregationConflicts(adv, pool),
          ...echo.conflicts,
          ...localPrefConflicts(adv, pool, attached.get(pool.draft.name) ?? []),
        );
      }
      const fatal = conflicts.some(
        ({ pool, withPool }) =>
          !adv.version.inForce && !(withPool && compareSeniority(pool.version, adv.version) > 0),
      );
      const problems = conflicts.map(({ problem }) => problem);
      if (fatal) return { value: null, problems };
      blames.push(...blamed);
      const notOn = new Set(conflicts.map(({ pool }) => pool.draft.name));
      return { value: { ...adv.draft, notOn }, problems };
    },
    add({ draft }) {
      for (const pool of coveredPools(draft, context.pools)) {
        if (draft.notOn.has(pool.draft.name)) continue;
        const list = attached.get(pool.draft.name);
        if (list === undefined) attached.set(pool.draft.name, [draft]);
        else list.push(draft);
      }
    },
  };
}
