/** A real kube-apiserver on etcd, on loopback, in a temporary directory; nothing else of a cluster runs. */
import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startApiServer } from "../../src/lab/api-server.ts";

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

/** Cluster IPs of these tests. */
const SERVICE_CIDRS = "198.51.100.0/24,2001:db8:5::/112";

/**
 * Ready when it returns; everything is gone after `stop`, also when starting fails.
 * @param extraArgs further flags of kube-apiserver.
 */
export async function startKube(bin: string, extraArgs: readonly string[] = []): Promise<Kube> {
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-kube-`));
  const api = await startApiServer({ bin, dir, serviceCidrs: SERVICE_CIDRS, extraArgs });
  const send = client(api.server, api.ca, api.token);
  return {
    ...api,
    request: send,
    async stop() {
      send.close();
      await api.stop();
    },
  };
}

/** Requests as an administrator of an API server that runs. */
export const kubeRequests = ({
  server,
  ca,
  token,
}: Pick<Kube, "server" | "ca" | "token">): Kube["request"] & { close(): void } =>
  client(server, ca, token);
