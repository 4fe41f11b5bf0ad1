/**
 * kube-proxy's part in the lab: on every node, traffic to a Service's external address goes to a backend.
 * `Cluster` spreads over all ready endpoints and masquerades; `Local` uses the node's own, keeps the
 * client's address, and drops where there is none.
 */
import { keyOf } from "../api/objects.ts";
import type { EndpointSlice, Service } from "../api/objects.ts";
import { SERVICE_NAME_LABEL } from "../api/resources.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { familyOf, tryParseIp } from "../net/ip.ts";

const TABLE = "ferrolb_lab";
const MASQUERADE = "0x4000";

/** Input of `nft -f`: replaces the lab's table on `node` in one transaction. */
export function natRulesFor(
  node: string,
  { services, endpointSlices }: Pick<Snapshot, "services" | "endpointSlices">,
): string {
  const slices = slicesByService(endpointSlices);
  const rules = services
    .filter((service) => service.spec?.type === "LoadBalancer")
    .flatMap((service) => rulesOf(service, slices.get(keyOf(service)) ?? [], node));
  return `table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
  chain unserved {
    type filter hook prerouting priority mangle; policy accept;
${rules.flatMap((r) => (r.kind === "drop" ? [`    ${r.match} drop`] : [])).join("\n")}
  }
  chain services {
    type nat hook prerouting priority dstnat; policy accept;
${rules.flatMap((r) => (r.kind === "dnat" ? [`    ${r.match} ${r.action}`] : [])).join("\n")}
  }
  chain masquerading {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${MASQUERADE} == ${MASQUERADE} masquerade
  }
}
`;
}

type Rule =
  | { readonly kind: "dnat"; readonly match: string; readonly action: string }
  | { readonly kind: "drop"; readonly match: string };

/** Manifests are anyone's text and nft reads a language: only parsed addresses and ports go in. */
function rulesOf(service: Service, slices: readonly EndpointSlice[], node: string): Rule[] {
  const local = service.spec?.externalTrafficPolicy === "Local";
  const ips = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => tryParseIp(ip ?? ""));
  return ips.flatMap((ip) =>
    (service.spec?.ports ?? []).flatMap((port): Rule[] => {
      if (ip === null || !isPort(port.port)) return [];
      const family = familyOf(ip) === 6 ? "ip6" : "ip";
      const protocol = port.protocol === "UDP" ? "udp" : "tcp";
      const match = `${family} daddr ${ip} ${protocol} dport ${port.port}`;
      const backends = slices
        .filter((slice) => slice.addressType === (family === "ip6" ? "IPv6" : "IPv4"))
        .flatMap((slice) => backendsOf(slice, local ? node : null, port.name));
      if (backends.length === 0) return local ? [{ kind: "drop", match }] : [];
      const choices = backends.map((backend, i) => `${i} : ${backend}`).join(", ");
      const mark = local ? "" : `meta mark set meta mark or ${MASQUERADE} `;
      const dnat = `dnat ${family} to numgen random mod ${backends.length} map { ${choices} }`;
      return [{ kind: "dnat", match, action: `${mark}${dnat}` }];
    }),
  );
}

/** `address . port` of the ready endpoints, on one node only when it is given. */
function backendsOf(slice: EndpointSlice, node: string | null, portName?: string): string[] {
  const port = slice.ports?.find((p) => (p.name ?? "") === (portName ?? "")) ?? slice.ports?.[0];
  if (port?.port === undefined || !isPort(port.port)) return [];
  const target = port.port;
  return (slice.endpoints ?? [])
    .filter((e) => e.conditions?.ready !== false && (node === null || e.nodeName === node))
    .map((e) => tryParseIp(e.addresses?.[0] ?? ""))
    .flatMap((ip) => (ip === null ? [] : [`${ip} . ${target}`]));
}

const isPort = (port: unknown): port is number =>
  typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65536;

function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, EndpointSlice[]> {
  const groups = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? "";
    const key = `${slice.metadata.namespace ?? "default"}/${name}`;
    groups.set(key, [...(groups.get(key) ?? []), slice]);
  }
  return groups;
}
