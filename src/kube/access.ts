/**
 * Where the API server is and how to be let in: the Pod's own account and a plain kubeconfig are read here;
 * programs, providers and proxies are @kubernetes/client-node's, which is loaded for them alone (20 MB).
 */
import { accessSync, existsSync, readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { isIPv6 } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { AppError } from "../errors.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import type { Pem, Plain } from "./kubeconfig.ts";

/** What a TLS connection and a request need. */
export type Credentials = Pick<
  RequestOptions,
  "ca" | "cert" | "key" | "rejectUnauthorized" | "servername" | "headers" | "auth"
>;

export interface Access {
  /** URL, without a slash at its end. */
  readonly server: string;
  /** As of now: tokens and certificates are replaced under us. @throws AppError `ERR_KUBE_API` where one cannot be read */
  credentials(): Promise<Credentials>;
}

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The kubeconfig named, or as kubectl looks for one: `KUBECONFIG`, the file in the home directory; else the Pod's
 * own account. Of a kubeconfig, the context named or its current one.
 * @throws AppError `ERR_UNREADABLE_INPUT` when there is no cluster to talk to
 */
export function loadKubeConfig(file?: string, context?: string): Access {
  const files = file === undefined ? defaultFiles() : [file];
  if (files.length === 0) return podAccess();
  const found = readKubeconfig(files.map(sourceIn), context);
  if (found === "noContext")
    throw new AppError("ERR_UNREADABLE_INPUT", `kubeconfig has no context ${context ?? ""}`);
  if (found === "noCluster")
    throw new AppError("ERR_UNREADABLE_INPUT", "kubeconfig names no current cluster");
  return found.kind === "plain" ? plainAccess(found) : packageAccess(found.server, file, context);
}

function sourceIn(file: string): { readonly document: unknown; readonly dir: string } {
  try {
    return { document: parse(readFileSync(file, "utf8")) as unknown, dir: dirname(file) };
  } catch (cause) {
    throw new AppError("ERR_UNREADABLE_INPUT", `kubeconfig: ${messageOf(cause)}`, { cause });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function defaultFiles(): readonly string[] {
  const named = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((f) => f !== "");
  if (named.length > 0) return named;
  const home = process.env["HOME"] ?? "";
  const file = join(home, ".kube", "config");
  return home !== "" && isReadable(file) ? [file] : [];
}

function isReadable(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false; // a home that is not ours to read has no kubeconfig for us
  }
}

const NOTHING: Omit<Plain, "server"> = {
  ...{ kind: "plain", ca: null, cert: null, key: null, token: null, basic: null },
  ...{ skipVerify: false, serverName: null },
};

/**
 * The account of the Pod we run in; outside of one, where a proxy of kubectl would be.
 * @param root below which the Pod's files are
 */
export function podAccess(root = ""): Access {
  const account = join(`${root}/`, ACCOUNT);
  const token = join(account, "token");
  if (!existsSync(token)) return plainAccess({ ...NOTHING, server: "http://localhost:8080" });
  const [host = "", port = ""] = ["HOST", "PORT"].map(
    (what) => process.env[`KUBERNETES_SERVICE_${what}`] ?? "",
  );
  const scheme = ["80", "8080", "8001"].includes(port) ? "http" : "https";
  return plainAccess({
    ...NOTHING,
    server: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ca: { file: join(account, "ca.crt") },
    token: { file: token },
  });
}

const octets = (pem: Pem): Buffer | undefined =>
  pem === null
    ? undefined
    : "file" in pem
      ? readFileSync(pem.file)
      : Buffer.from(pem.data, "base64");

function credentialsOf({
  ca,
  cert,
  key,
  token,
  basic,
  skipVerify,
  serverName,
}: Plain): Credentials {
  const [roots, own, secret] = [octets(ca), octets(cert), octets(key)];
  const bearer =
    token === null ? null : "file" in token ? readFileSync(token.file, "utf8") : token.text;
  return {
    ...(roots !== undefined && { ca: roots }),
    ...(own !== undefined && { cert: own }),
    ...(secret !== undefined && { key: secret }),
    ...(skipVerify && { rejectUnauthorized: false }),
    ...(serverName !== null && { servername: serverName }),
    ...(bearer !== null && { headers: { Authorization: `Bearer ${bearer.trim()}` } }),
    ...(basic !== null && { auth: basic }),
  };
}

/** Files are small, and read anew each time: one that was replaced counts at once. */
const plainAccess = (plain: Plain): Access => ({
  server: plain.server,
  credentials: () => reading(() => Promise.resolve(credentialsOf(plain))),
});

async function reading(read: () => Promise<Credentials>): Promise<Credentials> {
  try {
    return await read();
  } catch (cause) {
    throw new AppError("ERR_KUBE_API", `credentials: ${messageOf(cause)}`, { cause });
  }
}

function packageAccess(server: string, file?: string, context?: string): Access {
  const load = async () => {
    const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
    const config = new KubeConfig();
    if (file !== undefined) config.loadFromFile(file);
    else config.loadFromDefault();
    if (context !== undefined) config.setCurrentContext(context);
    return config;
  };
  let config: ReturnType<typeof load> | null = null;
  return {
    server,
    credentials: () =>
      reading(async () => {
        try {
          const fresh: RequestOptions = {};
          await (await (config ??= load())).applyToHTTPSOptions(fresh);
          return fresh;
        } catch (error) {
          config = null; // loaded anew: what is mended counts
          throw error;
        }
      }),
  };
}
