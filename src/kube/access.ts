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
  /** As of now: tokens and certificates rotate. Equal credentials are the same object again where that is known. */
  credentials(): Promise<Credentials>;
}

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Files are read again after so long. */
const FRESH_MS = 30_000;

/**
 * The kubeconfig named, or as kubectl looks for one: `KUBECONFIG`, the file in the home directory; else the Pod's
 * own account. Of a kubeconfig, the context named or its current one.
 * @throws AppError `ERR_UNREADABLE_INPUT` when there is no cluster to talk to
 */
export function loadKubeConfig(file?: string, context?: string): Access {
  const files = file === undefined ? defaultFiles() : [file];
  if (files.length === 0) return plainAccess(ownAccount());
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

/** Of the Pod we run in; outside of one, where a proxy of kubectl would be. */
function ownAccount(): Plain {
  const token = join(ACCOUNT, "token");
  if (!existsSync(token)) return { ...NOTHING, server: "http://localhost:8080" };
  const [host = "", port = ""] = ["HOST", "PORT"].map(
    (what) => process.env[`KUBERNETES_SERVICE_${what}`] ?? "",
  );
  const scheme = ["80", "8080", "8001"].includes(port) ? "http" : "https";
  return {
    ...NOTHING,
    server: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ca: { file: join(ACCOUNT, "ca.crt") },
    token: { file: token },
  };
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

/** @throws AppError `ERR_UNREADABLE_INPUT` by `credentials` for a file that cannot be read */
function plainAccess(plain: Plain): Access {
  let known: {
    readonly credentials: Credentials;
    readonly text: string;
    readonly atMs: number;
  } | null = null;
  return {
    server: plain.server,
    credentials() {
      if (known !== null && performance.now() - known.atMs < FRESH_MS)
        return Promise.resolve(known.credentials);
      try {
        const fresh = credentialsOf(plain);
        const text = JSON.stringify(fresh);
        known = {
          credentials: known?.text === text ? known.credentials : fresh,
          ...{ text, atMs: performance.now() },
        };
        return Promise.resolve(known.credentials);
      } catch (cause) {
        return Promise.reject(
          new AppError("ERR_UNREADABLE_INPUT", `kubeconfig: ${messageOf(cause)}`, { cause }),
        );
      }
    },
  };
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
    async credentials() {
      try {
        const fresh: RequestOptions = {};
        await (await (config ??= load())).applyToHTTPSOptions(fresh);
        return fresh;
      } catch (cause) {
        config = null;
        throw new AppError("ERR_UNREADABLE_INPUT", `kubeconfig: ${messageOf(cause)}`, { cause });
      }
    },
  };
}
