/**
 * What one Service asks for, read once from its spec, annotations and status. Behaviour reference 1.2,
 * 1.4 (steps 4 to 7), 1.6 and 1.8. Everything here depends on the Service alone.
 */
import { isLoadBalancer } from "../api/service-view.ts";
import { keyOf } from "../api/objects.ts";
import type { Service, ServiceKey } from "../api/objects.ts";
import { familyOf, tryParseIp } from "../net/ip.ts";
import type { Family, Ip } from "../net/ip.ts";
import { POOL_OUT_ANNOTATION, annotationOf, deprecatedKeys } from "./annotations.ts";
import { requestOf } from "./request.ts";
import type { Request } from "./request.ts";
import type { ServiceFamily } from "./reasons.ts";

export type FamilyPolicy = "SingleStack" | "PreferDualStack" | "RequireDualStack";

/** `unknown`: two of one family, three, or text that is no address ("None"). */
export type Families = ServiceFamily | "unknown";

export interface Wish {
  readonly key: ServiceKey;
  readonly service: Service;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds; a Service without a creation time is younger than all others. */
  readonly createdMs: number;
  readonly isLoadBalancer: boolean;
  readonly policy: FamilyPolicy;
  /** null: no cluster IP at all. */
  readonly family: Families | null;
  readonly clusterIPs: readonly string[];
  readonly primary: Family;
  readonly request: Request;
  /** Pool asked for by annotation; null: none. */
  readonly pool: { readonly name: string; readonly field: string } | null;
  readonly sharingKey: string;
  readonly backendKey: string;
  /** `TCP/80`. */
  readonly ports: readonly string[];
  /** `ingress[].ip` of the status; an entry that is no address is null. */
  readonly current: readonly (Ip | null)[];
  readonly currentText: readonly string[];
  /** The status is exactly these addresses, with nothing to tidy up. */
  readonly statusIsTidy: boolean;
  /** `metallb.io/ip-allocated-from-pool` as it stands. */
  readonly poolWritten: string | null;
  readonly deprecated: readonly string[];
}

/** Cluster IPs come from the API server; a directory of manifests has nobody to assign them. */
export type FamilySource = "clusterIPs" | "derived";

const POLICIES = ["SingleStack", "PreferDualStack", "RequireDualStack"] as const;

export function familiesOf(ips: readonly (Ip | null)[]): Families {
  const families = ips.map((ip) => (ip === null ? 0 : familyOf(ip)));
  if (families.length === 1) {
    if (families[0] === 4) return "ipv4";
    if (families[0] === 6) return "ipv6";
  }
  const isPair = families.length === 2 && families.includes(4) && families.includes(6);
  return isPair ? "dual" : "unknown";
}

/**
 * What the API server of a dual-stack cluster would have given: the written families, both for the
 * dual-stack policies, else those of the requested addresses, else IPv4.
 */
function derivedFamily(service: Service, policy: FamilyPolicy, request: Request): Families {
  if (policy !== "SingleStack") return "dual";
  const written = service.spec?.ipFamilies ?? [];
  if (written.length > 1) return "dual";
  if (written.length === 1) return written[0] === "IPv6" ? "ipv6" : "ipv4";
  return request.kind === "ips" && request.ips.length === 1 ? familiesOf(request.ips) : "ipv4";
}

const canonicalSelector = (selector: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(selector ?? {})
    .map(([k, v]) => `${k}=${v}`)
    .sort()
    .join(",");

function createdMsOf(service: Service): number {
  const ms = Date.parse(service.metadata.creationTimestamp ?? "");
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

export function wishOf(service: Service, source: FamilySource): Wish {
  const { spec, metadata } = service;
  const policy = POLICIES.find((p) => p === spec?.ipFamilyPolicy) ?? "SingleStack";
  const request = requestOf(service);
  const listed = (spec?.clusterIPs ?? []).filter((ip) => ip !== "");
  const single = spec?.clusterIP ?? "";
  const clusterIPs = listed.length > 0 ? listed : single === "" ? [] : [single];
  const absent = source === "derived" ? derivedFamily(service, policy, request) : null;
  const poolAsked = annotationOf(service, "address-pool");
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const currentText = ingress.map((entry) => entry.ip ?? "").filter((ip) => ip !== "");
  const current = currentText.map(tryParseIp);
  return {
    key: keyOf(service),
    service,
    namespace: metadata.namespace ?? "default",
    labels: metadata.labels ?? {},
    createdMs: createdMsOf(service),
    isLoadBalancer: isLoadBalancer(service),
    policy,
    family: clusterIPs.length > 0 ? familiesOf(clusterIPs.map(tryParseIp)) : absent,
    clusterIPs,
    primary: spec?.ipFamilies?.[0] === "IPv6" ? 6 : 4,
    request,
    pool:
      poolAsked === null || poolAsked.value === ""
        ? null
        : { name: poolAsked.value, field: poolAsked.path },
    sharingKey: annotationOf(service, "allow-shared-ip")?.value ?? "",
    backendKey: spec?.externalTrafficPolicy === "Local" ? canonicalSelector(spec.selector) : "",
    ports: (spec?.ports ?? []).map((p) => `${p.protocol ?? "TCP"}/${p.port}`),
    current,
    currentText,
    statusIsTidy:
      currentText.length === ingress.length && current.every((ip, i) => ip === currentText[i]),
    poolWritten: metadata.annotations?.[POOL_OUT_ANNOTATION] ?? null,
    deprecated: deprecatedKeys(service),
  };
}
