/** A real kube-apiserver on etcd, on loopback, in a temporary directory; nothing else of a cluster runs. */
import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePorts, startProgram, stopProgram } from "./kube-process.ts";
import { eventually } from "./wait.ts";

export type KubeProgram = "kube-apiserver" | "kube-controller-manager" | "kube-proxy" | "kubectl";

export interface KubeResponse {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
  /** `Warning` headers of the API server. */
  readonly warnings: readonly string[];
}

export interface Kube {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** PEM of what signed the server's certificate. */
  readonly ca: string;
  /** Path of a kubeconfig with all of that. */
  readonly kubeconfig: string;
  readonly dir: string;
  /** `body`: an object, or JSON text where a number needs all its digits. */
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<KubeResponse>;
  stop(): Promise<void>;
}

/** Directory with the programs, built on the first call (minutes); null where they cannot be had. */
export async function kubeBinaries(...programs: KubeProgram[]): Promise<string | null> {
  try {
    const script = join(import.meta.dirname, "../../scripts/kube-binaries");
    const { stdout } = await promisify(execFile)(script, programs);
    await promisify(execFile)("etcd", ["--version"]);
    return stdout.trim();
  } catch (error) {
    if (process.env["CI"] === "true") throw error; // a skip is a failure there
    return null;
  }
}

/** Limit of a `before` hook that may build the programs. */
export const KUBE_BUILD_MS = 30 * 60_000;

const admin = (server: string, ca: string, token: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, "certificate-authority": ca } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });

function client(server: string, ca: string, token: string): Kube["request"] & { close(): void } {
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 8 });
  const send: Kube["request"] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const sent = httpsRequest(
        new URL(path, server),
        {
          method,
          agent,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body !== undefined && { "content-type": "application/json" }),
            ...headers,
          },
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("error", reject).on("end", () => {
            const warnings = response.headers["warning"] ?? [];
            resolve({
              status: response.statusCode ?? 0,
              body: parsed(text),
              warnings: typeof warnings === "string" ? [warnings] : warnings,
            });
          });
        },
      );
      sent.on("error", reject);
      sent.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
    });
  return Object.assign(send, { close: () => agent.destroy() });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const apiserverArgs = (dir: string, port: number, etcd: string, tokens: string): string[] => [
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  `--etcd-servers=${etcd}`,
  `--cert-dir=${dir}/certs`,
  `--token-auth-file=${tokens}`,
  "--authorization-mode=RBAC",
  "--service-cluster-ip-range=198.51.100.0/24,2001:db8:5::/112",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${dir}/sa.key`,
  `--service-account-signing-key-file=${dir}/sa.key`,
  "--disable-admission-plugins=ServiceAccount", // nobody makes default accounts here
  "--endpoint-reconciler-type=none",
  "--enable-priority-and-fairness=false",
  "--v=1",
];

/**
 * Ready when it returns; everything is gone after `stop`, also when starting fails.
 * @param extraArgs further flags of kube-apiserver.
 */
export async function startKube(bin: string, extraArgs: readonly string[] = []): Promise<Kube> {
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-kube-`));
  await chmod(dir, 0o755);
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const [etcd, peer] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${peerPort}`];
  const server = `https://127.0.0.1:${port}`;
  const token = randomBytes(16).toString("hex");
  const tokens = join(dir, "tokens.csv");
  await writeFile(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(dir, "sa.key"), privateKey.export({ type: "pkcs1", format: "pem" }), {
    mode: 0o600,
  });

  const log = join(dir, "kube.log");
  const children = [
    startProgram(log, "etcd", [
      `--data-dir=${dir}/etcd`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--logger=zap",
      "--log-level=warn",
    ]),
    startProgram(log, join(bin, "kube-apiserver"), [
      ...apiserverArgs(dir, port, etcd, tokens),
      ...extraArgs,
    ]),
  ];
  let close = () => {};
  const stop = async () => {
    close();
    await Promise.all(children.map(stopProgram));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const caFile = join(dir, "certs/apiserver.crt"); // signed by itself
    const send = await eventually(
      "the API server is ready",
      async () => {
        if (children.some((child) => child.exitCode !== null)) return "exited";
        const sending = client(server, await readFile(caFile, "utf8"), token);
        if ((await sending("GET", "/readyz")).status === 200) return sending;
        sending.close();
        return false;
      },
      180_000,
    );
    if (send === "exited") throw new Error("etcd or kube-apiserver ended");
    close = () => send.close();
    const ca = await readFile(caFile, "utf8");
    const kubeconfig = join(dir, "kubeconfig");
    await writeFile(kubeconfig, admin(server, caFile, token), { mode: 0o600 });
    return { server, token, ca, kubeconfig, dir, request: send, stop };
  } catch (error) {
    const output = await readFile(log, "utf8").catch(() => "");
    await stop();
    throw new Error(`no API server: ${output.slice(-4000)}`, { cause: error });
  }
}
