/** The annotations of a Service that the allocator reads and writes (crds reference 4.1). */
import type { Service } from "../api/objects.ts";

export const ANNOTATION_PREFIX = "metallb.io/";
export const LEGACY_PREFIX = "metallb.universe.tf/";
/** Output only: never read back as a wish. */
export const POOL_OUT_ANNOTATION = "metallb.io/ip-allocated-from-pool";

export type WishAnnotation = "address-pool" | "loadBalancerIPs" | "allow-shared-ip";

export interface FoundAnnotation {
  readonly value: string;
  /** `metadata.annotations["metallb.io/address-pool"]` */
  readonly path: string;
}

/** The new key where it exists, even when empty; else the legacy twin; null when neither does. */
export function annotationOf(service: Service, suffix: WishAnnotation): FoundAnnotation | null {
  for (const prefix of [ANNOTATION_PREFIX, LEGACY_PREFIX]) {
    const key = prefix + suffix;
    const value = service.metadata.annotations?.[key];
    if (value !== undefined) return { value, path: `metadata.annotations["${key}"]` };
  }
  return null;
}

/** Legacy keys on the Service, sorted; each is worth one warning. */
export const deprecatedKeys = (service: Service): readonly string[] =>
  Object.keys(service.metadata.annotations ?? {})
    .filter((key) => key.startsWith(LEGACY_PREFIX.slice(0, -1)))
    .sort();
