/** Who is on the wire of the changeover: three nodes, two routers, a client; documentation ranges only. */
export const NODES = ["n1", "n2", "n3"] as const;
export type NodeName = (typeof NODES)[number];

export const addressOf = (node: string): string => `192.0.2.${10 + Number(node.slice(1))}`;
export const address6Of = (node: string): string => `2001:db8::${10 + Number(node.slice(1))}`;

/** r1 is another AS, with a key and BFD; r2 is the nodes' own AS and carries both families. */
export const ROUTERS = {
  r1: { asn: 64501, address: "192.0.2.1", address6: "2001:db8::1" },
  r2: { asn: 64500, address: "192.0.2.2", address6: "2001:db8::2" },
} as const;
export type RouterName = keyof typeof ROUTERS;

export const CLIENT = "192.0.2.250";
export const PASSWORD = "documentation-only";
export const COMMUNITY = "64500:100";
export const LARGE = "large:64500:1:2";

/** frr.conf of a router; its log holds every prefix received. */
export function routerText(name: RouterName): string {
  const { asn, address } = ROUTERS[name];
  const perNode = (lines: (peer: string) => readonly string[]): readonly string[] =>
    NODES.flatMap((node) => lines(addressOf(node)));
  const family = (words: string, multipath: string): readonly string[] => [
    ` address-family ${words} unicast`,
    ...perNode((peer) => [`  neighbor ${peer} activate`]),
    `  ${multipath} 8`,
    " exit-address-family",
  ];
  return [
    "log file /var/run/frr/frr.log debugging",
    "log timestamp precision 3",
    "debug bgp updates in",
    `router bgp ${asn}`,
    ` bgp router-id ${address}`,
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    " bgp log-neighbor-changes",
    ...perNode((peer) => [
      ` neighbor ${peer} remote-as 64500`,
      ` neighbor ${peer} passive`,
      ...(name === "r1" ? [` neighbor ${peer} password ${PASSWORD}`, ` neighbor ${peer} bfd`] : []),
    ]),
    ...family("ipv4", name === "r1" ? "maximum-paths" : "maximum-paths ibgp"),
    ...(name === "r1" ? [] : family("ipv6", "maximum-paths ibgp")),
    "exit",
    "",
  ].join("\n");
}
