/** An API server with the DaemonSet controller, and a shell in which kubectl, helm and ferrolb speak to it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { startControllerManager } from "../support/controller-manager.ts";
import type { DeployTools } from "../support/deploy-tools.ts";
import { startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { eventually } from "../support/wait.ts";

export const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";
export const CONTROL_PLANE_TAINT = { key: CONTROL_PLANE, effect: "NoSchedule" };

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}
export interface Counts {
  readonly desired: number;
  readonly current: number;
  readonly ready: number;
  readonly upToDate: number;
}

export interface Cluster {
  readonly kube: Kube;
  readonly dir: string;
  readonly kubectl: string;
  /** Standard output of a command line. @throws with what it said where it fails */
  sh(command: string): Promise<string>;
  /** A new node as a kubelet would leave it: no taint but these. */
  addNode(
    name: string,
    labels?: Readonly<Record<string, string>>,
    ...taints: Taint[]
  ): Promise<void>;
  removeNodes(): Promise<void>;
  /** The DaemonSet's own counts, once its controller has seen this generation and wants `desired`. */
  counts(desired: number): Promise<Counts>;
  /** Plays scheduler and kubelet: every Pod is bound where it belongs and runs, one that shall go is gone. */
  runPods(): Promise<void>;
  close(): Promise<void>;
}

const NAMESPACE = "metallb-system";
const MERGE = { "content-type": "application/merge-patch+json" };

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly {
            readonly matchFields?: readonly { readonly values: readonly string[] }[];
          }[];
        };
      };
    };
  };
  readonly status: { readonly phase: string };
}

export async function startCluster(
  bin: string,
  { helm, kustomize }: DeployTools,
): Promise<Cluster> {
  // Webhooks are Services in 127/8: where nobody serves, a call is refused at once and goes nowhere.
  const network = `127.${(process.pid % 100) + 20}.${Math.floor(process.pid / 100) % 250}.0/24`;
  const kube = await startKube(bin, [`--service-cluster-ip-range=${network}`]);
  const manager = startControllerManager(bin, kube, [
    "daemonset-controller",
    "deployment-controller",
    "replicaset-controller",
    "garbage-collector-controller",
  ]);
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-kubectl-`));
  const env = {
    KUBECONFIG: kube.kubeconfig,
    PATH: [bin, dirname(helm), dirname(kustomize), resolve("bin"), process.env["PATH"]].join(":"),
    HELM_CACHE_HOME: join(dir, "helm/cache"),
    HELM_CONFIG_HOME: join(dir, "helm/config"),
    HELM_DATA_HOME: join(dir, "helm/data"),
  };
  const sh = async (command: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await execa("bash", ["-c", command], {
      env,
      reject: false,
    });
    if (exitCode !== 0) throw new Error(`${command}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const send = async (method: string, path: string, body?: unknown, headers = {}) => {
    const { status, body: answer } = await kube.request(method, path, body, headers);
    if (status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const pods = async (): Promise<readonly PodObject[]> =>
    ((await send("GET", `/api/v1/namespaces/${NAMESPACE}/pods`)) as { items: PodObject[] }).items;
  const nodes = async (): Promise<readonly string[]> =>
    ((await send("GET", "/api/v1/nodes")) as { items: { metadata: { name: string } }[] }).items.map(
      ({ metadata }) => metadata.name,
    );

  return {
    kube,
    dir,
    kubectl: join(bin, "kubectl"),
    sh,
    async addNode(name, labels = {}, ...taints) {
      const all = { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name, ...labels };
      await send("POST", "/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels: all },
      });
      // The API server adds not-ready, which a kubelet would have removed.
      await send("PATCH", `/api/v1/nodes/${name}`, { spec: { taints } }, MERGE);
      const conditions = [{ type: "Ready", status: "True", reason: "KubeletReady" }];
      await send("PATCH", `/api/v1/nodes/${name}/status`, { status: { conditions } }, MERGE);
    },
    async removeNodes() {
      for (const name of await nodes()) await send("DELETE", `/api/v1/nodes/${name}`);
      for (const { metadata } of await pods())
        await kube.request(
          "DELETE",
          `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}?gracePeriodSeconds=0`,
        );
    },
    async counts(desired) {
      let last = "";
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets/speaker`;
      return eventually(
        `DESIRED ${desired}`,
        async () => {
          const { metadata, status } = (await send("GET", path)) as {
            metadata: { generation: number };
            status: {
              observedGeneration?: number;
              desiredNumberScheduled: number;
              currentNumberScheduled: number;
              numberReady: number;
              updatedNumberScheduled?: number;
            };
          };
          last = JSON.stringify(status);
          if (status.observedGeneration !== metadata.generation) return false;
          if (status.desiredNumberScheduled !== desired) return false;
          if (status.currentNumberScheduled !== desired) return false;
          return {
            desired,
            current: status.currentNumberScheduled,
            ready: status.numberReady,
            upToDate: status.updatedNumberScheduled ?? 0,
          };
        },
        40_000,
        100,
      ).catch((cause: unknown) => {
        throw new Error(`DESIRED is not ${desired}: ${last}`, { cause });
      });
    },
    async runPods() {
      for (const { metadata, spec, status } of await pods()) {
        const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}`;
        if (metadata.deletionTimestamp !== undefined) {
          await kube.request("DELETE", `${path}?gracePeriodSeconds=0`);
          continue;
        }
        const required =
          spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
        const target =
          required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values[0] ?? (await nodes())[0];
        if (spec.nodeName === undefined)
          await kube.request("POST", `${path}/binding`, {
            apiVersion: "v1",
            kind: "Binding",
            metadata: { name: metadata.name },
            target: { apiVersion: "v1", kind: "Node", name: target },
          });
        if (status.phase === "Running") continue;
        const conditions = [
          { type: "Ready", status: "True", lastTransitionTime: "2024-01-01T00:00:00Z" },
        ];
        await kube.request(
          "PATCH",
          `${path}/status`,
          { status: { phase: "Running", conditions } },
          MERGE,
        );
      }
    },
    async close() {
      await manager.stop();
      await kube.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
