/** NodeBgp to what the templates place: names spelled out, words of FRR's own chosen. */
import { onceFor } from "../runtime/steady.ts";
import { templates } from "./templates.ts";
import { Rendered } from "./word.ts";
import { wellKnown } from "./well-known.ts";
import {
  INBOUND_SEQUENCE,
  OUTBOUND_LAST,
  className,
  inboundName,
  outboundName,
} from "../bgp/names.ts";
import type { FrrLogLevel, Instance, Neighbor, Network, NodeBgp } from "../bgp/model.ts";

/** What `debugging` switches on beside the level. */
const DEBUGS: readonly (readonly string[])[] = [
  ...["events", "nht", "kernel", "rib", "nexthop"].map((what) => ["zebra", what]),
  ...["neighbor-events", "updates", "keepalives", "nht", "zebra"].map((what) => ["bgp", what]),
  ...["network", "peer", "zebra"].map((what) => ["bfd", what]),
];

export const debugsFor = (level: FrrLogLevel): readonly (readonly string[])[] =>
  level === "debugging" ? DEBUGS : [];

const neighborView = (n: Neighbor) => ({
  ...n,
  inbound: inboundName(n.id),
  outbound: outboundName(n.id),
  inboundSequence: INBOUND_SEQUENCE,
  outboundLast: OUTBOUND_LAST,
  entries: n.entries.map(({ sequence, classNumber, attributes }) => ({
    sequence,
    number: classNumber,
    communities: attributes.communities.map(wellKnown),
    largeCommunities: attributes.largeCommunities,
    localPref: attributes.localPref,
  })),
});

/** The same line for the same prefix: of thousands, one or two are new. */
const networkLine = onceFor(({ prefix, classNumber }: Network): string =>
  templates.network({ prefix, className: className(classNumber) }),
);

const networkLines = (networks: readonly Network[]): Rendered =>
  new Rendered(networks.map(networkLine));

function instanceView(i: Instance) {
  const neighbors = i.neighbors.map(neighborView);
  const families = [
    { name: "ipv4", family: 4 as const, networks: networkLines(i.networks4) },
    { name: "ipv6", family: 6 as const, networks: networkLines(i.networks6) },
  ]
    .map((f) => ({ ...f, neighbors: neighbors.filter((n) => n.families.includes(f.family)) }))
    .filter((f) => f.neighbors.length > 0);
  return { asn: i.asn, vrf: i.vrf, routerId: i.routerId, neighbors, families };
}

export function viewFor(node: NodeBgp) {
  const instances = node.instances.map(instanceView);
  return {
    logging: { logLevel: node.logLevel, hostname: node.hostname, debugs: debugsFor(node.logLevel) },
    routeMaps: {
      classes: node.classes.map(({ number }) => ({ name: className(number), number })),
      neighbors: instances.flatMap((i) => i.neighbors),
    },
    instances,
  };
}
