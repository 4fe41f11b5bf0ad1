/**
 * Manifests in, `Config` and a list of problems out: pure, deterministic, the same for any order of the input.
 * There is always a working `Config`: what is wrong is left out, or acts in its last accepted version.
 */
import { refText } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { NOTHING_ACCEPTED } from "./accepted.ts";
import type { Accepted } from "./accepted.ts";
import { noteAdvertisements } from "./advertisement-notes.ts";
import { assemble } from "./assemble.ts";
import { BFD_RULES } from "./bfd-profile.ts";
import { ownBgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpDraft } from "./bgp-advertisement.ts";
import { bgpTable } from "./bgp-conflicts.ts";
import type { Blame, BgpTable } from "./bgp-conflicts.ts";
import { COMMUNITY_RULES } from "./community.ts";
import type { CommunityValue, Config } from "./config.ts";
import { extrasOf } from "./extras.ts";
import { sortedProblems } from "./findings.ts";
import { l2Rules } from "./l2-advertisement.ts";
import { outcomeOf, peerNeeds } from "./outcome.ts";
import type { Quarantined } from "./outcome.ts";
import { peerRules } from "./peer.ts";
import type { PeerDraft } from "./peer.ts";
import { poolRules } from "./pool.ts";
import { fieldsOf, listAt, textAt } from "./read.ts";
import { labelledOf, secretsOf } from "./surroundings.ts";
import { settle } from "./settle.ts";
import type { Admitted, Rules, Vetoes } from "./settle.ts";
import { intake } from "./source.ts";
import type { Intake, Source } from "./source.ts";

export interface ParseOptions {
  /** What acted before; without it there is no past, and what is wrong is left out. */
  readonly accepted?: Accepted;
  /** Versions that FRR refused, from `withRefusals`. */
  readonly refused?: Vetoes;
}

export interface Parsed {
  readonly config: Config;
  /** By object, errors first. */
  readonly problems: readonly Problem[];
  /** To be handed in again; keep it only once the configuration is in force. */
  readonly accepted: Accepted;
  /** Objects that do not act as written, sorted. */
  readonly quarantined: readonly Quarantined[];
  /** Digest of the version in which each object acts, by `Kind namespace/name`. */
  readonly versions: ReadonlyMap<string, string>;
}

export function parseConfig(snapshot: Snapshot, options: ParseOptions = {}): Parsed {
  const accepted = options.accepted ?? NOTHING_ACCEPTED;
  let vetoes: Vetoes = options.refused ?? new Map();
  for (;;) {
    const { parsed, blames } = parseOnce(snapshot, accepted, vetoes);
    if (blames.length === 0) return parsed;
    vetoes = withBlames(vetoes, blames);
  }
}

export interface Refused {
  readonly objects: readonly ObjectRef[];
  /** FRR's own words. */
  readonly words: string;
}

/** Adds what FRR refused of the configuration in `parsed`, for the next `parseConfig`. Lasts until an object is edited. */
export function withRefusals(vetoes: Vetoes, parsed: Parsed, refused: readonly Refused[]): Vetoes {
  const blames = refused.flatMap(({ objects, words }) =>
    objects.flatMap((object): VetoEntry[] => {
      const key = refText(object);
      const digest = parsed.versions.get(key);
      const message = `FRR refused it: ${words}; change what the message names`;
      const problem: Problem = {
        severity: "error",
        rule: "F18",
        code: "frrRefused",
        object,
        path: "spec",
        message,
      };
      return digest === undefined ? [] : [{ key, digest, problem }];
    }),
  );
  return withVetoes(vetoes, blames);
}

interface VetoEntry {
  readonly key: string;
  readonly digest: string;
  readonly problem: Problem;
}

function withVetoes(vetoes: Vetoes, entries: readonly VetoEntry[]): Vetoes {
  const next = new Map([...vetoes].map(([key, digests]) => [key, new Map(digests)]));
  for (const { key, digest, problem } of entries) {
    const digests = next.get(key) ?? new Map<string, readonly Problem[]>();
    digests.set(digest, [...(digests.get(digest) ?? []), problem]);
    next.set(key, digests);
  }
  return next;
}

const withBlames = (vetoes: Vetoes, blames: readonly Blame[]): Vetoes =>
  withVetoes(
    vetoes,
    blames.map(({ version, digest, problem }) => ({
      key: refText(version.source.ref),
      digest,
      problem,
    })),
  );

/** Aliases that Community objects define which do not act, with the name of the first such object. */
function lostAliases(sources: readonly Source[], out: ReadonlySet<string>): Map<string, string> {
  const lost = new Map<string, string>();
  for (const { name, spec } of sources.filter((source) => out.has(source.name)))
    for (const raw of listAt(spec, "communities")) {
      const alias = textAt(fieldsOf(raw), "name") ?? "";
      if (!lost.has(alias)) lost.set(alias, name);
    }
  return lost;
}

interface Once {
  readonly parsed: Parsed;
  readonly blames: readonly Blame[];
}

function parseOnce(snapshot: Snapshot, accepted: Accepted, vetoes: Vetoes): Once {
  const { namespace } = snapshot;
  const nodes = labelledOf(snapshot.nodes);
  const of = (list: readonly unknown[], kind: string) => intake(list, kind, namespace);
  const step = <D>(taken: Intake, rules: Rules<D>) =>
    settle(taken.sources, accepted, vetoes, rules);

  const profileIntake = of(snapshot.bfdProfiles, "BFDProfile");
  const profiles = step(profileIntake, BFD_RULES);

  const communityIntake = of(snapshot.communities, "Community");
  const communities = step(communityIntake, COMMUNITY_RULES);
  const aliases = new Map<string, CommunityValue>(
    communities.admitted.flatMap(({ draft }) => draft.map(({ name, value }) => [name, value])),
  );

  const peerIntake = of(snapshot.bgpPeers, "BGPPeer");
  const peers = step(
    peerIntake,
    peerRules({
      nodes,
      secrets: secretsOf(snapshot),
      profiles: new Map(profiles.admitted.map(({ draft }) => [draft.name, draft])),
      lostProfiles: profiles.out,
      passwords: accepted.passwords,
    }),
  );

  const poolIntake = of(snapshot.pools, "IPAddressPool");
  const pools = step(poolIntake, poolRules(labelledOf(snapshot.namespaces)));

  const l2Intake = of(snapshot.l2Advertisements, "L2Advertisement");
  const l2 = step(l2Intake, l2Rules(nodes));

  const bgpIntake = of(snapshot.bgpAdvertisements, "BGPAdvertisement");
  let table: BgpTable | null = null;
  const bgp = step<BgpDraft>(bgpIntake, {
    own: ownBgpAdvertisement(nodes, {
      aliases,
      lostAliases: lostAliases(communityIntake.sources, communities.out),
    }),
    table: () =>
      (table = bgpTable({
        pools: pools.admitted,
        peers: peers.admitted,
        profiles: profiles.admitted,
        nodesKnown: nodes.length > 0,
      })),
  });

  const extras = extrasOf(snapshot, vetoes);
  const profileSpecs = new Map(
    profiles.admitted.map(({ version, draft }) => [draft.name, version.source.spec]),
  );
  const outcomes = [
    outcomeOf(profileIntake, profiles, accepted),
    outcomeOf(communityIntake, communities, accepted),
    outcomeOf(peerIntake, peers, accepted, (peer) => peerNeeds(peer, profileSpecs)),
    outcomeOf(poolIntake, pools, accepted),
    outcomeOf(l2Intake, l2, accepted),
    outcomeOf(bgpIntake, bgp, accepted, ({ draft }) =>
      draft.aliases.length === 0 ? {} : { aliases: draft.aliases },
    ),
  ];
  return {
    blames: (table as BgpTable | null)?.blames ?? [],
    parsed: {
      config: assemble({
        pools: pools.admitted,
        peers: peers.admitted,
        profiles: profiles.admitted,
        l2: l2.admitted,
        bgp: bgp.admitted,
        extras: extras.text,
      }),
      problems: sortedProblems([
        ...outcomes.flatMap((outcome) => outcome.problems),
        ...noteAdvertisements({ pools, peers, l2: l2.admitted, bgp: bgp.admitted }),
        ...extras.problems,
      ]),
      accepted: {
        objects: new Map(outcomes.flatMap((outcome) => outcome.entries)),
        passwords: passwordsOf(peers.admitted),
      },
      quarantined: outcomes.flatMap((outcome) => outcome.quarantined),
      versions: new Map([...outcomes.flatMap((outcome) => outcome.versions), ...extras.versions]),
    },
  };
}

const passwordsOf = (peers: readonly Admitted<PeerDraft>[]): ReadonlyMap<string, string> =>
  new Map(
    peers.flatMap(({ draft: { peer } }): [string, string][] =>
      peer.password === null ? [] : [[peer.name, peer.password]],
    ),
  );
