/**
 * What both announcing protocols and the allocator need to know of a Service, derived once:
 * its key, class, addresses and usable endpoints. Behaviour reference 0.5, 2.2, 2.3.
 */
import { tryParseIp } from "../net/ip.ts";
import { onceFor, lastForList } from "../runtime/steady.ts";
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

/** All slices, folded per Service in one walk; the same list is folded once. */
export const endpointsByService = onceFor(foldEndpoints);

function foldEndpoints(slices: readonly EndpointSlice[]): EndpointsOf {
  const found = new Map<ServiceKey, EndpointSlice | EndpointSlice[]>();
  for (const slice of slices) {
    const key = serviceOf(slice);
    if (key === null) continue;
    const others = found.get(key); // most Services have one slice
    if (others === undefined) found.set(key, slice);
    else if (Array.isArray(others)) others.push(slice);
    else found.set(key, [others, slice]);
  }
  return (key) => {
    const of = found.get(key);
    if (of === undefined) return NO_ENDPOINTS;
    return Array.isArray(of) ? viewOfAll(of) : viewOf(of);
  };
}

const serviceOf = onceFor((slice: EndpointSlice): ServiceKey | null => {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? null : `${slice.metadata.namespace ?? "default"}/${name}`;
});

/** The same slices give the same view again. */
const viewOf = onceFor((slice: EndpointSlice): EndpointView => viewOver([slice]));
const viewOfAll = lastForList((slices: readonly EndpointSlice[]) => viewOver(slices));

function viewOver(slices: readonly EndpointSlice[]): EndpointView {
  let [anywhere, anywhereWithAddress] = [false, false];
  const [nodes, nodesWithAddress] = [new Set<string>(), new Set<string>()];
  for (const { endpoints } of slices)
    for (const endpoint of endpoints ?? []) {
      if (!canServe(endpoint)) continue;
      anywhere = true;
      if (endpoint.nodeName !== undefined) nodes.add(endpoint.nodeName);
      if ((endpoint.addresses ?? []).length === 0) continue;
      anywhereWithAddress = true;
      if (endpoint.nodeName !== undefined) nodesWithAddress.add(endpoint.nodeName);
    }
  return shared({ anywhere, anywhereWithAddress, nodes, nodesWithAddress });
}

/** Views by content: a slice that changes in other ways asks for no new decision, and thousands share a few. */
const views = new Map<string, EndpointView>();
const VIEWS_AT_MOST = 1000;

function shared(view: EndpointView): EndpointView {
  const { anywhere, anywhereWithAddress, nodes, nodesWithAddress } = view;
  const text = JSON.stringify([anywhere, anywhereWithAddress, [...nodes], [...nodesWithAddress]]);
  const known = views.get(text);
  if (known !== undefined) return known;
  if (views.size >= VIEWS_AT_MOST) views.clear();
  views.set(text, view);
  return view;
}

/** Why a speaker does not announce a Service, before any protocol is asked. */
export type NotServed = "notLoadBalancer" | "noIPAllocated" | "invalidIP";

export type AnnouncedIps = { readonly ips: readonly Ip[] } | { readonly reason: NotServed };

/**
 * The addresses in the status, in status order, or the reason why there are none to announce. The same Service
 * gives the same answer again, list included.
 */
export const announcedIps = onceFor(ipsOf);

function ipsOf(service: Service): AnnouncedIps {
  if (!isLoadBalancer(service)) return { reason: "notLoadBalancer" };
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (ingress.length === 0) return { reason: "noIPAllocated" };
  const ips = ingress.map((entry) => tryParseIp(entry.ip ?? ""));
  return ips.every((ip) => ip !== null) ? { ips } : { reason: "invalidIP" };
}

/** `namespace/name`, put together once per Service. */
export const serviceKey = onceFor((service: Service): ServiceKey => keyOf(service));

/** By `namespace/name`; the same list is sorted once. */
export const servicesInOrder = onceFor((services: readonly Service[]): readonly Service[] =>
  [...services].sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1)),
);
