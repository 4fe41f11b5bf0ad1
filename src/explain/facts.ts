/** Everything `explain` looks at, worked out once. */
import type { Outcome } from "../allocator/outcome.ts";
import { settleSnapshot } from "../allocator/settle.ts";
import type { ObjectRef, Service, ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { endpointsByService } from "../api/service-view.ts";
import type { EndpointView } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { ExcludePolicy } from "../bgp/node-facts.ts";
import { parseConfig } from "../config/parse.ts";
import type { Parsed } from "../config/parse.ts";
import type { Config, Pool } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { liveSpeakers } from "./speakers.ts";

export interface ExplainOptions {
  readonly lbClass?: string;
  readonly excludePolicy?: ExcludePolicy;
  /** Nodes whose speaker is alive; absent: read off the snapshot. */
  readonly speakers?: readonly string[];
}

export interface Facts {
  readonly snapshot: Snapshot;
  readonly parsed: Parsed;
  readonly config: Config;
  readonly lbClass: string;
  readonly excludePolicy: ExcludePolicy;
  /** As it is in the snapshot. */
  readonly service: Service;
  readonly key: ServiceKey;
  readonly ref: ObjectRef;
  /** What the controller says of it; undefined when it is none of its business. */
  readonly outcome: Outcome | undefined;
  /** The snapshot once the controller is through. */
  readonly settled: Snapshot;
  readonly ips: readonly Ip[];
  readonly pool: Pool | null;
  readonly endpoints: EndpointView;
  readonly alive: ReadonlySet<string>;
}

/** Null when there is no such Service. */
export function factsFor(
  snapshot: Snapshot,
  key: ServiceKey,
  options: ExplainOptions = {},
): Facts | null {
  const service = snapshot.services.find((s) => keyOf(s) === key);
  if (service === undefined) return null;
  const parsed = parseConfig(snapshot);
  const lbClass = options.lbClass ?? "";
  const settled = settleSnapshot(snapshot, parsed, lbClass);
  const after = settled.services.find((s) => keyOf(s) === key) ?? service;
  const ingress = after.status?.loadBalancer?.ingress ?? [];
  const ips = ingress.map((i) => tryParseIp(i.ip ?? "")).filter((ip) => ip !== null);
  return {
    snapshot,
    parsed,
    config: parsed.config,
    lbClass,
    excludePolicy: options.excludePolicy ?? "honour",
    service,
    key,
    ref: {
      kind: "Service",
      namespace: service.metadata.namespace ?? "default",
      name: service.metadata.name,
    },
    outcome: settled.outcomes.get(key),
    settled: { ...snapshot, services: settled.services },
    ips,
    pool: ips.length === 0 ? null : poolFor(parsed.config.pools, ips),
    endpoints: endpointsByService(snapshot.endpointSlices)(key),
    alive: options.speakers === undefined ? liveSpeakers(snapshot) : new Set(options.speakers),
  };
}

/** Errors about one object, as found when the configuration was read; the most specific field first. */
export const errorsAbout = (
  { parsed }: Facts,
  kind: string,
  name: string | null,
): readonly Problem[] =>
  parsed.problems
    .filter(
      (p) =>
        p.severity === "error" &&
        p.object.kind === kind &&
        (name === null || p.object.name === name),
    )
    .toSorted((a, b) => b.path.length - a.path.length);
