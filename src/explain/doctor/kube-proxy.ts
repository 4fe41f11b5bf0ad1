/** kube-proxy in IPVS mode binds every Service address on every node: without strictARP they all answer ARP. */
import { parse } from "yaml";
import { checked, fix } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";

interface Proxy {
  readonly mode: string;
  readonly strictArp: boolean;
  readonly seen: string;
}

const part = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

function fromConfigMap(text: string): Proxy | null {
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    return null;
  }
  const { mode, ipvs } = part(document);
  return {
    mode: typeof mode === "string" ? mode : "",
    strictArp: part(ipvs)["strictARP"] === true,
    seen: "ConfigMap kube-system/kube-proxy",
  };
}

const fromArgs = (args: readonly string[], seen: string): Proxy => {
  const value = (name: string): string | undefined =>
    args
      .map((arg) => new RegExp(`(?:^|--|=)${name}=([^,\\s]+)$`).exec(arg)?.[1])
      .find((v) => v !== undefined);
  return { mode: value("proxy-mode") ?? "", strictArp: value("ipvs-strict-arp") === "true", seen };
};

/** The line of the MetalLB documentation's readers, unchanged. */
export const STRICT_ARP_LINE =
  'kubectl get configmap kube-proxy -n kube-system -o yaml | sed -e "s/strictARP: false/strictARP: true/" | kubectl apply -f - -n kube-system';

/** Arguments that k3s and RKE2 write on their Nodes. */
export function nodeArgs(annotations: Readonly<Record<string, string>>): readonly string[] | null {
  const text = annotations["k3s.io/node-args"] ?? annotations["rke2.io/node-args"];
  if (text === undefined) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter((a) => typeof a === "string") : null;
  } catch {
    return null;
  }
}

function proxyOf({ snapshot, workloads, nodes }: DoctorFacts): Proxy | null {
  const map = snapshot.configMaps.find(
    ({ metadata }) => metadata.namespace === "kube-system" && metadata.name === "kube-proxy",
  );
  const configured = map?.data?.["config.conf"];
  if (configured !== undefined) return fromConfigMap(configured);
  const daemon = workloads.find((w) => w.namespace === "kube-system" && w.name === "kube-proxy");
  if (daemon !== undefined) return fromArgs(daemon.args, "DaemonSet kube-system/kube-proxy");
  for (const { annotations, name } of nodes) {
    const args = nodeArgs(annotations);
    if (args?.some((a) => a.includes("proxy-mode")) === true)
      return fromArgs(args, `arguments of k3s on Node ${name}`);
  }
  return null;
}

export function strictArpCheck(facts: DoctorFacts): Check {
  const proxy = proxyOf(facts);
  if (proxy === null)
    return checked("strict-arp", [], "no configuration of kube-proxy in sight, so no IPVS mode");
  const { mode, strictArp, seen } = proxy;
  if (mode !== "ipvs")
    return checked(
      "strict-arp",
      [],
      `kube-proxy is in mode ${mode === "" ? "iptables (the default)" : mode}`,
    );
  const inMap = seen.startsWith("ConfigMap");
  const finding: Finding = {
    severity: "warning",
    code: "strictArpOff",
    object: inMap
      ? { kind: "ConfigMap", namespace: "kube-system", name: "kube-proxy" }
      : { kind: "DaemonSet", namespace: "kube-system", name: "kube-proxy" },
    path: inMap ? 'data["config.conf"] ipvs.strictARP' : "arguments",
    message:
      "kube-proxy is in IPVS mode without strictARP: every node answers ARP for every Service address, beside the elected one",
    evidence: [`${seen}: mode ipvs, strictARP false`],
    fixes: inMap
      ? [
          fix(STRICT_ARP_LINE),
          fix(
            "kubectl rollout restart daemonset kube-proxy -n kube-system",
            "kube-proxy reads its configuration at start",
          ),
        ]
      : [fix("add --ipvs-strict-arp=true to the arguments of kube-proxy and restart it")],
  };
  return checked(
    "strict-arp",
    strictArp ? [] : [finding],
    "kube-proxy is in IPVS mode with strictARP on",
  );
}
