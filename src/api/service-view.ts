/**
 * What both announcing protocols and the allocator need to know of a Service, derived once:
 * its key, class, addresses and usable endpoints. Behaviour reference 0.5, 2.2, 2.3.
 */
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import { SERVICE_NAME_LABEL } from "./resources.ts";
import { keyOf } from "./objects.ts";
import type { Endpoint, EndpointSlice, Service, ServiceKey } from "./objects.ts";

/** Whether this FerroLB handles the Service: its class equals ours, or both are absent. */
export const isOurs = (service: Service, lbClass: string): boolean =>
  (service.spec?.loadBalancerClass ?? "") === lbClass;

export const isLoadBalancer = (service: Service): boolean => service.spec?.type === "LoadBalancer";

/** Missing conditions count as able; terminating endpoints that still serve count. */
export const canServe = (endpoint: Endpoint): boolean =>
  endpoint.conditions?.ready !== false || endpoint.conditions.serving === true;

export interface EndpointView {
  /** Any slice holds an endpoint that can serve. */
  readonly anywhere: boolean;
  /** The same, with at least one address: what BGP asks for. */
  readonly anywhereWithAddress: boolean;
  /** Nodes with an able endpoint; endpoints without a nodeName are nowhere. */
  readonly nodes: ReadonlySet<string>;
  readonly nodesWithAddress: ReadonlySet<string>;
}

const NO_ENDPOINTS: EndpointView = {
  anywhere: false,
  anywhereWithAddress: false,
  nodes: new Set(),
  nodesWithAddress: new Set(),
};

type EndpointsOf = (key: ServiceKey) => EndpointView;
const folded = new WeakMap<readonly EndpointSlice[], EndpointsOf>();

/** All slices, folded per Service in one walk; the same list is folded once. */
export function endpointsByService(slices: readonly EndpointSlice[]): EndpointsOf {
  const known = folded.get(slices);
  if (known !== undefined) return known;
  const fresh = foldEndpoints(slices);
  folded.set(slices, fresh);
  return fresh;
}

function foldEndpoints(slices: readonly EndpointSlice[]): EndpointsOf {
  const views = new Map<
    ServiceKey,
    {
      anywhere: boolean;
      anywhereWithAddress: boolean;
      nodes: Set<string>;
      nodesWithAddress: Set<string>;
    }
  >();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
    if (name === undefined) continue;
    const key = `${slice.metadata.namespace ?? "default"}/${name}`;
    let view = views.get(key);
    if (view === undefined) {
      view = {
        anywhere: false,
        anywhereWithAddress: false,
        nodes: new Set(),
        nodesWithAddress: new Set(),
      };
      views.set(key, view);
    }
    for (const endpoint of slice.endpoints ?? []) {
      if (!canServe(endpoint)) continue;
      view.anywhere = true;
      if (endpoint.nodeName !== undefined) view.nodes.add(endpoint.nodeName);
      if ((endpoint.addresses ?? []).length === 0) continue;
      view.anywhereWithAddress = true;
      if (endpoint.nodeName !== undefined) view.nodesWithAddress.add(endpoint.nodeName);
    }
  }
  return (key) => views.get(key) ?? NO_ENDPOINTS;
}

/** Why a speaker does not announce a Service, before any protocol is asked. */
export type NotServed = "notLoadBalancer" | "noIPAllocated" | "invalidIP";

export type AnnouncedIps = { readonly ips: readonly Ip[] } | { readonly reason: NotServed };
const announced = new WeakMap<Service, AnnouncedIps>();

/**
 * The addresses in the status, in status order, or the reason why there are none to announce. The same Service
 * gives the same answer again, list included.
 */
export function announcedIps(service: Service): AnnouncedIps {
  const known = announced.get(service);
  if (known !== undefined) return known;
  const answer = ipsOf(service);
  announced.set(service, answer);
  return answer;
}

function ipsOf(service: Service): AnnouncedIps {
  if (!isLoadBalancer(service)) return { reason: "notLoadBalancer" };
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (ingress.length === 0) return { reason: "noIPAllocated" };
  const ips = ingress.map((entry) => tryParseIp(entry.ip ?? ""));
  return ips.every((ip) => ip !== null) ? { ips } : { reason: "invalidIP" };
}

export const serviceKey = keyOf;
