/**
 * The configuration as the controller uses it: parsed again only when something it depends on changed, and
 * the same pools again when they came out equal, so that the allocator's memory stays good.
 */
import { poolsLeftOut } from "../allocator/settle.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { acceptedText } from "../config/accepted.ts";
import type { Accepted } from "../config/accepted.ts";
import type { Pool } from "../config/config.ts";
import { parseConfig } from "../config/parse.ts";
import type { Parsed } from "../config/parse.ts";
import { onceFor } from "../runtime/steady.ts";

export interface ControllerConfig {
  readonly pools: readonly Pool[];
  /** Pools that are in the manifests but do not act. */
  readonly leftOut: ReadonlySet<string>;
  readonly problems: readonly Problem[];
  readonly quarantined: Parsed["quarantined"];
  /** What now counts as accepted, for the state directory. */
  readonly acceptedText: string;
}

/** Everything beside pools that a configuration is made of; Services, EndpointSlices and Pods are not. */
const CONFIG_INPUTS = [
  "namespace",
  "l2Advertisements",
  "bgpAdvertisements",
  "bgpPeers",
  "bfdProfiles",
  "communities",
  "nodes",
  "namespaces",
  "secrets",
  "configMaps",
] as const satisfies readonly (keyof Snapshot)[];

/** Of a pool without its status, which says what became of it. */
const poolText = onceFor((pool: Snapshot["pools"][number]) =>
  JSON.stringify({ ...pool, status: null }),
);

const samePools = (a: Snapshot["pools"], b: Snapshot["pools"]): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every((pool, i) => {
      const other = b[i];
      return pool === other || (other !== undefined && poolText(pool) === poolText(other));
    }));

/** Whether both make the same configuration. */
export const sameInputs = (a: Snapshot, b: Snapshot): boolean =>
  samePools(a.pools, b.pools) && CONFIG_INPUTS.every((name) => a[name] === b[name]);

const poolsText = (pools: readonly Pool[]): string =>
  JSON.stringify(
    pools.map((pool) => ({ ...pool, bgpAdvertisements: [], l2Advertisements: [] })),
    (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v),
  );

/** `accepted`: what acted before the last restart. */
export function controllerConfigFrom(accepted: Accepted): (snapshot: Snapshot) => ControllerConfig {
  let from: Snapshot | null = null;
  let past = accepted;
  let config: ControllerConfig = {
    pools: [],
    leftOut: new Set(),
    problems: [],
    quarantined: [],
    acceptedText: acceptedText(accepted),
  };
  return (snapshot) => {
    if (from !== null && sameInputs(from, snapshot)) return config;
    from = snapshot;
    const parsed = parseConfig(snapshot, { accepted: past });
    past = parsed.accepted;
    const same = poolsText(parsed.config.pools) === poolsText(config.pools);
    config = {
      pools: same ? config.pools : parsed.config.pools,
      leftOut: poolsLeftOut(parsed),
      problems: parsed.problems,
      quarantined: parsed.quarantined,
      acceptedText: acceptedText(past),
    };
    return config;
  };
}
