/** Who is on the wire: three nodes, a router of another AS, a client. Ranges for documentation and for benchmarks (RFC 2544). */
import { addressOf, CLIENT, NODES, ROUTERS } from "../../test/changeover/plan.ts";

export { address6Of, addressOf, CLIENT, NODES } from "../../test/changeover/plan.ts";
export type { NodeName } from "../../test/changeover/plan.ts";

export const CLIENT6 = "2001:db8::fa";
export const ROUTER = ROUTERS.r1;
export const NODE_ASN = 64500;
export const POOL = "198.18.0.0/17";
/** Where addresses for ARP and NDP are; on no link, so routers play no part. */
export const L2_POOL = ["198.51.100.0/25", "2001:db8:f::/120"] as const;
export const SERVICE_CIDRS = "198.19.0.0/16,2001:db8:5::/112";

/** Static and silent neighbors: a node that starts calls. Its log holds every prefix received. */
export const routerText = (): string =>
  [
    "log file /var/run/frr/frr.log debugging",
    "log timestamp precision 6",
    "debug bgp updates in",
    `router bgp ${ROUTER.asn}`,
    ` bgp router-id ${ROUTER.address}`,
    " no bgp ebgp-requires-policy",
    ...NODES.flatMap((node) => [
      ` neighbor ${addressOf(node)} remote-as ${NODE_ASN}`,
      ` neighbor ${addressOf(node)} passive`,
    ]),
    " address-family ipv4 unicast",
    "  maximum-paths 8",
    " exit-address-family",
    "exit",
    "",
  ].join("\n");

export const CLIENT_ADDRESSES = [`${CLIENT}/24`, `${CLIENT6}/64`] as const;
