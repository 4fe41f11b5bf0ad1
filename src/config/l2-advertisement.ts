/** L2Advertisement: rule V38, crds reference 2.7, 3.4, 3.7. */
import type { LabelSelector } from "../api/objects.ts";
import { findingsOn, hasError, quoted } from "./findings.ts";
import { compareText, stableText, textsAt } from "./read.ts";
import type { Fields } from "./read.ts";
import {
  checkedNodeSelectors,
  checkedSelectors,
  distinctTexts,
  namesMatching,
  repeatRule,
} from "./selectors.ts";
import type { Labelled } from "./selectors.ts";
import type { Findings } from "./findings.ts";
import { freeTable } from "./settle.ts";
import type { Judged, Rules, Version } from "./settle.ts";

/** Which pools an advertisement covers, by name and by label. Both empty: all. */
export interface PoolChoice {
  readonly poolNames: readonly string[];
  readonly poolSelectors: readonly LabelSelector[];
}

export interface L2Draft extends PoolChoice {
  readonly nodes: readonly string[];
  readonly interfaces: readonly string[];
  readonly serviceSelectors: readonly LabelSelector[];
  readonly isBounded: boolean;
}

/** `bounded`: no owner has two addresses more than another. */
export const SPREAD_ANNOTATION = "ferrolb.io/spread";

export const poolChoiceOf = (spec: Fields, found: Findings): PoolChoice => ({
  poolNames: distinctTexts(spec, "ipAddressPools", "spec.ipAddressPools", found),
  poolSelectors: checkedSelectors(
    spec,
    "ipAddressPoolSelectors",
    "spec.ipAddressPoolSelectors",
    found,
  ),
});

/** Sorted by canonical text, so that equal sets are equal lists. */
export const serviceSelectorsOf = (spec: Fields, found: Findings): readonly LabelSelector[] =>
  [...checkedSelectors(spec, "serviceSelectors", "spec.serviceSelectors", found)].sort((a, b) =>
    compareText(stableText(a), stableText(b)),
  );

function isBounded({ source }: Version, found: Findings): boolean {
  const text = source.annotations[SPREAD_ANNOTATION];
  if (text !== undefined && text !== "bounded")
    found.warn(
      "F5",
      "badSpread",
      `metadata.annotations[${JSON.stringify(SPREAD_ANNOTATION)}]`,
      `${quoted(text)} has no effect: write "bounded" or remove it`,
    );
  return text === "bounded";
}

const own =
  (nodes: readonly Labelled[]) =>
  (version: Version): Judged<L2Draft> => {
    const { source } = version;
    const found = findingsOn(source.ref);
    found.problems.push(...source.refusals);
    const value: L2Draft = {
      ...poolChoiceOf(source.spec, found),
      nodes: namesMatching(checkedNodeSelectors(source.spec, nodes, found), nodes),
      interfaces: [...new Set(textsAt(source.spec, "interfaces"))].sort(compareText),
      serviceSelectors: serviceSelectorsOf(source.spec, found),
      isBounded: isBounded(version, found),
    };
    repeatRule("V38", "spec", found);
    return { value: hasError(found.problems) ? null : value, problems: found.problems };
  };

export const l2Rules = (nodes: readonly Labelled[]): Rules<L2Draft> => ({
  own: own(nodes),
  table: freeTable,
});
