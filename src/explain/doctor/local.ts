/** What one node sees from inside: interfaces, ARP, rights, FRR, ports, the clock. */
import { checked, fix, some, unknown, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import type { LocalFacts, Reach } from "./local-facts.ts";
import { holds } from "./pools.ts";

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((v) => typeof v === "string") : [];

const nodeRef = (name: string) => ({ kind: "Node", namespace: "", name });

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

export function rightsCheck(_: DoctorFacts, local: LocalFacts): Check {
  const { rawSockets, node } = local;
  if (rawSockets === null) return checked("capabilities", [], "raw packet sockets can be opened");
  if (/addon/.test(rawSockets))
    return checked(
      "capabilities",
      [
        {
          severity: "error",
          code: "addonMissing",
          object: nodeRef(node),
          path: "packet.node",
          message: "the packet addon is not there: nothing can be announced by ARP or NDP",
          evidence: [rawSockets],
          fixes: [fix("npm run build:addon", "in the repository; the image has it built in")],
        },
      ],
      "",
    );
  return checked(
    "capabilities",
    [
      {
        severity: "error",
        code: "noNetRaw",
        object: nodeRef(node),
        path: "CAP_NET_RAW",
        message: "no raw packet socket can be opened: nothing can be announced by ARP or NDP",
        evidence: [rawSockets],
        fixes: [
          fix(
            "kubectl get daemonset speaker -n metallb-system -o jsonpath='{.spec.template.spec.containers[*].securityContext.capabilities}'",
            "the speaker's container needs NET_RAW in securityContext.capabilities.add",
          ),
        ],
      },
    ],
    "",
  );
}

export function frrCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const { vtysh, version, error, sockets } = local.frr;
  if (facts.parsed.config.peers.length === 0)
    return checked("frr", [], "no BGPPeer, so no FRR is needed");
  const object = nodeRef(local.node);
  const findings: Finding[] = [];
  const gone = sockets.filter((s) => s.state !== "open");
  const bfdUnused = facts.parsed.config.peers.every((p) => p.bfdProfile === null);
  const missed = gone.filter((s) => s.daemon !== "bfdd" || !bfdUnused);
  if (vtysh === null || version === null)
    findings.push({
      severity: "error",
      code: "frrUnreachable",
      object,
      path: "vtysh",
      message: vtysh === null ? "vtysh cannot be run" : "FRR does not answer vtysh",
      evidence: [error ?? "no word from it", ...sockets.map((s) => `${s.daemon}.vty: ${s.state}`)],
      fixes: [fix("kubectl logs daemonset/speaker -n metallb-system -c frr --tail=50")],
    });
  else if (vtysh !== version)
    findings.push({
      severity: "error",
      code: "frrVersionsDiffer",
      object,
      path: "vtysh",
      message: `vtysh is ${vtysh} and the daemons are ${version}: commands get lost between the two`,
      evidence: [`vtysh ${vtysh}`, `daemons ${version}`],
      fixes: [fix("ferrolb speaker --vtysh PATH", "the vtysh of the FRR that runs here")],
    });
  if (missed.length > 0 && version !== null)
    findings.push({
      severity: missed.some((s) => s.state === "denied") ? "error" : "warning",
      code: "frrSocket",
      object,
      path: missed.map((s) => `${s.daemon}.vty`).join(", "),
      message: missed
        .map((s) => `${s.daemon} ${s.state === "denied" ? "may not be talked to" : "does not run"}`)
        .join("; "),
      evidence: sockets.map((s) => `${s.daemon}.vty: ${s.state}`),
      fixes: [fix("grep -E '^(bgpd|bfdd)' /etc/frr/daemons", "bgpd and bfdd must be yes there")],
    });
  return checked("frr", findings, `FRR ${version ?? ""} answers`);
}

const sayOf = ({ state, detail }: Reach): string =>
  state === "silent" ? "no answer" : state === "error" ? detail : state;

/** TCP and UDP apart: a firewall often knows one of them. */
export function memberPortCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const { members } = local;
  if (members.length === 0) return unknown("membership", "no other node to ask");
  const findings = (["tcp", "udp"] as const).flatMap((protocol): readonly Finding[] => {
    const bad = members.filter((m) => {
      const reach = m[protocol];
      return reach !== null && reach.state !== "open";
    });
    if (bad.length === 0) return [];
    const port = bad[0]?.port ?? 7946;
    const refused = bad.every((m) => m[protocol]?.state === "refused");
    return [
      {
        severity: facts.speaker === null && facts.workloads.length > 0 ? "note" : "error",
        code: refused ? "membershipNotListening" : "membershipBlocked",
        object: nodeRef(bad[0]?.node ?? ""),
        path: `${port}/${protocol}`,
        message: refused
          ? `nobody listens on ${port}/${protocol} of ${some(bad.map((m) => m.node))}: no speaker runs there`
          : `${port}/${protocol} to ${some(bad.map((m) => m.node))} does not get through: speakers take each other for dead`,
        evidence: bad.map(
          (m) =>
            `${local.node} to ${m.node} (${m.address}) ${m.port}/${protocol}: ${sayOf(m[protocol] ?? { state: "silent", detail: "" })}`,
        ),
        fixes: refused
          ? [fix("kubectl get pods -n metallb-system -l component=speaker -o wide")]
          : [
              fix(
                `nft insert rule inet filter input ${protocol} dport ${port} accept`,
                "on each node, in whatever firewall it has; between nodes only",
              ),
            ],
      },
    ];
  });
  const asked = members.some((m) => m.udp !== null) ? "tcp and udp" : "tcp";
  return checked("membership", findings, `${members.length} other nodes answer, by ${asked}`);
}

export function peerPortCheck(facts: DoctorFacts, local: LocalFacts): Check {
  const { peers, frr } = local;
  if (peers.length === 0)
    return checked(
      "bgp-peers",
      [],
      `${frr.established.length} sessions are established, no peer is left to ask`,
    );
  const protectedPeers = new Set(
    facts.parsed.config.peers.filter((p) => p.password !== null).map((p) => p.name),
  );
  const findings = peers
    .filter((p) => p.reach.state !== "open")
    .map(({ peer, address, port, reach }): Finding => {
      const silent = reach.state === "silent";
      const md5 = protectedPeers.has(peer);
      return {
        severity: silent && md5 ? "note" : "error",
        code: silent ? "peerSilent" : reach.state === "refused" ? "peerRefuses" : "peerUnreachable",
        object: { kind: "BGPPeer", namespace: facts.snapshot.namespace, name: peer },
        path: "spec.peerAddress",
        message: silent
          ? `${address} port ${port} does not answer${md5 ? ": with a password that is as it should be for a plain connection" : ": a firewall, or the wrong address"}`
          : reach.state === "refused"
            ? `${address} refuses port ${port}: BGP does not run there, or listens elsewhere`
            : `${address} cannot be reached: ${reach.detail}`,
        evidence: [`${local.node} to ${address} ${port}/tcp: ${sayOf(reach)}`],
        fixes: [
          fix(
            `nc -vz ${word(address)} ${port}`,
            "on the node; TCP port 179 must be open both ways",
          ),
        ],
      };
    });
  return checked("bgp-peers", findings, `${peers.length} peers answer on their port`);
}

/** Leases are renewed within 10 s; certificates and logs are read by the clock. */
const SKEW_S = 5;

export function clockCheck(_: DoctorFacts, local: LocalFacts): Check {
  const { clockAheadS, node } = local;
  if (clockAheadS === null) return unknown("clock", "no API server to compare with");
  const text = `${Math.abs(clockAheadS).toFixed(0)} s ${clockAheadS > 0 ? "ahead of" : "behind"} the API server`;
  return checked(
    "clock",
    Math.abs(clockAheadS) <= SKEW_S
      ? []
      : [
          {
            severity: "warning",
            code: "clockSkew",
            object: nodeRef(node),
            path: "",
            message: `the clock of ${node} is ${text}: leases and certificates are judged by it`,
            evidence: [text],
            fixes: [fix("timedatectl set-ntp true")],
          },
        ],
    "agrees with the API server",
  );
}
