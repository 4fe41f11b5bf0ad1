/** BGPAdvertisement by itself: rules V20 to V23, V41, V42, V45, V48 to V50, V52, crds reference 2.8, 3.8. */
import type { CommunityValue } from "./config.ts";
import type { LabelSelector } from "../api/objects.ts";
import { parseCommunity, sortedCommunities } from "./community.ts";
import { findingsOn, hasError, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { poolChoiceOf, serviceSelectorsOf } from "./l2-advertisement.ts";
import type { PoolChoice } from "./l2-advertisement.ts";
import { compareText, integerAt } from "./read.ts";
import type { Fields } from "./read.ts";
import { checkedNodeSelectors, distinctTexts, namesMatching } from "./selectors.ts";
import type { Labelled } from "./selectors.ts";
import type { Judged, Version } from "./settle.ts";

export interface BgpDraft extends PoolChoice {
  readonly name: string;
  readonly aggregationLength: number;
  readonly aggregationLengthV6: number;
  readonly localPref: number;
  readonly communities: readonly CommunityValue[];
  /** Aliases it uses, as `[name, literal]`, sorted. */
  readonly aliases: readonly (readonly [string, string])[];
  readonly nodes: readonly string[];
  readonly peers: readonly string[];
  readonly serviceSelectors: readonly LabelSelector[];
  /** Pools it must not be attached to, as it conflicts there. */
  readonly notOn: ReadonlySet<string>;
}

export interface AliasContext {
  readonly aliases: ReadonlyMap<string, CommunityValue>;
  /** Aliases of Community objects that do not act, with the object's name. */
  readonly lostAliases: ReadonlyMap<string, string>;
}

/** MetalLB hands at most this many to a session. */
const MOST_COMMUNITIES = 63;

const literal = (c: CommunityValue): string => (c.kind === "large" ? `large:${c.text}` : c.text);

function communityFor(
  text: string,
  path: string,
  context: AliasContext,
  past: ReadonlyMap<string, string>,
  found: Findings,
): { value: CommunityValue; alias: boolean } | null {
  const aliased = context.aliases.get(text);
  if (aliased !== undefined) return { value: aliased, alias: true };
  const remembered = parseCommunity(past.get(text) ?? "");
  if (remembered !== null) return { value: remembered, alias: true };
  const value = parseCommunity(text);
  if (value !== null) return { value, alias: false };
  const owner = context.lostAliases.get(text);
  if (owner !== undefined)
    found.error(
      "V49",
      "aliasLeftOut",
      path,
      `${quoted(text)} is an alias of Community ${quoted(owner)}, which has errors and is left out: mend it first`,
    );
  else if ([2, 4].includes(text.split(":").length))
    found.error(
      "V48",
      "badCommunity",
      path,
      `${quoted(text)} is no community: write A:B (0 to 65535 each) or large:A:B:C (0 to 4294967295 each)`,
    );
  else
    found.error(
      "V49",
      "unknownCommunity",
      path,
      `${quoted(text)} is neither a community nor an alias: define it in a Community`,
    );
  return null;
}

function communitiesOf(
  version: Version,
  context: AliasContext,
  found: Findings,
): Pick<BgpDraft, "communities" | "aliases"> {
  const path = "spec.communities";
  const texts = distinctTexts(version.source.spec, "communities", path, found);
  const past = new Map(version.past?.aliases ?? []);
  const values: CommunityValue[] = [];
  const aliases: [string, string][] = [];
  texts.forEach((text, i) => {
    const resolved = communityFor(text, `${path}[${i}]`, context, past, found);
    if (resolved === null) return;
    values.push(resolved.value);
    if (resolved.alias) aliases.push([text, literal(resolved.value)]);
  });
  const communities = sortedCommunities(values);
  if (communities.length > MOST_COMMUNITIES)
    found.error(
      "V52",
      "tooManyCommunities",
      path,
      `${communities.length} communities: at most ${MOST_COMMUNITIES} can be sent`,
    );
  return { communities, aliases: aliases.sort(([a], [b]) => compareText(a, b)) };
}

function lengthsOf(
  spec: Fields,
  selective: boolean,
  found: Findings,
): Pick<BgpDraft, "aggregationLength" | "aggregationLengthV6"> {
  const aggregationLength = integerAt(spec, "aggregationLength") ?? 32;
  const aggregationLengthV6 = integerAt(spec, "aggregationLengthV6") ?? 128;
  const check = (value: number, most: number, key: string, rule: string): void => {
    if (value > most)
      found.error(rule, "aggregationTooLong", `spec.${key}`, `${value}: must be at most ${most}`);
    if (selective && value !== most)
      found.error(
        "V45",
        "aggregationWithServiceSelectors",
        `spec.${key}`,
        `an aggregate covers more than the selected services: with serviceSelectors it must be ${most}`,
      );
  };
  check(aggregationLength, 32, "aggregationLength", "V41");
  check(aggregationLengthV6, 128, "aggregationLengthV6", "V42");
  return { aggregationLength, aggregationLengthV6 };
}

export const ownBgpAdvertisement =
  (nodes: readonly Labelled[], context: AliasContext) =>
  (version: Version): Judged<BgpDraft> => {
    const { source } = version;
    const found = findingsOn(source.ref);
    found.problems.push(...source.refusals);
    const serviceSelectors = serviceSelectorsOf(source.spec, found);
    const localPref = integerAt(source.spec, "localPref") ?? 0;
    const value: BgpDraft = {
      name: source.name,
      ...poolChoiceOf(source.spec, found),
      ...lengthsOf(source.spec, serviceSelectors.length > 0, found),
      localPref,
      ...communitiesOf(version, context, found),
      nodes: namesMatching(checkedNodeSelectors(source.spec, nodes, found), nodes),
      peers: [...distinctTexts(source.spec, "peers", "spec.peers", found)].sort(compareText),
      serviceSelectors,
      notOn: new Set(),
    };
    return { value: hasError(found.problems) ? null : value, problems: found.problems };
  };
