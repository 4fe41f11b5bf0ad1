/** Everything `explain` looks at for one Service. */
import type { Outcome } from "../allocator/outcome.ts";
import type { ObjectRef, Service, ServiceKey } from "../api/objects.ts";
import { keyOf } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { EndpointView } from "../api/service-view.ts";
import type { Pool } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { World } from "./world.ts";

export interface Facts extends Omit<World, "outcome"> {
  /** As it is in the snapshot. */
  readonly service: Service;
  readonly key: ServiceKey;
  readonly ref: ObjectRef;
  /** What the controller says of it; undefined when it is none of its business. */
  readonly outcome: Outcome | undefined;
  readonly ips: readonly Ip[];
  readonly pool: Pool | null;
  readonly endpoints: EndpointView;
}

/** Null when there is no such Service. */
export function factsFor(world: World, key: ServiceKey): Facts | null {
  const service = world.snapshot.services.find((s) => keyOf(s) === key);
  if (service === undefined) return null;
  const after = world.settled.services.find((s) => keyOf(s) === key) ?? service;
  const ingress = after.status?.loadBalancer?.ingress ?? [];
  const ips = ingress.map((i) => tryParseIp(i.ip ?? "")).filter((ip) => ip !== null);
  return {
    ...world,
    service,
    key,
    ref: {
      kind: "Service",
      namespace: service.metadata.namespace ?? "default",
      name: service.metadata.name,
    },
    outcome: world.outcome.outcomes.get(key),
    ips,
    pool: ips.length === 0 ? null : poolFor(world.config.pools, ips),
    endpoints: world.endpointsOf(key),
  };
}

/** Errors about one object, as found when the configuration was read; the most specific field first. */
export const errorsAbout = (
  { parsed }: Pick<World, "parsed">,
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
