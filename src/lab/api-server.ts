/**
 * A real kube-apiserver on etcd, on loopback, with nothing else of a cluster: it can be killed, started
 * again, and made to forget its past.
 */
import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { loadKubeConfig } from "../kube/access.ts";
import { kubeClient } from "../kube/client.ts";
import { freePorts, startProgram, stopProgram } from "./programs.ts";

export interface ApiServer {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** PEM of what signed the server's certificate. */
  readonly ca: string;
  /** Path of a kubeconfig with all of that. */
  readonly kubeconfig: string;
  readonly dir: string;
  /** Of kube-apiserver; null while it is down. */
  pid(): number | null;
  /** kube-apiserver alone is killed; etcd keeps what it has. */
  kill(): Promise<void>;
  /** Starts it again; resolves when it is ready. */
  start(): Promise<void>;
  /** etcd forgets everything but the present: watches that were at an older place get 410. */
  compact(): Promise<void>;
  /** Ends both and removes the directory. */
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  /** With `kube-apiserver`. */
  readonly bin: string;
  /** Made; removed by `stop`. */
  readonly dir: string;
  /** Addresses that cluster IPs are taken from. */
  readonly serviceCidrs: string;
  /** Further flags of kube-apiserver. */
  readonly extraArgs?: readonly string[];
}

const READY_MS = 180_000;

/** Ready when it returns; nothing is left when starting fails. @throws AppError `ERR_ENVIRONMENT` */
export async function startApiServer(o: ApiServerOptions): Promise<ApiServer> {
  const { dir } = o;
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const [etcd, peer] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
  const server = `https://127.0.0.1:${port}`;
  const token = randomBytes(16).toString("hex");
  const tokens = join(dir, "tokens.csv");
  await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" });
  await writeFile(join(dir, "sa.key"), key, { mode: 0o600 });
  const caFile = join(dir, "certs/apiserver.crt"); // signed by itself
  const kubeconfig = join(dir, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(server, caFile, token), { mode: 0o600 });

  const log = join(dir, "kube.log");
  const store = startProgram(log, "etcd", [
    `--data-dir=${dir}/etcd`,
    `--listen-client-urls=${etcd}`,
    `--advertise-client-urls=${etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--logger=zap",
    "--log-level=warn",
  ]);
  let serving: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    if (serving !== null) return;
    const program = startProgram(log, join(o.bin, "kube-apiserver"), [
      ...flags(dir, port, etcd, tokens, o.serviceCidrs),
      ...(o.extraArgs ?? []),
    ]);
    serving = program;
    const until = performance.now() + READY_MS;
    while (performance.now() < until && program.exitCode === null && store.exitCode === null) {
      if (await isReady(kubeconfig)) return;
      await sleep(100);
    }
    throw new AppError(
      "ERR_ENVIRONMENT",
      `no API server: ${(await readFile(log, "utf8").catch(() => "")).slice(-4000)}`,
    );
  };
  const kill = async (): Promise<void> => {
    const program = serving;
    serving = null;
    if (program !== null) await stopProgram(program);
  };
  const stop = async (): Promise<void> => {
    await Promise.all([kill(), stopProgram(store)]);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await start();
    const ca = await readFile(caFile, "utf8");
    const compact = async (): Promise<void> => {
      const { header } = await etcdAsks(etcd, "kv/range", { key: "AA==" });
      await etcdAsks(etcd, "kv/compaction", { revision: header.revision });
    };
    const pid = (): number | null => serving?.pid ?? null;
    return { server, token, ca, kubeconfig, dir, pid, kill, start, compact, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const kubeconfigFor = (server: string, ca: string, token: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server, "certificate-authority": ca } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "admin" } }],
    "current-context": "lab",
  });

const flags = (dir: string, port: number, etcd: string, tokens: string, cidrs: string) => [
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  `--etcd-servers=${etcd}`,
  `--cert-dir=${dir}/certs`,
  `--token-auth-file=${tokens}`,
  "--authorization-mode=RBAC",
  `--service-cluster-ip-range=${cidrs}`,
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${dir}/sa.key`,
  `--service-account-signing-key-file=${dir}/sa.key`,
  "--disable-admission-plugins=ServiceAccount", // nobody makes default accounts here
  "--endpoint-reconciler-type=none",
  "--enable-priority-and-fairness=false",
  "--v=1",
];

async function isReady(kubeconfig: string): Promise<boolean> {
  try {
    const client = kubeClient(loadKubeConfig(kubeconfig));
    try {
      return (await client.request("GET", "/readyz")) === "ok";
    } finally {
      client.close();
    }
  } catch {
    return false; // not there, or its certificate is not written yet
  }
}

async function etcdAsks(
  etcd: string,
  path: string,
  body: object,
): Promise<{ readonly header: { readonly revision: string } }> {
  const response = await fetch(`${etcd}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new AppError("ERR_ENVIRONMENT", `etcd: ${await response.text()}`);
  return (await response.json()) as { readonly header: { readonly revision: string } };
}
