/** Every kind of ours and of MetalLB: names, versions, schemas, columns. The CRDs are generated from this. */
import { Type } from "@sinclair/typebox";
import type { TSchema } from "@sinclair/typebox";
import { ipAddressPoolSpec, ipAddressPoolStatus } from "./address-pool.ts";
import { bgpAdvertisementSpec, emptyStatus, l2AdvertisementSpec } from "./advertisements.ts";
import { announcementReportStatus } from "./announcement-report.ts";
import { bfdProfileSpec } from "./bfd-profile.ts";
import { bgpPeerSpec, bgpPeerV1beta1Spec } from "./bgp-peer.ts";
import { nothing } from "./build.ts";
import { communitySpec } from "./community.ts";
import { configurationStateStatus } from "./condition.ts";
import { serviceBgpStatus, serviceL2Status } from "./service-status.ts";
import { speakerReportStatus } from "./speaker-report.ts";

export interface Column {
  readonly name: string;
  readonly type: "string" | "boolean" | "integer" | "date";
  readonly jsonPath: string;
  readonly priority?: number;
}

export interface Version {
  readonly name: string;
  readonly storage: boolean;
  readonly deprecationWarning?: string;
  /** Absent where the kind has none. */
  readonly spec?: TSchema;
  readonly specRequired?: true;
  readonly status: TSchema;
}

export interface Kind {
  readonly group: "metallb.io" | "ferrolb.io";
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly description: string;
  readonly versions: readonly Version[];
  readonly columns: readonly Column[];
  /** Path of the conversion webhook. */
  readonly convertedAt?: string;
}

const column = (name: string, type: Column["type"], jsonPath: string): Column => ({
  name,
  type,
  jsonPath,
});
const wide = (name: string, jsonPath: string): Column => ({
  ...column(name, "string", jsonPath),
  priority: 10,
});
const only = (name: string, schemas: Pick<Version, "spec" | "specRequired" | "status">) => [
  { name, storage: true, ...schemas },
];

const poolColumns = [
  column("IPAddressPools", "string", ".spec.ipAddressPools"),
  column("IPAddressPool Selectors", "string", ".spec.ipAddressPoolSelectors"),
];
const serviceColumns = [
  column("Service Name", "string", ".status.serviceName"),
  column("Service Namespace", "string", ".status.serviceNamespace"),
];
const noSpec = nothing("Always empty.");

export const KINDS = [
  {
    group: "metallb.io",
    kind: "IPAddressPool",
    plural: "ipaddresspools",
    singular: "ipaddresspool",
    description: "Addresses that may be given to Services of type LoadBalancer.",
    versions: only("v1beta1", {
      spec: ipAddressPoolSpec,
      specRequired: true,
      status: ipAddressPoolStatus,
    }),
    columns: [
      column("Auto Assign", "boolean", ".spec.autoAssign"),
      column("Avoid Buggy IPs", "boolean", ".spec.avoidBuggyIPs"),
      column("Addresses", "string", ".spec.addresses"),
      column("Used IPv4", "integer", ".status.assignedIPv4"),
      column("Free IPv4", "integer", ".status.availableIPv4"),
      column("Used IPv6", "integer", ".status.assignedIPv6"),
      column("Free IPv6", "integer", ".status.availableIPv6"),
    ],
  },
  {
    group: "metallb.io",
    kind: "L2Advertisement",
    plural: "l2advertisements",
    singular: "l2advertisement",
    description: "Announces addresses of pools by ARP and NDP.",
    versions: only("v1beta1", { spec: l2AdvertisementSpec, status: emptyStatus }),
    columns: [
      ...poolColumns,
      column("Interfaces", "string", ".spec.interfaces"),
      wide("Node Selectors", ".spec.nodeSelectors"),
    ],
  },
  {
    group: "metallb.io",
    kind: "BGPAdvertisement",
    plural: "bgpadvertisements",
    singular: "bgpadvertisement",
    description: "Announces addresses of pools over BGP.",
    versions: only("v1beta1", { spec: bgpAdvertisementSpec, status: emptyStatus }),
    columns: [
      ...poolColumns,
      column("Peers", "string", ".spec.peers"),
      wide("Node Selectors", ".spec.nodeSelectors"),
    ],
  },
  {
    group: "metallb.io",
    kind: "BGPPeer",
    plural: "bgppeers",
    singular: "bgppeer",
    description: "A router that the nodes speak BGP with.",
    versions: [
      {
        name: "v1beta1",
        storage: false,
        deprecationWarning: "metallb.io/v1beta1 BGPPeer is deprecated: use metallb.io/v1beta2",
        spec: bgpPeerV1beta1Spec,
        status: emptyStatus,
      },
      { name: "v1beta2", storage: true, spec: bgpPeerSpec, status: emptyStatus },
    ],
    columns: [
      column("Address", "string", ".spec.peerAddress"),
      column("ASN", "string", ".spec.peerASN"),
      column("BFD Profile", "string", ".spec.bfdProfile"),
      column("Multi Hops", "string", ".spec.ebgpMultiHop"),
    ],
    convertedAt: "/convert",
  },
  {
    group: "metallb.io",
    kind: "BFDProfile",
    plural: "bfdprofiles",
    singular: "bfdprofile",
    description: "Settings of the BFD sessions beside BGP sessions.",
    versions: only("v1beta1", { spec: bfdProfileSpec, status: emptyStatus }),
    columns: [
      column("Passive Mode", "boolean", ".spec.passiveMode"),
      column("Transmit Interval", "integer", ".spec.transmitInterval"),
      column("Receive Interval", "integer", ".spec.receiveInterval"),
      column("Multiplier", "integer", ".spec.detectMultiplier"),
    ],
  },
  {
    group: "metallb.io",
    kind: "Community",
    plural: "communities",
    singular: "community",
    description: "Names for BGP communities, usable in BGPAdvertisements.",
    versions: only("v1beta1", { spec: communitySpec, status: emptyStatus }),
    columns: [],
  },
  {
    group: "metallb.io",
    kind: "ServiceL2Status",
    plural: "servicel2statuses",
    singular: "servicel2status",
    description: "Which node answers ARP and NDP for a Service.",
    versions: only("v1beta1", { spec: noSpec, status: serviceL2Status }),
    columns: [column("Allocated Node", "string", ".status.node"), ...serviceColumns],
  },
  {
    group: "metallb.io",
    kind: "ServiceBGPStatus",
    plural: "servicebgpstatuses",
    singular: "servicebgpstatus",
    description: "Which peers a node announces a Service to.",
    versions: only("v1beta1", { spec: noSpec, status: serviceBgpStatus }),
    columns: [column("Node", "string", ".status.node"), ...serviceColumns],
  },
  {
    group: "metallb.io",
    kind: "ConfigurationState",
    plural: "configurationstates",
    singular: "configurationstate",
    description: "Whether the controller or a speaker accepted the configuration.",
    versions: only("v1beta1", { status: configurationStateStatus }),
    columns: [
      column("Result", "string", ".status.result"),
      column("ErrorSummary", "string", ".status.errorSummary"),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
  },
  {
    group: "ferrolb.io",
    kind: "AnnouncementReport",
    plural: "announcementreports",
    singular: "announcementreport",
    description: "What a node really announces for a Service, and why not.",
    versions: only("v1alpha1", { spec: noSpec, status: announcementReportStatus }),
    columns: [
      column("Node", "string", ".status.node"),
      ...serviceColumns,
      column("L2", "boolean", ".status.l2.announced"),
      column("L2 Reason", "string", ".status.l2.reason"),
      column("BGP Peers", "string", ".status.bgp.peers[?(@.sent==true)].peer"),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
  },
  {
    group: "ferrolb.io",
    kind: "SpeakerReport",
    plural: "speakerreports",
    singular: "speakerreport",
    description:
      "How one speaker stands: its BGP sessions, the members it hears, address conflicts.",
    versions: only("v1alpha1", { spec: noSpec, status: speakerReportStatus }),
    columns: [
      column("Node", "string", ".status.node"),
      column("Established", "string", '.status.sessions[?(@.state=="Established")].peer'),
      column("Down", "string", '.status.sessions[?(@.state!="Established")].peer'),
      column("Age", "date", ".metadata.creationTimestamp"),
    ],
  },
] as const satisfies readonly Kind[];

export type KindName = (typeof KINDS)[number]["kind"];

/** The whole object as the API server sees it, metadata aside. */
export const objectSchema = (version: Version): TSchema =>
  Type.Object({
    ...(version.spec === undefined
      ? {}
      : { spec: version.specRequired ? version.spec : Type.Optional(version.spec) }),
    status: Type.Optional(version.status),
  });
