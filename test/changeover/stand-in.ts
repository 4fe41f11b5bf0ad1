/** In the place of MetalLB's manifest and of a cluster: the names, labels and containers that matter, our own text. */
import { yaml } from "../support/manifests.ts";

const NAMESPACE = "metallb-system";

function workload(
  kind: "DaemonSet" | "Deployment",
  component: string,
  containers: readonly string[],
  more: object = {},
): object {
  const labels = { app: "metallb", component };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name: component, namespace: NAMESPACE, labels },
    spec: {
      ...more,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          initContainers: component === "speaker" ? [named("cp-reloader")] : [],
          containers: containers.map(named),
        },
      },
    },
  };
}

const named = (name: string): object => ({ name, image: `metallb/${name}` });

export const METALLB_MANIFEST = yaml(
  workload("DaemonSet", "speaker", ["speaker", "frr", "reloader", "frr-metrics"]),
  workload("DaemonSet", "frr-k8s", ["frr"]),
  workload("Deployment", "controller", ["controller"], { replicas: 1 }),
);

/** Two nodes: one changes, the other must not. */
export const CLUSTER = yaml(
  ...["worker-1", "worker-2"].map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/os": "linux" } },
  })),
  {
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata: { name: "web", namespace: NAMESPACE },
    spec: { addresses: ["203.0.113.0/28"] },
  },
  {
    apiVersion: "metallb.io/v1beta1",
    kind: "L2Advertisement",
    metadata: { name: "web", namespace: NAMESPACE },
    spec: {},
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  },
);
