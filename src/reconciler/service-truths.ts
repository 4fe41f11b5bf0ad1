/** How this node stands to every Service that holds addresses, by intention and by what was seen. Pure. */
import type { Service, ServiceKey } from "../api/objects.ts";
import { announcedIps, endpointsByService } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { BgpDecision } from "../bgp/decision.ts";
import type { NodeBgp } from "../bgp/model.ts";
import { poolFor } from "../config/pool-for.ts";
import type { Config } from "../config/config.ts";
import type { L2Decision } from "../l2/decision.ts";
import type { Inputs, ServiceTruth } from "./announcement-report.ts";
import { bgpTruth } from "./bgp-truth.ts";
import type { Seen } from "./bgp-truth.ts";
import { l2Truth } from "./l2-truth.ts";
import type { Answering } from "./l2-truth.ts";

export interface Doing {
  readonly decisions: ReadonlyMap<
    ServiceKey,
    { readonly service: Service; readonly decision: BgpDecision }
  >;
  /** Null: no pass was made yet. */
  readonly bgp: NodeBgp | null;
  readonly seen: Seen;
  readonly l2: ReadonlyMap<ServiceKey, L2Decision> | null;
  readonly answering: Answering | null;
}

/** A Service without an address is the controller's to explain. */
const SILENT: ReadonlySet<string> = new Set(["notLoadBalancer", "noIPAllocated"]);
export const isSilent = (reason: string): boolean => SILENT.has(reason);

export function serviceTruths(doing: Doing): readonly ServiceTruth[] {
  const { decisions, bgp, seen, l2, answering } = doing;
  const sent = bgp === null ? new Map<never, never>() : bgpTruth(bgp, seen);
  const hasSession = bgp?.instances.some((i) => i.neighbors.length > 0) ?? false;
  const truths: ServiceTruth[] = [];
  for (const [key, { decision }] of decisions) {
    if (!decision.announce && isSilent(decision.reason)) continue;
    const peers = decision.announce ? (sent.get(key) ?? []) : [];
    const reason = !decision.announce
      ? decision.reason
      : peers.length > 0
        ? null
        : hasSession
          ? "noPeerForPrefix"
          : "noSession";
    const at = l2?.get(key);
    truths.push({
      key,
      bgp: { peers, reason },
      l2: at === undefined ? null : l2Truth(at, answering),
    });
  }
  return truths;
}

/** What the decision about one Service was made from. */
export function inputsOf(
  key: ServiceKey,
  { decisions, l2 }: Pick<Doing, "decisions" | "l2">,
  world: {
    readonly snapshot: Pick<Snapshot, "endpointSlices">;
    readonly config: Pick<Config, "pools">;
    readonly members: ReadonlySet<string> | null;
    readonly configurationHash: string;
    readonly epoch: number;
  },
): Inputs {
  const service = decisions.get(key)?.service;
  const decision = decisions.get(key)?.decision;
  const assigned = service === undefined ? { ips: [] } : announcedIps(service);
  const ips = "ips" in assigned ? assigned.ips : [];
  const pool = ips.length === 0 ? null : poolFor(world.config.pools, ips);
  const generation = service?.metadata.generation;
  const advertisements = [
    ...(decision?.announce === true
      ? decision.advertisements.map((a) => `BGPAdvertisement/${a.name}`)
      : []),
    ...(pool?.l2Advertisements ?? []).flatMap((a) => a.names.map((n) => `L2Advertisement/${n}`)),
  ];
  const candidates = l2?.get(key)?.addresses[0]?.candidates ?? [];
  return {
    ...(generation !== undefined && { serviceGeneration: generation }),
    addresses: [...ips],
    ...(pool !== null && { pool: pool.name }),
    advertisements: [...new Set(advertisements)].sort(),
    ...(world.members !== null && { members: [...world.members].sort() }),
    candidates: [...candidates].sort(),
    endpointNodes: [...endpointsByService(world.snapshot.endpointSlices)(key).nodes].sort(),
    configurationHash: world.configurationHash,
    epoch: world.epoch,
  };
}
