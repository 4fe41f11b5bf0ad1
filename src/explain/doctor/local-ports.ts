/** What one node reaches of the others and of its routers. */
import { checked, fix, some, unknown, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import { nodeRef } from "./local-facts.ts";
import type { LocalFacts, Reach } from "./local-facts.ts";

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
