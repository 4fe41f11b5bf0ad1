/** The reasons of `reasons.ts` in words, each with the change that would help, and the field at fault. */
import type { ObjectRef, ServiceKey } from "../api/objects.ts";
import type { PendingReason, PoolRefusal, PoolVerdict, SharingConflict } from "./reasons.ts";

/** How many pools or Services one message names before it says how many more there are. */
const NAMED = 4;

const quoted = (texts: readonly string[]): string => {
  const shown = texts.slice(0, NAMED).map((text) => JSON.stringify(text));
  const more = texts.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
};

export const refusalText = (refusal: PoolRefusal): string => {
  switch (refusal.kind) {
    case "namespace":
      return "its serviceAllocation does not list this namespace";
    case "serviceSelectors":
      return "its serviceAllocation.serviceSelectors do not match the labels";
    case "autoAssign":
      return "it is only given on request (autoAssign: false)";
    case "draining":
      return "it is being drained and gives no new address";
    case "noRange":
      return `it has no IPv${refusal.family} range`;
    case "exhausted":
      return `it has no free IPv${refusal.family} address`;
    default:
      return refusal satisfies never;
  }
};

const verdictsText = (verdicts: readonly PoolVerdict[]): string => {
  const shown = verdicts.slice(0, NAMED);
  const more = verdicts.length - shown.length;
  const texts = shown.map(({ pool, refusal }) => `pool "${pool}": ${refusalText(refusal)}`);
  return texts.join("; ") + (more > 0 ? `; and ${more} more pools` : "");
};

function conflictText(conflict: SharingConflict, by: readonly ServiceKey[]): string {
  const others = quoted(by);
  switch (conflict.kind) {
    case "noKey":
      return conflict.missing === "other"
        ? `it is used by ${others}, which does not share it (no metallb.io/allow-shared-ip there)`
        : `it is used by ${others}; to share it, both need the same metallb.io/allow-shared-ip`;
    case "otherKey":
      return (
        `the sharing key ${JSON.stringify(conflict.key)} cannot be used, because the address is also ` +
        `used by ${others} with the key ${JSON.stringify(conflict.otherKey)}`
      );
    case "otherBackends":
      return (
        `it is also used by ${others} with the same sharing key, but externalTrafficPolicy or, ` +
        `under Local, the selector differs`
      );
    case "port":
      return `port ${conflict.port} is already used on it by ${others}`;
    default:
      return conflict satisfies never;
  }
}

export function messageOf(reason: PendingReason): string {
  switch (reason.kind) {
    case "noPool":
      return "no available IPs: no IPAddressPool is configured";
    case "noClusterIPs":
      return "the Service has no cluster IP yet";
    case "notEnoughClusterIPs":
      return `RequireDualStack needs two cluster IPs, the Service has ${quoted(reason.clusterIPs)}`;
    case "unknownFamily":
      return `the IP family cannot be told from the cluster IPs ${quoted(reason.clusterIPs)}`;
    case "dualButSingleStack":
      return "the Service has two cluster IPs, but ipFamilyPolicy SingleStack";
    case "badRequest":
      return `the requested IPs are invalid: ${reason.why}`;
    case "requestFamily":
      return (
        `the requested IPs ${quoted(reason.requested)} do not fit the Service, which is ` +
        { ipv4: "IPv4", ipv6: "IPv6", dual: "dual-stack and needs one of each family" }[
          reason.family
        ]
      );
    case "notInPool":
      return `${quoted(reason.ips)} not allowed in config: no single IPAddressPool contains them`;
    case "requestInOtherPool":
      return `${quoted(reason.ips)} is in pool "${reason.pool}", not in the requested pool "${reason.wanted}"`;
    case "unknownPool":
      return `there is no IPAddressPool ${JSON.stringify(reason.pool)}`;
    case "notAllowed":
      return `pool "${reason.verdict.pool}" is not for this Service: ${refusalText(reason.verdict.refusal)}`;
    case "reserved":
      return `${reason.ip} is reserved in pool "${reason.pool}"`;
    case "inUse":
      return `cannot use ${reason.ip}: ${conflictText(reason.conflict, reason.by)}`;
    case "poolExhausted":
      return `no available IPs in pool "${reason.verdict.pool}": ${refusalText(reason.verdict.refusal)}`;
    case "exhausted":
      return `no available IPs: ${verdictsText(reason.verdicts)}`;
    case "noPoolForService":
      return `no available IPs: no pool serves this Service unasked; ${verdictsText(reason.verdicts)}`;
    default:
      return reason satisfies never;
  }
}

/** The object and field that would have to change; `metallb` is the namespace of the configuration. */
export interface Fault {
  readonly object: ObjectRef;
  readonly path: string;
}

const POOL_PATH: Readonly<Record<PoolRefusal["kind"], string>> = {
  namespace: "spec.serviceAllocation.namespaces",
  serviceSelectors: "spec.serviceAllocation.serviceSelectors",
  autoAssign: "spec.autoAssign",
  draining: "metadata.annotations",
  noRange: "spec.addresses",
  exhausted: "spec.addresses",
};

export function faultOf(reason: PendingReason, key: ServiceKey, metallb: string): Fault {
  const slash = key.indexOf("/");
  const service = { kind: "Service", namespace: key.slice(0, slash), name: key.slice(slash + 1) };
  const poolFault = (verdict: PoolVerdict | undefined): Fault => ({
    object: { kind: "IPAddressPool", namespace: metallb, name: verdict?.pool ?? "" },
    path: verdict === undefined ? "" : POOL_PATH[verdict.refusal.kind],
  });
  const ofService = (path: string): Fault => ({ object: service, path });
  switch (reason.kind) {
    case "noPool":
      return poolFault(undefined);
    case "noClusterIPs":
    case "notEnoughClusterIPs":
    case "unknownFamily":
      return ofService("spec.clusterIPs");
    case "dualButSingleStack":
      return ofService("spec.ipFamilyPolicy");
    case "badRequest":
    case "requestFamily":
    case "notInPool":
    case "requestInOtherPool":
    case "unknownPool":
    case "reserved":
      return ofService(reason.field);
    case "inUse":
      return ofService(SHARING_PATH[reason.conflict.kind]);
    case "notAllowed":
    case "poolExhausted":
      return poolFault(reason.verdict);
    case "exhausted":
      return poolFault(reason.verdicts.find((v) => v.refusal.kind === "exhausted"));
    case "noPoolForService":
      return poolFault(reason.verdicts[0]);
    default:
      return reason satisfies never;
  }
}

const SHARING_PATH: Readonly<Record<SharingConflict["kind"], string>> = {
  noKey: 'metadata.annotations["metallb.io/allow-shared-ip"]',
  otherKey: 'metadata.annotations["metallb.io/allow-shared-ip"]',
  otherBackends: "spec.externalTrafficPolicy",
  port: "spec.ports",
};
