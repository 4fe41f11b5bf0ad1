/** Others that hand out or announce the same addresses: k3s's ServiceLB, MetalLB, kube-vip. */
import { checked, fix, some, word } from "./finding.ts";
import type { Check, Finding } from "./finding.ts";
import type { DoctorFacts } from "./facts.ts";
import { nodeArgs } from "./kube-proxy.ts";

const SERVICE_LB = "svccontroller.k3s.cattle.io/svcname";

export function serviceLbCheck({ workloads, nodes }: DoctorFacts): Check {
  const daemons = workloads.filter(
    (w) =>
      w.kind === "DaemonSet" && (w.labels[SERVICE_LB] !== undefined || w.name.startsWith("svclb-")),
  );
  const servers = nodes.flatMap(({ name, annotations }) => {
    const args = nodeArgs(annotations);
    return args?.[0] === "server" && !isDisabled(args) ? [name] : [];
  });
  if (daemons.length === 0 && servers.length === 0)
    return checked("service-lb", [], "no ServiceLB of k3s beside us");
  const [first] = daemons;
  const finding: Finding = {
    severity: "warning",
    code: "serviceLbActive",
    object:
      first === undefined
        ? { kind: "Node", namespace: "", name: servers[0] ?? "" }
        : { kind: "DaemonSet", namespace: first.namespace, name: first.name },
    path: first === undefined ? 'metadata.annotations["k3s.io/node-args"]' : "",
    message:
      "k3s's ServiceLB is on: it writes node addresses into the status of the same Services, and the two overwrite each other",
    evidence: [
      ...daemons.map((d) => `DaemonSet ${d.namespace}/${d.name}`),
      ...servers.map((name) => `Node ${name} runs k3s server without --disable servicelb`),
    ],
    fixes: [
      fix(
        "printf 'disable:\\n  - servicelb\\n' | sudo tee /etc/rancher/k3s/config.yaml.d/no-servicelb.yaml && sudo systemctl restart k3s",
        "on each server node; running connections through ServiceLB end",
      ),
    ],
  };
  return checked("service-lb", [finding], "");
}

const isDisabled = (args: readonly string[]): boolean =>
  args.some(
    (arg, i) =>
      /^--disable(=|$)/.test(arg) &&
      (arg.split("=")[1] ?? args[i + 1] ?? "").split(",").includes("servicelb"),
  );

export function otherMetallbCheck({ metallb, ours }: DoctorFacts): Check {
  if (metallb.length === 0) return checked("other-metallb", [], "no MetalLB beside us");
  const [first] = metallb;
  const both = ours.length > 0;
  const finding: Finding = {
    severity: both ? "warning" : "note",
    code: "otherMetalLB",
    object: {
      kind: first?.kind ?? "",
      namespace: first?.namespace ?? "",
      name: first?.name ?? "",
    },
    path: "",
    message: both
      ? "MetalLB runs beside us: two controllers write the same Services; speakers of both agree only while a change-over lasts"
      : "MetalLB runs here: change over instead of installing beside it (docs/migrate-from-metallb.md)",
    evidence: metallb.map((w) => `${w.kind} ${w.namespace}/${w.name} runs ${some(w.images, 3)}`),
    fixes: both
      ? metallb.map((w) =>
          fix(
            `kubectl delete ${w.kind.toLowerCase()} ${word(w.name)} -n ${word(w.namespace)}`,
            "once no node is left that only it announces from",
          ),
        )
      : [],
  };
  return checked("other-metallb", [finding], "");
}

/** Pod Security: the speaker is privileged, so its namespace must let it in. */
export function podSecurityCheck({ snapshot }: DoctorFacts): Check {
  const { namespace } = snapshot;
  const found = snapshot.namespaces.find((n) => n.metadata.name === namespace);
  const key = "pod-security.kubernetes.io/enforce";
  const level = found?.metadata.labels?.[key];
  if (level === undefined || level === "privileged")
    return checked("pod-security", [], `namespace ${namespace} does not refuse the speaker's Pods`);
  const finding: Finding = {
    severity: "error",
    code: "podSecurityRefuses",
    object: { kind: "Namespace", namespace: "", name: namespace },
    path: `metadata.labels["${key}"]`,
    message: `namespace ${namespace} enforces Pod Security level ${level}: Pods with host network and NET_RAW are refused`,
    evidence: [`label ${key}=${level}`],
    fixes: [fix(`kubectl label namespace ${word(namespace)} --overwrite ${key}=privileged`)],
  };
  return checked("pod-security", [finding], "");
}
