/** Services to prefixes: what this node announces, and how each prefix is treated. */
import type { ObjectRef, Service } from "../api/objects.ts";
import { refOf } from "../api/objects.ts";
import { isOurs, endpointsByService, serviceKey } from "../api/service-view.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { BgpAdvertisement, Config } from "../config/config.ts";
import { familyOf } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { comparePrefixes, prefixFor, prefixText } from "../net/prefix.ts";
import type { Prefix, PrefixText } from "../net/prefix.ts";
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

/** The decision for every Service that is ours, by `namespace/name`. */
export function bgpDecisions(
  config: Config,
  snapshot: Pick<Snapshot, "services" | "endpointSlices">,
  node: NodeFacts,
  lbClass: string,
): Map<string, { readonly service: Service; readonly decision: BgpDecision }> {
  const endpointsOf = endpointsByService(snapshot.endpointSlices);
  const ours = snapshot.services.filter((s) => isOurs(s, lbClass));
  return new Map(
    ours
      .map((service) => ({ key: serviceKey(service), service }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ key, service }) => [
        key,
        { service, decision: bgpDecision(service, endpointsOf(key), config.pools, node) },
      ]),
  );
}

/** The prefix that an advertisement announces for an address. */
export const announcedPrefix = (ip: Ip, a: BgpAdvertisement): Prefix =>
  prefixFor(ip, familyOf(ip) === 4 ? a.aggregationLength : a.aggregationLengthV6);

interface Gathered {
  readonly prefix: Prefix;
  readonly services: Map<string, ObjectRef>;
  readonly advertisements: Map<string, BgpAdvertisement>;
}

/** One Route per prefix, in the order of prefixes; it stays while one Service asks for it. */
export function routesFor(
  decisions: ReadonlyMap<string, { readonly service: Service; readonly decision: BgpDecision }>,
): Route[] {
  const found = new Map<PrefixText, Gathered>();
  for (const [key, { service, decision }] of decisions) {
    if (!decision.announce) continue;
    for (const ip of decision.ips)
      for (const a of decision.advertisements) {
        const prefix = announcedPrefix(ip, a);
        const text = prefixText(prefix);
        let at = found.get(text);
        if (at === undefined)
          found.set(text, (at = { prefix, services: new Map(), advertisements: new Map() }));
        at.services.set(key, refOf(service));
        at.advertisements.set(a.name, a);
      }
  }
  const treatments = new Map<string, Treatment>(); // most prefixes have one of a few
  const treatmentFor = (advertisements: ReadonlyMap<string, BgpAdvertisement>): Treatment => {
    const key = [...advertisements.keys()].join(" ");
    let treatment = treatments.get(key);
    if (treatment === undefined)
      treatments.set(key, (treatment = treatmentOf([...advertisements.values()])));
    return treatment;
  };
  return [...found]
    .sort(([, a], [, b]) => comparePrefixes(a.prefix, b.prefix))
    .map(([text, { prefix, services, advertisements }]) => ({
      prefix,
      text,
      treatment: treatmentFor(advertisements),
      services: [...services.values()],
      advertisements: [...advertisements.keys()].sort(),
    }));
}
