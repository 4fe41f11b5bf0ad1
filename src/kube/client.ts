/** Requests to the API server with the credentials of a kubeconfig, or of the Pod we run in. */
import { createHash } from "node:crypto";
import { Agent, request as httpsRequest } from "node:https";
import { request as httpRequest } from "node:http";
import type { RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { AppError } from "../errors.ts";
import { stringifyExact } from "../api/exact-json.ts";
import type { Access } from "./access.ts";
import { forbiddenText } from "./forbidden.ts";

export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

export type PatchType = "merge" | "apply" | "json";

export interface KubeClient {
  /** Any status below 400. @throws AppError `ERR_KUBE_API`, `ERR_KUBE_CONFLICT` (409), `ERR_KUBE_FORBIDDEN` (403) */
  request(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<unknown>;
  patch(path: string, body: unknown, type?: PatchType): Promise<unknown>;
  /**
   * Lines of a watch, until it ends. @throws AppError as `request`, and when `signal` aborts.
   * @param onOpen the API server has taken it
   */
  watch(
    path: string,
    onLine: (event: unknown) => void,
    signal: AbortSignal,
    onOpen?: () => void,
  ): Promise<void>;
  close(): void;
}

/** What the API server said, where it said something. */
export class KubeError extends AppError {
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    const code =
      status === 409 ? "ERR_KUBE_CONFLICT" : status === 403 ? "ERR_KUBE_FORBIDDEN" : "ERR_KUBE_API";
    super(code, message, options);
    this.status = status;
  }
}

const REQUEST_TIMEOUT_MS = 15_000;
/** A watch without a byte for so long is dead: bookmarks come at least once a minute. */
const WATCH_SILENCE_MS = 90_000;

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
  json: "application/json-patch+json",
};

/** Equal for equal options of a connection; nothing can be read from it. */
const identityOf = (parts: readonly unknown[]): string => {
  const hash = createHash("sha256");
  for (const part of parts)
    hash.update(Buffer.isBuffer(part) ? part : JSON.stringify([part])).update("\n");
  return hash.digest("base64");
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The text of a Status object, else the whole body's beginning. */
function statusText(body: unknown, status: number): string {
  if (body !== null && typeof body === "object" && "message" in body) {
    const said = String(body.message);
    return (status === 403 ? forbiddenText(said) : null) ?? said;
  }
  return typeof body === "string" && body !== "" ? body.slice(0, 200) : `HTTP ${status}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface Ask {
  readonly method: string;
  readonly path: string;
  /** Body and its media type. */
  readonly text: string | null;
  readonly type: string;
  /** Ends a watch. */
  readonly signal?: AbortSignal;
}

export function kubeClient(access: Access): KubeClient {
  const server = new URL(access.server);
  const plain = server.protocol === "http:";
  let agent: Agent | null = null;
  let identity = "";

  /** Credentials are read anew each time, since tokens and CAs rotate; connections are kept while they stay. */
  const options = async (): Promise<RequestOptions> => {
    const fresh = await access.credentials();
    const { ca, cert, key, rejectUnauthorized, servername } = fresh;
    const now = identityOf([ca, cert, key, rejectUnauthorized, servername]);
    if (agent === null || now !== identity) {
      agent?.destroy();
      identity = now;
      agent = new Agent({
        keepAlive: true,
        maxSockets: 32,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
        ...(servername !== undefined && { servername }),
      });
    }
    return {
      headers: fresh.headers ?? {},
      ...(fresh.auth !== undefined && { auth: fresh.auth }),
      ...(plain ? {} : { agent }),
    };
  };

  const attempt = (
    base: RequestOptions,
    { method, path, text, type, signal }: Ask,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
      const sent = (plain ? httpRequest : httpsRequest)(
        url,
        {
          ...base,
          method,
          headers: {
            ...(base.headers as Readonly<Record<string, string>>),
            accept: "application/json",
            "user-agent": "ferrolb",
            ...(text !== null && { "content-type": type }),
          },
          ...(signal && { signal }),
        },
        resolve,
      );
      sent.setTimeout(signal ? WATCH_SILENCE_MS : REQUEST_TIMEOUT_MS, () =>
        sent.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS} ms`)),
      );
      sent.on("error", (cause) =>
        reject(new KubeError(0, `${method} ${path}: ${cause.message}`, { cause })),
      );
      sent.end(text ?? undefined);
    });

  const open = async (ask: Ask): Promise<IncomingMessage> => {
    const used = await options();
    const response = await attempt(used, ask);
    if (response.statusCode !== 401) return response;
    const fresh = await options(); // replaced while we asked
    if (JSON.stringify(fresh.headers) === JSON.stringify(used.headers)) return response;
    response.resume();
    return attempt(fresh, ask);
  };

  const readAll = (response: IncomingMessage): Promise<string> =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      response.on("error", (cause) => reject(new KubeError(0, cause.message, { cause })));
    });

  const send = async (
    method: string,
    path: string,
    body: unknown,
    type: string,
  ): Promise<unknown> => {
    const text = body === undefined ? null : stringifyExact(body);
    const response = await open({ method, path, text, type });
    const answer = parsed(await readAll(response));
    const status = response.statusCode ?? 0;
    if (status < 400) return answer;
    throw new KubeError(
      status,
      `${method} ${path.split("?")[0] ?? ""}: ${statusText(answer, status)}`,
    );
  };

  return {
    request: (method, path, body) => send(method, path, body, "application/json"),
    patch: (path, body, type = "merge") => send("PATCH", path, body, PATCH_TYPES[type]),
    async watch(path, onLine, signal, onOpen) {
      const response = await open({ method: "GET", path, text: null, type: "", signal });
      const status = response.statusCode ?? 0;
      if (status >= 400)
        throw new KubeError(
          status,
          `watch ${path.split("?")[0] ?? ""}: ${statusText(parsed(await readAll(response)), status)}`,
        );
      onOpen?.();
      const lines = createInterface({ input: response, crlfDelay: Infinity });
      try {
        for await (const line of lines) if (line !== "") onLine(parsed(line));
      } catch (cause) {
        throw new KubeError(0, `watch ${path.split("?")[0] ?? ""}: ${messageOf(cause)}`, { cause });
      } finally {
        lines.close();
        response.destroy();
      }
    },
    close: () => agent?.destroy(),
  };
}
