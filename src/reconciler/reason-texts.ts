/** A sentence for each reason of an AnnouncementReport: what it means, and where to look. */
import type { BgpReason } from "../bgp/decision.ts";
import type { NotSent } from "./bgp-truth.ts";
import type { NotAnswered } from "./l2-truth.ts";

export type Reason = BgpReason | NotAnswered | NotSent | "noSession";

const TEXTS: Readonly<Record<Reason, string>> = {
  notLoadBalancer: "the Service is not of type LoadBalancer",
  noIPAllocated: "the Service has no address yet",
  invalidIP: "the status of the Service holds something that is no address",
  ipNotAllowed: "no IPAddressPool contains the address",
  notOwner: "another node answers, or no advertisement selects this one",
  noMatchingAdvertisement: "no advertisement selects both this node and the Service",
  conflictingAdvertisements: "two advertisements give one prefix different local preferences",
  nodeNetworkUnavailable: "the node's condition NetworkUnavailable is True",
  nodeLabeledExcludeBalancers:
    "the node carries node.kubernetes.io/exclude-from-external-load-balancers",
  noLocalEndpoints: "externalTrafficPolicy is Local, and no ready endpoint runs on this node",
  noEndpoints: "no endpoint of the Service is ready",
  noInterface: "none of the interfaces that may answer is up here",
  notAlive: "this node does not count as alive among the speakers",
  noCandidates: "no node may answer for the address",
  noNodeFitsAllSharers: "no node may answer for all Services that share the address",
  yieldedInDuel: "another station answered for the address, and this node gave way",
  noSession: "no BGPPeer selects this node",
  noPeerForPrefix: "no session here carries the prefix: other peers are named, or another family",
  sessionNotEstablished: "the BGP session is not established",
  deniedOutbound:
    "the session is up, but FRR does not send the prefix: see extra configuration and hand-made policy",
  pending: "FRR was told a moment ago",
  frrUnreachable: "FRR does not answer",
};

export const textOf = (reason: Reason): string => TEXTS[reason];
