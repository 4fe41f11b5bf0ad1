/**
 * The controller without a cluster: passes over the same manifests until nothing is left to write. What
 * `ferrolb allocate`, `validate --against` and a speaker that allocates for itself have in common.
 */
import type { Service, ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { PoolCounters } from "../api/store.ts";
import type { Parsed } from "../config/parse.ts";
import { POOL_OUT_ANNOTATION } from "./annotations.ts";
import type { AllocationEvent } from "./events.ts";
import { PassMemo } from "./memo.ts";
import type { Outcome, Outcomes } from "./outcome.ts";
import { allocatePass } from "./pass.ts";
import type { PassInput, PassResult } from "./pass.ts";

export type SettleInput = Pick<
  PassInput,
  "pools" | "leftOut" | "services" | "lbClass" | "familySource"
>;

export interface Settled {
  /** As they are in the end; in no order. */
  readonly outcomes: Outcomes;
  /** What was told on the way, in order, per Service. */
  readonly events: ReadonlyMap<ServiceKey, readonly AllocationEvent[]>;
  /** Sorted by pool name. */
  readonly counters: ReadonlyMap<string, PoolCounters>;
  /** The Services with their addresses in the status, in the order given. */
  readonly services: readonly Service[];
}

/** Names of pools that are in the manifests, but do not act: their addresses are left alone. */
export const poolsLeftOut = ({ quarantined }: Pick<Parsed, "quarantined">): ReadonlySet<string> =>
  new Set(
    quarantined
      .filter((q) => q.object.kind === "IPAddressPool" && q.acting === "nothing")
      .map((q) => q.object.name),
  );

/** A snapshot of manifests, where nobody else gives cluster IPs. */
export const settleSnapshot = (
  { services }: Pick<Snapshot, "services">,
  parsed: Pick<Parsed, "config" | "quarantined">,
  lbClass: string,
): Settled =>
  settleServices({
    pools: parsed.config.pools,
    leftOut: poolsLeftOut(parsed),
    services,
    lbClass,
    familySource: "derived",
  });

/** One pass writes all there is to write, the next sees that; more would be a fault of ours. */
const PASSES_AT_MOST = 4;

export function settleServices(input: SettleInput): Settled {
  const memo = new PassMemo();
  const events = new Map<ServiceKey, AllocationEvent[]>();
  let services = input.services;
  let last: PassResult | null = null;
  for (let pass = 0; pass < PASSES_AT_MOST; pass++) {
    const previous: Outcomes = last?.outcomes ?? new Map();
    const given = { ...input, services, previous, retained: [], retainS: 0, nowMs: 0 };
    last = allocatePass(given, memo);
    for (const { key, event } of last.news) events.set(key, [...(events.get(key) ?? []), event]);
    if (last.writes.length === 0) break;
    services = withAddresses(services, last.writes);
  }
  return {
    outcomes: last?.outcomes ?? new Map(),
    events,
    counters: last?.counters ?? new Map(),
    services,
  };
}

/** The Services as a store shows them once the writes are done. */
export function withAddresses(
  services: readonly Service[],
  writes: readonly Outcome[],
): readonly Service[] {
  const byKey = new Map(writes.map((write) => [write.key, write]));
  return services.map((service) => {
    const write = byKey.get(keyOf(service));
    return write === undefined ? service : withStatus(service, write);
  });
}

function withStatus(service: Service, { ips, pool }: Outcome): Service {
  const own = Object.entries(service.metadata.annotations ?? {}).filter(
    ([key]) => key !== POOL_OUT_ANNOTATION,
  );
  const mark = pool === null ? [] : [[POOL_OUT_ANNOTATION, pool] as const];
  return {
    ...service,
    metadata: { ...service.metadata, annotations: Object.fromEntries([...own, ...mark]) },
    status: { ...service.status, loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  };
}
