/**
 * frr.conf of a lab router: the other side of what the speakers say. Neighbors are static, because FRR 10
 * keeps a dynamic one with BFD in Idle.
 */
import { join } from "node:path";
import { NODES, NODE_ASN, ROUTER_ASN, addressOf } from "./plan.ts";
import type { NodeName, RouterName } from "./plan.ts";

export interface RouterOptions {
  /** TCP MD5 key towards every node; absent: none. */
  readonly password?: string;
  /** BFD with every node: intervals in milliseconds. Absent: no BFD. */
  readonly bfd?: { readonly intervalMs: number; readonly multiplier: number };
  readonly asn?: number;
  /** Records every prefix received in the router's log: for tests, it grows. */
  readonly record?: boolean;
  /** Default: all of them. */
  readonly neighbors?: readonly NodeName[];
}

/** r1 shares a key and BFD with the nodes, as `hack/kind-frr-lab/manifests/bgp.yaml` has them. */
export const LAB_ROUTERS: Readonly<Record<RouterName, RouterOptions>> = {
  r1: { password: "documentation-only", bfd: { intervalMs: 300, multiplier: 3 } },
  r2: {},
};

/** As the daemons see it: FRR's own directory is bound there. */
const LOG = "/var/run/frr/frr.log";

/** Where the log of a router of the lab below `dir` is. */
export const routerLog = (dir: string, router: RouterName): string =>
  join(dir, router, "frr/run/frr.log");

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
    `log file ${LOG} ${options.record === true ? "debugging" : "informational"}`,
    "log timestamp precision 3",
    ...(options.record === true ? ["debug bgp updates in"] : []),
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
