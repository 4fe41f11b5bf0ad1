/** Which pools an advertisement covers: crds reference 3.4. */
import { anySelectorMatches } from "../api/selector.ts";
import type { Findings } from "./findings.ts";
import { quoted } from "./findings.ts";
import type { PoolChoice } from "./l2-advertisement.ts";
import type { PoolDraft } from "./pool.ts";
import type { Admitted } from "./settle.ts";

/** All pools only where neither names nor selectors are given; else the union of both. */
export const coveredPools = (
  choice: PoolChoice,
  pools: readonly Admitted<PoolDraft>[],
): readonly Admitted<PoolDraft>[] =>
  choice.poolNames.length === 0 && choice.poolSelectors.length === 0
    ? pools
    : pools.filter(
        ({ draft }) =>
          choice.poolNames.includes(draft.name) ||
          (choice.poolSelectors.length > 0 &&
            anySelectorMatches(choice.poolSelectors, draft.labels)),
      );

/** Warnings only: names of pools that are not there, selectors that reach none. `rule`: V39 or V54. */
export function noteCoverage(
  choice: PoolChoice,
  pools: readonly Admitted<PoolDraft>[],
  lostPools: ReadonlySet<string>,
  rule: string,
  found: Findings,
): void {
  const known = new Set(pools.map(({ draft }) => draft.name));
  choice.poolNames.forEach((name, i) => {
    const path = `spec.ipAddressPools[${i}]`;
    if (lostPools.has(name))
      found.warn(
        rule,
        "poolLeftOut",
        path,
        `IPAddressPool ${quoted(name)} has errors and is left out, so nothing of it is announced: mend it`,
      );
    else if (!known.has(name))
      found.warn(
        rule,
        "unknownPool",
        path,
        `there is no IPAddressPool ${quoted(name)}: create it or correct the name`,
      );
  });
  if (
    choice.poolSelectors.length > 0 &&
    !pools.some(({ draft }) => anySelectorMatches(choice.poolSelectors, draft.labels))
  )
    found.warn(
      rule,
      "noPoolMatches",
      "spec.ipAddressPoolSelectors",
      "matches no IPAddressPool: label one or change the selector",
    );
}
