/**
 * An installation on a real API server: the one-file manifest applied, controller and speaker run with the
 * arguments, environment and rights that it gives them. Both run in a namespace of their own; the API server's calls to
 * the webhook Service get there through a relay, which is kube-proxy's part.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { startFrr } from "../../src/lab/frr-instance.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns } from "../../src/lab/netns.ts";
import { FERROLB, ensureBundle } from "../support/bundle.ts";
import { manifestsIn } from "../support/deploy-tools.ts";
import type { Manifests } from "../support/deploy-tools.ts";
import { startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { startProgram, stopProgram } from "../../src/lab/programs.ts";
import { eventually } from "../support/wait.ts";
import { AUDIT_POLICY, callsIn } from "./audit.ts";
import type { Call } from "./audit.ts";

export const NAMESPACE = "metallb-system";
export const NODE = "n1";
export const NODE_IP = "198.51.100.11";
export const ROUTER_IP = "198.51.100.1";
export type Component = "controller" | "speaker";
/** Both share a network here, and the controller's page is at 17473. */
const PROBE: Readonly<Record<Component, number>> = { controller: 17482, speaker: 17483 };
const METRICS: Readonly<Record<Component, number>> = { controller: 9120, speaker: 9121 };

export interface Daemon {
  readonly child: ChildProcess;
  log(): Promise<string>;
  /** Status of a probe; 0: nobody answers. */
  probe(page: "healthz" | "readyz"): Promise<number>;
  /** Status of `/metrics` for the bearer of a token. */
  metrics(token: string): Promise<number>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Stage {
  readonly kube: Kube;
  readonly manifests: Manifests;
  readonly frr: FrrInstance;
  readonly router: FrrInstance;
  readonly dir: string;
  kubectl(...args: readonly string[]): Promise<string>;
  apply(object: object): Promise<void>;
  start(component: Component): Promise<Daemon>;
  calls(component: Component): Promise<readonly Call[]>;
  close(): Promise<void>;
}

const podName = (component: Component): string =>
  component === "controller" ? "controller-0" : `speaker-${NODE}`;

/** No kube-proxy runs here: Services live in 127/8, where any address is ours. One network per test process. */
const serviceNetwork = (): string =>
  `127.${(process.pid % 100) + 100}.${Math.floor(process.pid / 100) % 250}`;

export async function startStage(bin: string, manifest: string): Promise<Stage> {
  await ensureBundle();
  await execa("node", ["scripts/build-addon.mjs"]);
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-deploy-`));
  const steps: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const step of steps.splice(0).reverse()) await step();
  };
  try {
    const policy = join(dir, "audit-policy.json");
    const auditLog = join(dir, "audit.log");
    await writeFile(policy, AUDIT_POLICY);
    await writeFile(auditLog, "");
    const kube = await startKube(bin, [
      `--service-cluster-ip-range=${serviceNetwork()}.0/24`,
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${auditLog}`,
    ]);
    steps.push(() => kube.stop());
    const kubectl = async (...args: readonly string[]): Promise<string> =>
      (await execa(join(bin, "kubectl"), ["--kubeconfig", kube.kubeconfig, ...args])).stdout;
    const apply = async (object: object): Promise<void> => {
      const args = ["--kubeconfig", kube.kubeconfig, "apply", "-f", "-"];
      await execa(join(bin, "kubectl"), args, { input: JSON.stringify(object) });
    };
    await kubectl("apply", "-f", manifest);

    const net = createNet();
    steps.push(() => net.destroy());
    const node = await net.namespace("node");
    const router = await net.namespace("router");
    await net.veth(
      { ns: node, dev: "eth0", addresses: [`${NODE_IP}/24`] },
      { ns: router, dev: "eth0", addresses: [`${ROUTER_IP}/24`] },
    );
    const frrs = await Promise.all([
      startFrr({
        netns: node.name,
        version: "8.4",
        dir: join(dir, "frr"),
        config: "",
        listen: false,
      }),
      startFrr({ netns: router.name, version: "8.4", dir: join(dir, "router"), config: ROUTER }),
    ]);
    steps.push(() => Promise.all(frrs.map((frr) => frr.stop())));
    await relays(kube, kubectl, node, dir, steps);

    const text = await readFile(manifest, "utf8");
    const manifests = manifestsIn(text);
    const start = (component: Component) =>
      startDaemon({ component, manifests, kube, dir, node, frr: frrs[0] });
    return {
      ...{ kube, manifests, dir, kubectl, apply, start, close },
      ...{ frr: frrs[0], router: frrs[1] },
      calls: async (component) =>
        (await callsIn(auditLog)).filter(
          (call) => call.user === `system:serviceaccount:${NAMESPACE}:${component}`,
        ),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const ROUTER = `router bgp 64501
 bgp router-id ${ROUTER_IP}
 no bgp ebgp-requires-policy
 neighbor ${NODE_IP} remote-as 64500
 neighbor ${NODE_IP} password blue
`;

/** The API server on 127.0.0.1:6443 of the node; the webhook Service's address to port 9443 of it. */
async function relays(
  kube: Kube,
  kubectl: Stage["kubectl"],
  node: Netns,
  dir: string,
  steps: (() => Promise<unknown>)[],
): Promise<void> {
  const script = resolve(import.meta.dirname, "relay.mjs");
  const [api, hook] = [join(dir, "api.sock"), join(dir, "webhook.sock")];
  for (const [from, to] of [
    ["127.0.0.1:6443", api],
    [hook, "127.0.0.1:9443"],
  ] as const) {
    const relay = node.spawn(process.execPath, script, from, to);
    steps.push(() => {
      relay.kill("SIGKILL");
      return Promise.resolve();
    });
  }
  const path = ["-n", NAMESPACE, "get", "service", "metallb-webhook-service"];
  const address = await kubectl(...path, "-o", "jsonpath={.spec.clusterIP}");
  const pass = (to: { path: string } | { host: string; port: number }) =>
    createServer((near) => {
      const far = connect(to);
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
  const toApi = pass({ host: "127.0.0.1", port: Number(new URL(kube.server).port) }).listen(api);
  const toHook = pass({ path: hook }).listen(443, address);
  steps.push(() => {
    for (const server of [toApi, toHook]) server.close();
    return Promise.resolve();
  });
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}
interface Runnable {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly { readonly args: string[]; readonly env: Variable[] }[];
      };
    };
  };
}

interface Start {
  readonly component: Component;
  readonly manifests: Manifests;
  readonly kube: Kube;
  readonly dir: string;
  readonly node: Netns;
  readonly frr: FrrInstance;
}

/** What the kubelet would start, but for paths and ports that a shared machine needs to be others. */
async function startDaemon({ component, manifests, kube, dir, node, frr }: Start): Promise<Daemon> {
  const key = component === "controller" ? "Deployment" : "DaemonSet";
  const workload = manifests.get(`${key} ${NAMESPACE}/${component}`) as unknown as Runnable;
  const { containers, serviceAccountName } = workload.spec.template.spec;
  const { args = [], env = [] } = containers[0] ?? {};
  const fields: Readonly<Record<string, string>> = {
    "metadata.namespace": NAMESPACE,
    "metadata.name": podName(component),
    "spec.nodeName": NODE,
    "status.podIP": NODE_IP,
  };
  const variables = env.map(
    ({ name, value, valueFrom }) =>
      `${name}=${value ?? fields[valueFrom?.fieldRef.fieldPath ?? ""] ?? ""}`,
  );
  const kubeconfig = await kubeconfigFor(kube, serviceAccountName, dir);
  const log = join(dir, `${component}-${String(Date.now())}.log`);
  const port = String(PROBE[component]);
  const paths = ["--state-dir", join(dir, component), "--health-probe-port", port];
  const metrics = ["--port", String(METRICS[component])];
  const own = [
    ...["--ml-secret-key-path", join(dir, "ml"), "--vtysh", frr.vtyshPath],
    ...["--vty-dir", frr.vtyDir, "--frr-config", frr.confFile],
    ...["--exclude-interfaces", join(dir, "none")],
  ];
  const child = startProgram(log, "ip", [
    ...["netns", "exec", node.name, "env", ...variables, `KUBECONFIG=${kubeconfig}`],
    ...[FERROLB, ...args, ...paths, ...metrics, ...(component === "speaker" ? own : [])],
  ]);
  return {
    child,
    log: () => readFile(log, "utf8"),
    probe: (page) => status(node, `http://127.0.0.1:${port}/${page}`),
    metrics: (token) =>
      status(
        node,
        `https://127.0.0.1:${METRICS[component]}/metrics`,
        ...["-k", "-H", `Authorization: Bearer ${token}`],
      ),
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      await eventually(
        "the daemon ends",
        () => child.exitCode !== null || child.signalCode !== null,
      );
      await stopProgram(child);
      return child.exitCode;
    },
  };
}

/** HTTP status as curl in the node gets it; 0: no answer. */
async function status(node: Netns, url: string, ...more: readonly string[]): Promise<number> {
  const ask = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", ...more, url];
  const { stdout } = await execa("ip", ["netns", "exec", node.name, "curl", ...ask], {
    reject: false,
  });
  return Number(stdout);
}

/** A token of the service account, and nothing else. */
async function kubeconfigFor(kube: Kube, account: string, dir: string): Promise<string> {
  const token = await tokenOf(kube, NAMESPACE, account);
  const file = join(dir, `kubeconfig-${account}`);
  const config = JSON.parse(await readFile(kube.kubeconfig, "utf8")) as {
    clusters: { cluster: { server: string } }[];
    users: { user: { token: string } }[];
  };
  for (const { cluster } of config.clusters) cluster.server = "https://127.0.0.1:6443";
  for (const { user } of config.users) user.token = token;
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

export async function tokenOf(kube: Kube, namespace: string, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { body } = await kube.request("POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600 },
  });
  return (body as { readonly status: { readonly token: string } }).status.token;
}
