/**
 * frr.conf of a lab router: the other side of what the speakers say. Neighbors are static, because FRR 10
 * keeps a dynamic one with BFD in Idle.
 */
import { NODES, NODE_ASN, ROUTER_ASN, addressOf } from "./plan.ts";
import type { NodeName, RouterName } from "./plan.ts";

export interface RouterOptions {
  /** TCP MD5 key towards every node; absent: none. */
  readonly password?: string;
  /** BFD with every node: intervals in milliseconds. Absent: no BFD. */
  readonly bfd?: { readonly intervalMs: number; readonly multiplier: number };
  readonly asn?: number;
  /** Default: all of them. */
  readonly neighbors?: readonly NodeName[];
}

export function routerConfig(router: RouterName, options: RouterOptions = {}): string {
  const asn = options.asn ?? ROUTER_ASN[router];
  const neighbors = (options.neighbors ?? NODES).map((node) => addressOf(node, "lan"));
  const perNeighbor = (lines: (address: string) => readonly string[]): readonly string[] =>
    neighbors.flatMap((address) => lines(address));
  const family = (name: "ipv4" | "ipv6"): readonly string[] => [
    ` address-family ${name} unicast`,
    ...perNeighbor((a) => [`  neighbor ${a} activate`]),
    asn === NODE_ASN ? "  maximum-paths ibgp 8" : "  maximum-paths 8",
    " exit-address-family",
  ];
  const lines = [
    `hostname ${router}`,
    "log file /var/run/frr/frr.log informational",
    "debug bgp updates in",
    "debug bgp neighbor-events",
    `router bgp ${asn}`,
    ` bgp router-id ${addressOf(router, "lan")}`,
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    " bgp log-neighbor-changes",
    ...perNeighbor((a) => [
      ` neighbor ${a} remote-as ${NODE_ASN}`,
      ...(options.password === undefined ? [] : [` neighbor ${a} password ${options.password}`]),
      ...(options.bfd === undefined
        ? []
        : [` neighbor ${a} bfd`, ` neighbor ${a} bfd profile lab`]),
    ]),
    ...family("ipv4"),
    ...family("ipv6"),
    "exit",
    ...(options.bfd === undefined ? [] : bfdProfile(options.bfd)),
  ];
  return `${lines.join("\n")}\n`;
}

const bfdProfile = ({ intervalMs, multiplier }: NonNullable<RouterOptions["bfd"]>) => [
  "bfd",
  " profile lab",
  `  detect-multiplier ${multiplier}`,
  `  receive-interval ${intervalMs}`,
  `  transmit-interval ${intervalMs}`,
  " exit",
  "exit",
];
