/** Whom to join: addresses of the other speakers, from what the store shows. */
import { selectorMatches } from "../api/selector.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";

/** `METALLB_ML_LABELS`: `app=metallb,component=speaker`; words without `=` must merely be present. */
export function parseLabels(text: string): Readonly<Record<string, string>> {
  const pairs = text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean)
    .map((word) => word.split("=", 2))
    .map(([key, value]) => [key ?? "", value ?? ""] as const);
  return Object.fromEntries(pairs);
}

/**
 * IPs of the speaker Pods with these labels in our namespace; where the store has no such Pods (a
 * directory of manifests), the internal addresses of all Nodes. Never one of our own.
 */
export function seedsFor(
  snapshot: Snapshot,
  labels: Readonly<Record<string, string>>,
  own: { readonly node: string; readonly address: Ip },
): readonly Ip[] {
  const pods = snapshot.pods.filter(
    (pod) =>
      pod.metadata.namespace === snapshot.namespace &&
      Object.keys(labels).length > 0 &&
      selectorMatches({ matchLabels: labels }, pod.metadata.labels),
  );
  const texts =
    pods.length > 0
      ? pods.map((pod) => pod.status?.podIP ?? "")
      : snapshot.nodes
          .filter((node) => node.metadata.name !== own.node)
          .flatMap((node) => node.status?.addresses ?? [])
          .filter((address) => address.type === "InternalIP")
          .map((address) => address.address);
  const family = own.address.includes(":");
  const ips = texts.map(tryParseIp).filter((ip) => ip !== null);
  return [...new Set(ips)].filter((ip) => ip !== own.address && ip.includes(":") === family).sort();
}
