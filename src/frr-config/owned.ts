/**
 * Which lines of a running FRR are ours to remove when nobody asks for them any more. BGP, BFD, the outbound
 * policy, logging and debugging of the sidecar are FerroLB's; anything else (interfaces, static routes, other
 * protocols, prefix lists) belongs to whoever wrote it, unless we had written it ourselves: see ADR 0050.
 */
const OURS =
  /^(?:router bgp |bfd$|route-map ferrolb-|log (?:stdout|timestamp)|(?:no )?debug |bgp route-map delay-timer |no ip(?:v6)? nht )/;

/** Every line below these contexts is ours too. `path` is the line with its contexts before it. */
export const isOwned = (path: readonly string[]): boolean => OURS.test(path[0] ?? "");
