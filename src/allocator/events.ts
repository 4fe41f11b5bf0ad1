/** The controller's events on Services: reasons and types as in behaviour reference 1.12. */
import type { ServiceKey } from "../api/objects.ts";
import type { Ip } from "../net/ip.ts";
import { messageOf } from "./messages.ts";
import type { PendingReason } from "./reasons.ts";

export type EventReason =
  | "IPAllocated"
  | "ClearAssignment"
  | "AllocationFailed"
  | "LoadBalancerFailed"
  | "AdditionalAssignFailed"
  | "not enough clusterips"
  | "nolbIPsIPFamily"
  | "noclusterIPsIPFamily"
  | "deprecatedAnnotation";

export interface AllocationEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
}

/** `["192.0.2.1" "2001:db8::1"]` */
export const ipList = (ips: readonly string[]): string =>
  `[${ips.map((ip) => JSON.stringify(ip)).join(" ")}]`;

export const allocated = (ips: readonly Ip[]): AllocationEvent => ({
  type: "Normal",
  reason: "IPAllocated",
  message: `Assigned IP ${ipList(ips)}`,
});

export const additionalAllocated = (ip: Ip): AllocationEvent => ({
  type: "Normal",
  reason: "IPAllocated",
  message: `Assigned additional IP ${JSON.stringify(ip)}`,
});

export const additionalFailed = (reason: PendingReason): AllocationEvent => ({
  type: "Normal",
  reason: "AdditionalAssignFailed",
  message: `No second IP for PreferDualStack: ${messageOf(reason)}`,
});

export const clearAssignment = (key: ServiceKey, why: string): AllocationEvent => ({
  type: "Normal",
  reason: "ClearAssignment",
  message: `The present IP of "${key}" is refused by the configuration, a new one will be tried: ${why}`,
});

export const allocationFailed = (key: ServiceKey, reason: PendingReason): AllocationEvent => ({
  type: "Warning",
  reason: "AllocationFailed",
  message: `No IP for "${key}": ${messageOf(reason)}`,
});

export const requestRefused = (why: string): AllocationEvent => ({
  type: "Warning",
  reason: "LoadBalancerFailed",
  message: `The requested IPs are invalid: ${why}`,
});

export const deprecatedAnnotation = (key: string): AllocationEvent => ({
  type: "Warning",
  reason: "deprecatedAnnotation",
  message: `The annotation ${key} is deprecated, use its metallb.io/ twin`,
});

export const notEnoughClusterIPs = (clusterIPs: readonly string[]): AllocationEvent => ({
  type: "Warning",
  reason: "not enough clusterips",
  message: `Dual stack is required, the Service has cluster IPs ${ipList(clusterIPs)}`,
});

export const unknownStatusFamily = (ips: readonly string[]): AllocationEvent => ({
  type: "Warning",
  reason: "nolbIPsIPFamily",
  message: `The IP family of ${ipList(ips)} in the status cannot be determined: one IP, or one of each family, is expected`,
});

export const unknownServiceFamily = (clusterIPs: readonly string[]): AllocationEvent => ({
  type: "Warning",
  reason: "noclusterIPsIPFamily",
  message: `The IP family of cluster IPs ${ipList(clusterIPs)} cannot be determined: one IP, or one of each family, is expected`,
});
