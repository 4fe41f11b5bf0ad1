/**
 * MetalLB's custom resources, group `metallb.io`, as users write them (crds reference: field by field).
 * Durations are Go duration text.
 */
import type { KubeObject, LabelSelector } from "./objects.ts";

export interface IPAddressPoolSpec {
  readonly addresses: readonly string[];
  readonly autoAssign?: boolean;
  readonly avoidBuggyIPs?: boolean;
  readonly serviceAllocation?: {
    readonly priority?: number;
    readonly namespaces?: readonly string[];
    readonly namespaceSelectors?: readonly LabelSelector[];
    readonly serviceSelectors?: readonly LabelSelector[];
  };
}
export interface IPAddressPool extends KubeObject {
  readonly kind: "IPAddressPool";
  readonly spec: IPAddressPoolSpec;
  readonly status?: {
    readonly assignedIPv4: number | bigint;
    readonly assignedIPv6: number | bigint;
    readonly availableIPv4: number | bigint;
    readonly availableIPv6: number | bigint;
  };
}

export interface L2AdvertisementSpec {
  readonly ipAddressPools?: readonly string[];
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly interfaces?: readonly string[];
  readonly serviceSelectors?: readonly LabelSelector[];
}
export interface L2Advertisement extends KubeObject {
  readonly kind: "L2Advertisement";
  readonly spec?: L2AdvertisementSpec;
}

export interface BGPAdvertisementSpec {
  readonly aggregationLength?: number;
  readonly aggregationLengthV6?: number;
  readonly localPref?: number;
  readonly communities?: readonly string[];
  readonly ipAddressPools?: readonly string[];
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly peers?: readonly string[];
  readonly serviceSelectors?: readonly LabelSelector[];
}
export interface BGPAdvertisement extends KubeObject {
  readonly kind: "BGPAdvertisement";
  readonly spec?: BGPAdvertisementSpec;
}

export interface BGPPeerSpec {
  readonly myASN: number;
  readonly peerASN?: number;
  readonly dynamicASN?: string;
  readonly localASN?: number;
  readonly peerAddress?: string;
  readonly interface?: string;
  readonly sourceAddress?: string;
  readonly peerPort?: number;
  readonly holdTime?: string;
  readonly keepaliveTime?: string;
  readonly connectTime?: string;
  readonly routerID?: string;
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly password?: string;
  readonly passwordSecret?: { readonly name?: string; readonly namespace?: string };
  readonly bfdProfile?: string;
  readonly enableGracefulRestart?: boolean;
  readonly ebgpMultiHop?: boolean;
  readonly vrf?: string;
  readonly disableMP?: boolean;
  readonly dualStackAddressFamily?: boolean;
}
/** Always v1beta2 in a Snapshot; v1beta1 is converted where it comes in. */
export interface BGPPeer extends KubeObject {
  readonly kind: "BGPPeer";
  readonly spec?: BGPPeerSpec;
}

export interface BFDProfileSpec {
  readonly receiveInterval?: number;
  readonly transmitInterval?: number;
  readonly detectMultiplier?: number;
  readonly echoInterval?: number;
  readonly echoMode?: boolean;
  readonly passiveMode?: boolean;
  readonly minimumTtl?: number;
}
export interface BFDProfile extends KubeObject {
  readonly kind: "BFDProfile";
  readonly spec?: BFDProfileSpec;
}

export interface Community extends KubeObject {
  readonly kind: "Community";
  readonly spec?: { readonly communities?: readonly { name?: string; value?: string }[] };
}

export const METALLB_GROUP = "metallb.io";
export const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
