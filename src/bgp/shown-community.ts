/** FRR shows well-known communities (RFC 1997, RFC 8326) in JSON by other names than its configuration has. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  "65535:0": "gracefulShutdown",
  "65535:65281": "noExport",
  "65535:65282": "noAdvertise",
  "65535:65283": "localAs",
};
export const shownCommunity = (community: string): string => WELL_KNOWN[community] ?? community;
