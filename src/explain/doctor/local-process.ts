/** What the speaker needs of its own node: rights, FRR, the clock. */
import { checked, fix, unknown } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import { nodeRef } from "./local-facts.ts";
import type { LocalFacts } from "./local-facts.ts";

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
