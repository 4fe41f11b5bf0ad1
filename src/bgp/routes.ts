/** Services to prefixes: what this node announces, and how each prefix is treated. */
import type { ObjectRef, Service, ServiceKey } from "../api/objects.ts";
import { refOf } from "../api/objects.ts";
import { isOurs, endpointsByService, serviceKey, servicesInOrder } from "../api/service-view.ts";
import type { EndpointView } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { BgpAdvertisement, Config, Pool } from "../config/config.ts";
import { familyOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { comparePrefixes, prefixFor, prefixText } from "../net/prefix.ts";
import type { Prefix, PrefixText } from "../net/prefix.ts";
import { lastFor, lastForList, onceFor, onceForList } from "../runtime/steady.ts";
import { bgpDecision } from "./decision.ts";
import type { BgpDecision } from "./decision.ts";
import type { NodeFacts } from "./node-facts.ts";
import { treatmentOf } from "./treatment.ts";
import type { Treatment } from "./treatment.ts";

export interface Route {
  readonly prefix: Prefix;
  readonly text: PrefixText;
  readonly treatment: Treatment;
  readonly services: readonly ObjectRef[];
  /** Names of BGPAdvertisements, sorted. */
  readonly advertisements: readonly string[];
}

export interface Decided {
  readonly service: Service;
  readonly decision: BgpDecision;
}
/** By `namespace/name`, in that order. */
export type Decisions = ReadonlyMap<ServiceKey, Decided>;

const decided = lastFor(
  (
    service: Service,
    endpoints: EndpointView,
    pools: readonly Pool[],
    node: NodeFacts,
  ): Decided => ({ service, decision: bgpDecision(service, endpoints, pools, node) }),
);

/** The decision for every Service that is ours. */
export function bgpDecisions(
  config: Config,
  snapshot: Pick<Snapshot, "services" | "endpointSlices">,
  node: NodeFacts,
  lbClass: string,
): Decisions {
  const endpointsOf = endpointsByService(snapshot.endpointSlices);
  const decisions = new Map<ServiceKey, Decided>();
  for (const service of servicesInOrder(snapshot.services)) {
    if (!isOurs(service, lbClass)) continue;
    const key = serviceKey(service);
    decisions.set(key, decided(service, endpointsOf(key), config.pools, node));
  }
  return decisions;
}

/** The prefix that an advertisement announces for an address. */
export const announcedPrefix = (ip: Ip, a: BgpAdvertisement): Prefix =>
  prefixFor(ip, familyOf(ip) === 4 ? a.aggregationLength : a.aggregationLengthV6);

/** One prefix as one Service asks for it, whatever the others do. */
interface Asked {
  readonly prefix: Prefix;
  readonly text: PrefixText;
  readonly service: ObjectRef;
  readonly advertisements: readonly BgpAdvertisement[];
  /** The Route while no other Service asks for the prefix. */
  readonly alone: Route;
}

const asking = onceFor(({ service, decision }: Decided): readonly Asked[] => {
  if (!decision.announce) return [];
  const found = new Map<PrefixText, { prefix: Prefix; advertisements: BgpAdvertisement[] }>();
  for (const ip of decision.ips)
    for (const a of decision.advertisements) {
      const prefix = announcedPrefix(ip, a);
      const text = prefixText(prefix);
      const at = found.get(text) ?? { prefix, advertisements: [] };
      found.set(text, at);
      if (!at.advertisements.includes(a)) at.advertisements.push(a);
    }
  const ref = refOf(service);
  return [...found].map(([text, { prefix, advertisements }]) => ({
    ...{ prefix, text, service: ref, advertisements },
    alone: routeOf(prefix, text, [ref], advertisements),
  }));
});

function routeOf(
  prefix: Prefix,
  text: PrefixText,
  services: readonly ObjectRef[],
  advertisements: readonly BgpAdvertisement[],
): Route {
  const treatment = treatmentFor(advertisements);
  return { prefix, text, treatment, services, advertisements: namesOf(advertisements) };
}

/** Most prefixes have one of a few. */
const treatmentFor = onceForList(treatmentOf);
const namesOf = onceForList((advertisements: readonly BgpAdvertisement[]): readonly string[] =>
  advertisements.map((a) => a.name).sort(),
);

/** One Route per prefix, in the order of prefixes; it stays while one Service asks for it. */
export function routesFor(decisions: Decisions): Route[] {
  const found = new Map<PrefixText, Asked | Asked[]>();
  for (const one of decisions.values())
    for (const asked of asking(one)) {
      const others = found.get(asked.text);
      if (others === undefined) found.set(asked.text, asked);
      else if (Array.isArray(others)) others.push(asked);
      else found.set(asked.text, [others, asked]);
    }
  const routes: Route[] = [];
  for (const asked of found.values())
    if (Array.isArray(asked)) routes.push(...together(asked));
    else routes.push(asked.alone);
  return routes.sort((a, b) => comparePrefixes(a.prefix, b.prefix));
}

/** Of one prefix, which several ask for. */
const together = lastForList((all: readonly Asked[]): Route[] => {
  const advertisements = new Map(all.flatMap((a) => a.advertisements).map((a) => [a.name, a]));
  const services = all.map((a) => a.service);
  return all
    .slice(0, 1)
    .map(({ prefix, text }) => routeOf(prefix, text, services, [...advertisements.values()]));
});
