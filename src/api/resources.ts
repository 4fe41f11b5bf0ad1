/**
 * The custom resources as users write them. Every type is read off the schemas in `src/api/schema`, which
 * the CRDs are generated from too. Durations are Go duration text.
 */
import type { KubeObject } from "./objects.ts";
import type { ipAddressPoolSpec, ipAddressPoolStatus } from "./schema/address-pool.ts";
import type { bgpAdvertisementSpec, l2AdvertisementSpec } from "./schema/advertisements.ts";
import type { announcementReportStatus } from "./schema/announcement-report.ts";
import type { bfdProfileSpec } from "./schema/bfd-profile.ts";
import type { bgpPeerSpec, bgpPeerV1beta1Spec } from "./schema/bgp-peer.ts";
import type { Read } from "./schema/build.ts";
import type { communitySpec } from "./schema/community.ts";
import type { configurationStateStatus } from "./schema/condition.ts";
import type { serviceBgpStatus, serviceL2Status } from "./schema/service-status.ts";
import type { speakerReportStatus } from "./schema/speaker-report.ts";

export type IPAddressPoolSpec = Read<typeof ipAddressPoolSpec>;
export interface IPAddressPool extends KubeObject {
  readonly kind: "IPAddressPool";
  readonly spec: IPAddressPoolSpec;
  readonly status?: Read<typeof ipAddressPoolStatus>;
}

export type L2AdvertisementSpec = Read<typeof l2AdvertisementSpec>;
export interface L2Advertisement extends KubeObject {
  readonly kind: "L2Advertisement";
  readonly spec?: L2AdvertisementSpec;
}

export type BGPAdvertisementSpec = Read<typeof bgpAdvertisementSpec>;
export interface BGPAdvertisement extends KubeObject {
  readonly kind: "BGPAdvertisement";
  readonly spec?: BGPAdvertisementSpec;
}

export type BGPPeerSpec = Read<typeof bgpPeerSpec>;
/** Always v1beta2 in a Snapshot; v1beta1 is converted where it comes in. */
export interface BGPPeer extends KubeObject {
  readonly kind: "BGPPeer";
  readonly spec?: BGPPeerSpec;
}
export type BGPPeerV1beta1Spec = Read<typeof bgpPeerV1beta1Spec>;

export type BFDProfileSpec = Read<typeof bfdProfileSpec>;
export interface BFDProfile extends KubeObject {
  readonly kind: "BFDProfile";
  readonly spec?: BFDProfileSpec;
}

export type CommunitySpec = Read<typeof communitySpec>;
export interface Community extends KubeObject {
  readonly kind: "Community";
  readonly spec?: CommunitySpec;
}

export type ServiceL2StatusStatus = Read<typeof serviceL2Status>;
export interface ServiceL2Status extends KubeObject {
  readonly kind: "ServiceL2Status";
  readonly status?: ServiceL2StatusStatus;
}

export type ServiceBGPStatusStatus = Read<typeof serviceBgpStatus>;
export interface ServiceBGPStatus extends KubeObject {
  readonly kind: "ServiceBGPStatus";
  readonly status?: ServiceBGPStatusStatus;
}

export type ConfigurationStateStatus = Read<typeof configurationStateStatus>;
export interface ConfigurationState extends KubeObject {
  readonly kind: "ConfigurationState";
  readonly status?: ConfigurationStateStatus;
}

/** Group ferrolb.io: what one node really announces for one Service, and why not. */
export type AnnouncementReportStatus = Read<typeof announcementReportStatus>;
export interface AnnouncementReport extends KubeObject {
  readonly kind: "AnnouncementReport";
  readonly status?: AnnouncementReportStatus;
}

/** Group ferrolb.io: how one speaker stands, whatever the Services. */
export type SpeakerReportStatus = Read<typeof speakerReportStatus>;
export interface SpeakerReport extends KubeObject {
  readonly kind: "SpeakerReport";
  readonly status?: SpeakerReportStatus;
}

/** Whatever `checkObject` lets through, told apart by `kind`. */
export type MetallbObject =
  | IPAddressPool
  | L2Advertisement
  | BGPAdvertisement
  | BGPPeer
  | BFDProfile
  | Community
  | ServiceL2Status
  | ServiceBGPStatus
  | ConfigurationState
  | AnnouncementReport
  | SpeakerReport;

export const METALLB_GROUP = "metallb.io";
export const FERROLB_GROUP = "ferrolb.io";
export const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
