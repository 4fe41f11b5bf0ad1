/** Names FRR prints in place of well-known communities, whichever way they were written (RFC 1997 and after). */
const NAMES: Readonly<Record<string, string>> = {
  "65535:0": "graceful-shutdown",
  "65535:1": "accept-own",
  "65535:2": "route-filter-translated-v4",
  "65535:3": "route-filter-v4",
  "65535:4": "route-filter-translated-v6",
  "65535:5": "route-filter-v6",
  "65535:6": "llgr-stale",
  "65535:7": "no-llgr",
  "65535:8": "accept-own-nexthop",
  "65535:666": "blackhole",
  "65535:65281": "no-export",
  "65535:65282": "no-advertise",
  "65535:65283": "local-AS",
  "65535:65284": "no-peer",
};

export const wellKnown = (community: string): string => NAMES[community] ?? community;
