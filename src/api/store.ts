/**
 * The store port: what controller and speaker need of a cluster or of a directory of manifests. The core
 * works on `Snapshot`; `src/manifests` and `src/kube` are the two adapters and pass one shared test suite.
 */
import type { Ip } from "../net/ip.ts";
import type { ObjectRef, ServiceKey } from "./objects.ts";
import type { Problem } from "./problem.ts";
import type { Snapshot } from "./snapshot.ts";

/** A cluster, or a directory of manifests. */
export interface Store {
  /** The latest consistent view, or null until the first load is complete. Cheap: the same object until something changed. */
  snapshot(): Snapshot | null;
  /**
   * Called after any change; it only says "look again". `sinceMs`: when the first of it was made, by the clock
   * of the store; absent: just now. Returns the way to stop.
   */
  onChange(listener: (sinceMs?: number) => void): () => void;
  /** Problems of the store itself: a file that is no YAML, a document that is no object. */
  problems(): readonly Problem[];
  /** Replaces `status.loadBalancer` and the pool annotation in one write. @throws AppError when the write failed. */
  writeServiceStatus(key: ServiceKey, status: ServiceStatusWrite): Promise<void>;
  writePoolStatus(name: string, counters: PoolCounters): Promise<void>;
  /** Best effort, never throws; equal events in a row are counted, not repeated. */
  recordEvent(event: EventWrite): void;
  /** Replaces the set of status objects of one kind that `owner` (this component) has written. */
  writeReports(owner: string, reports: readonly ReportWrite[]): Promise<void>;
  close(): Promise<void>;
}

export interface ServiceStatusWrite {
  /** Empty: no address. In status order. */
  readonly ips: readonly Ip[];
  /** Written to `metallb.io/ip-allocated-from-pool`; null removes it. */
  readonly pool: string | null;
}

export interface PoolCounters {
  readonly assignedIPv4: bigint;
  readonly assignedIPv6: bigint;
  readonly availableIPv4: bigint;
  readonly availableIPv6: bigint;
}

export interface EventWrite {
  readonly about: ObjectRef;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** `metallb-controller` or `metallb-speaker`. */
  readonly source: string;
}

/** ServiceL2Status, ServiceBGPStatus, ConfigurationState, AnnouncementReport: one desired status object. */
export interface ReportWrite {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namePrefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: Readonly<Record<string, unknown>>;
}
