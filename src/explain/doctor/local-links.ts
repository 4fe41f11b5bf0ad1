/** Interfaces as one node sees them from inside: who answers ARP there, carrier, MTU. */
import { checked, fix, some, unknown, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import { nodeRef } from "./local-facts.ts";
import type { LocalFacts } from "./local-facts.ts";
import { holds } from "./pools.ts";

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((v) => typeof v === "string") : [];

/** Interfaces that hold addresses of pools: with arp_ignore 0 the kernel answers ARP for them on every link. */
export function arpIgnoreCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const bound = local.interfaces.flatMap((i) =>
    i.addresses
      .map((a) => a.split("/")[0] ?? a)
      .filter((ip) => !ip.includes(":") && holds(facts, ip) !== null)
      .map((ip) => ({ ip, on: i.name })),
  );
  if (bound.length === 0)
    return checked("arp-ignore", [], "no interface of this node holds an address of a pool");
  const open = local.interfaces.filter(
    (i) =>
      i.up &&
      i.carrier &&
      i.name !== "lo" &&
      !bound.some((b) => b.on === i.name) &&
      Math.max(local.arpIgnoreAll ?? 0, i.arpIgnore ?? 0) === 0,
  );
  const on = [...new Set(bound.map((b) => b.on))];
  const finding: Finding = {
    severity: "warning",
    code: "arpIgnoreOff",
    object: nodeRef(local.node),
    path: "net.ipv4.conf.all.arp_ignore",
    message: `${some(on)} holds Service addresses and arp_ignore is 0: this node's kernel answers ARP for them on ${some(open.map((i) => i.name))}, whoever is elected`,
    evidence: [
      ...bound.slice(0, 10).map((b) => `${b.ip} is bound to ${b.on}`),
      `net.ipv4.conf.all.arp_ignore = ${local.arpIgnoreAll ?? "?"}`,
      ...open.map((i) => `net.ipv4.conf.${i.name}.arp_ignore = ${i.arpIgnore ?? "?"}`),
    ],
    fixes: [
      fix("sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"),
      ...(on.some((name) => name.startsWith("kube-ipvs"))
        ? [
            fix(
              "ferrolb doctor",
              "strictARP of kube-proxy does the same at every start; see the check strict-arp",
            ),
          ]
        : []),
    ],
  };
  return checked(
    "arp-ignore",
    open.length === 0 ? [] : [finding],
    "the kernel keeps silent for addresses bound elsewhere",
  );
}

/** Interfaces that advertisements name, the carrier of all, and MTUs that lose gossip or tunnels. */
export function interfaceCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const byName = new Map(local.interfaces.map((i) => [i.name, i]));
  const findings: Finding[] = [];
  for (const { metadata, spec } of facts.snapshot.l2Advertisements)
    for (const name of textsOf(spec?.interfaces)) {
      const found = byName.get(name);
      if (found?.up === true && found.carrier) continue;
      findings.push({
        severity: "warning",
        code: found === undefined ? "interfaceMissing" : "interfaceDown",
        object: {
          kind: "L2Advertisement",
          namespace: facts.snapshot.namespace,
          name: metadata.name,
        },
        path: "spec.interfaces",
        message:
          found === undefined
            ? `names interface ${name}, and ${local.node} has none of that name`
            : `names interface ${name}, which on ${local.node} ${found.up ? "has no carrier" : "is down"}`,
        evidence: local.interfaces.map(
          (i) => `${i.name}: ${i.up ? "up" : "down"}, ${i.carrier ? "carrier" : "no carrier"}`,
        ),
        fixes: [
          found === undefined
            ? fix(
                `kubectl edit l2advertisement ${word(metadata.name)} -n ${word(facts.snapshot.namespace)}`,
              )
            : fix(`ip link set ${word(name)} up`),
        ],
      });
    }
  return checked(
    "interfaces",
    findings,
    `${local.interfaces.filter((i) => i.up && i.carrier).length} interfaces are up with carrier`,
  );
}

/** Octets of an outer header. */
const TUNNELS: readonly (readonly [name: RegExp, overhead: number])[] = [
  [/^(flannel\.|vxlan\.|cilium_vxlan|antrea-)/, 50],
  [/^(tunl0|ipip)/, 20],
  [/^(wireguard\.|kilo|cilium_wg|flannel-wg)/, 60],
];
/** UDP packets of membership are up to 1400 octets, plus headers. */
const GOSSIP_MTU = 1428;

export function mtuCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const addresses = new Set(facts.nodes.find((n) => n.name === local.node)?.addresses ?? []);
  const uplinks = local.interfaces.filter(
    (i) => i.up && i.addresses.some((a) => addresses.has(a.split("/")[0] ?? "")),
  );
  const [uplink] = uplinks;
  if (uplink === undefined)
    return unknown("mtu", `no interface holds an address of Node ${local.node}`);
  const findings: Finding[] = [];
  if (uplink.mtu < GOSSIP_MTU)
    findings.push({
      severity: "warning",
      code: "mtuTooSmall",
      object: nodeRef(local.node),
      path: uplink.name,
      message: `${uplink.name} has MTU ${uplink.mtu}: gossip of up to ${GOSSIP_MTU} octets is fragmented`,
      evidence: [`${uplink.name}: mtu ${uplink.mtu}`],
      fixes: [
        fix(
          `ip link set ${word(uplink.name)} mtu 1500`,
          "every device of the segment must carry it",
        ),
      ],
    });
  for (const { name, mtu, up } of local.interfaces) {
    const overhead = TUNNELS.find(([pattern]) => pattern.test(name))?.[1];
    if (overhead === undefined || !up || mtu + overhead <= uplink.mtu) continue;
    findings.push({
      severity: "warning",
      code: "tunnelMtuTooLarge",
      object: nodeRef(local.node),
      path: name,
      message: `${name} has MTU ${mtu} and needs ${overhead} octets more than ${uplink.name} with ${uplink.mtu} carries: large answers to clients are lost`,
      evidence: [`${name}: mtu ${mtu}`, `${uplink.name}: mtu ${uplink.mtu}`],
      fixes: [
        fix(
          `ip link set ${word(name)} mtu ${uplink.mtu - overhead}`,
          "set it in the CNI's configuration to last",
        ),
      ],
    });
  }
  return checked("mtu", findings, `${uplink.name} has MTU ${uplink.mtu}`);
}
