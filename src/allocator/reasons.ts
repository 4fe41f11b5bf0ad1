/**
 * Why a Service has no address: one union for events, `allocate`, `explain` and logs, so that all of
 * them use the same words. Each kind names the object and field at fault through `faultOf`.
 */
import type { ServiceKey } from "../api/objects.ts";
import type { Ip } from "../net/ip.ts";

/** The families a Service has cluster IPs of. */
export type ServiceFamily = "ipv4" | "ipv6" | "dual";

/** Why one Service may not use one address that another holds (behaviour reference 1.8). */
export type SharingConflict =
  | { readonly kind: "noKey"; readonly missing: "this" | "other" | "both" }
  | { readonly kind: "otherKey"; readonly key: string; readonly otherKey: string }
  | { readonly kind: "otherBackends" }
  /** `port` as `TCP/80`. */
  | { readonly kind: "port"; readonly port: string };

/** Why one pool gives nothing to one Service. */
export type PoolRefusal =
  | { readonly kind: "namespace" }
  | { readonly kind: "serviceSelectors" }
  | { readonly kind: "autoAssign" }
  | { readonly kind: "draining" }
  /** The pool has no range of this family at all. */
  | { readonly kind: "noRange"; readonly family: 4 | 6 }
  /** Every address of this family is in use (or reserved). */
  | { readonly kind: "exhausted"; readonly family: 4 | 6 };

export interface PoolVerdict {
  readonly pool: string;
  readonly refusal: PoolRefusal;
}

/** Where the requested addresses or pool were written: a JSON path inside the Service. */
export type RequestField = string;

export type PendingReason =
  | { readonly kind: "noPool" }
  | { readonly kind: "noClusterIPs" }
  | { readonly kind: "notEnoughClusterIPs"; readonly clusterIPs: readonly string[] }
  | { readonly kind: "unknownFamily"; readonly clusterIPs: readonly string[] }
  | { readonly kind: "dualButSingleStack" }
  | { readonly kind: "badRequest"; readonly field: RequestField; readonly why: string }
  | {
      readonly kind: "requestFamily";
      readonly field: RequestField;
      readonly requested: readonly Ip[];
      readonly family: ServiceFamily;
    }
  | { readonly kind: "notInPool"; readonly field: RequestField; readonly ips: readonly Ip[] }
  | {
      readonly kind: "requestInOtherPool";
      readonly field: RequestField;
      readonly ips: readonly Ip[];
      readonly pool: string;
      readonly wanted: string;
    }
  | { readonly kind: "unknownPool"; readonly field: RequestField; readonly pool: string }
  | { readonly kind: "notAllowed"; readonly verdict: PoolVerdict }
  | {
      readonly kind: "reserved";
      readonly field: RequestField;
      readonly ip: Ip;
      readonly pool: string;
    }
  | {
      readonly kind: "inUse";
      readonly ip: Ip;
      readonly by: readonly ServiceKey[];
      readonly conflict: SharingConflict;
    }
  /** The pool that the Service asks for by name has nothing left. */
  | { readonly kind: "poolExhausted"; readonly verdict: PoolVerdict }
  /** Pools may serve this Service, but none has what it needs. */
  | { readonly kind: "exhausted"; readonly verdicts: readonly PoolVerdict[] }
  /** There are pools, but none may serve this Service unasked. */
  | { readonly kind: "noPoolForService"; readonly verdicts: readonly PoolVerdict[] };
