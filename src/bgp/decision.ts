/** Whether a node announces a Service over BGP, and why not. Behaviour reference 2.2 and 2.4, in their order. */
import type { Service } from "../api/objects.ts";
import { anySelectorMatches } from "../api/selector.ts";
import { announcedIps } from "../api/service-view.ts";
import type { EndpointView, NotServed } from "../api/service-view.ts";
import type { BgpAdvertisement, Pool } from "../config/config.ts";
import { poolFor } from "../config/pool-for.ts";
import type { Ip } from "../net/ip.ts";
import { lastFor } from "../runtime/steady.ts";
import { conflictAmong } from "./compatible.ts";
import { isExcluded } from "./node-facts.ts";
import type { NodeFacts } from "./node-facts.ts";

export type BgpReason =
  | NotServed
  | "ipNotAllowed"
  | "notOwner"
  | "noMatchingAdvertisement"
  | "conflictingAdvertisements"
  | "nodeNetworkUnavailable"
  | "nodeLabeledExcludeBalancers"
  | "noLocalEndpoints"
  | "noEndpoints";

export type BgpDecision =
  | {
      readonly announce: true;
      readonly ips: readonly Ip[];
      readonly pool: Pool;
      /** Those that select this node and this Service, in name order. */
      readonly advertisements: readonly BgpAdvertisement[];
    }
  | { readonly announce: false; readonly reason: BgpReason };

const no = (reason: BgpReason): BgpDecision => ({ announce: false, reason });

/** Those of a pool that select the node: the same for each of its Services, and a thousand nodes to look through. */
const advertisementsOn = lastFor((pool: Pool, node: string): readonly BgpAdvertisement[] =>
  pool.bgpAdvertisements.filter((a) => a.nodes.includes(node)),
);

/** @param service one that `isOurs` */
export function bgpDecision(
  service: Service,
  endpoints: EndpointView,
  pools: readonly Pool[],
  node: NodeFacts,
): BgpDecision {
  const assigned = announcedIps(service);
  if ("reason" in assigned) return no(assigned.reason);
  const pool = poolFor(pools, assigned.ips);
  if (pool === null) return no("ipNotAllowed");
  const ofNode = advertisementsOn(pool, node.name);
  if (ofNode.length === 0) return no("notOwner");
  const labels = service.metadata.labels;
  const matching = ofNode.filter((a) => anySelectorMatches(a.serviceSelectors, labels));
  const advertisements = matching.length === ofNode.length ? ofNode : matching; // mostly one list
  if (advertisements.length === 0) return no("noMatchingAdvertisement");
  if (conflictAmong(pool, advertisements) !== null) return no("conflictingAdvertisements");
  if (node.networkUnavailable) return no("nodeNetworkUnavailable");
  if (isExcluded(node, advertisements)) return no("nodeLabeledExcludeBalancers");
  if (service.spec?.externalTrafficPolicy === "Local") {
    if (!endpoints.nodesWithAddress.has(node.name)) return no("noLocalEndpoints");
  } else if (!endpoints.anywhereWithAddress) return no("noEndpoints");
  return { announce: true, ips: assigned.ips, pool, advertisements };
}
