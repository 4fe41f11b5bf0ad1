/** Edge: small HTTP and HTTPS listeners for probes and metrics. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContextOptions } from "node:tls";
import type { Registry } from "prom-client";
import { AppError } from "../errors.ts";

/** Content of a path, or null for 404. */
export type Page = (
  path: string,
) => Promise<{ readonly status: number; readonly type: string; readonly body: string } | null>;

/** Asked before a page is made: null lets the request pass, else its answer. */
export type Guard = (
  path: string,
  authorization: string | undefined,
) => Promise<{ readonly status: number; readonly body: string } | null>;

export interface Security {
  /** Certificate, key and what TLS is allowed; absent: plain HTTP. */
  readonly tls?: SecureContextOptions;
  readonly guard?: Guard;
}

export interface Listener {
  readonly port: number;
  /** New certificate for connections from now on. */
  useTls(tls: SecureContextOptions): void;
  close(): Promise<void>;
}

const TEXT = "text/plain; charset=utf-8";

/**
 * Answers GET and HEAD.
 * @throws AppError `ERR_ENVIRONMENT` when the port cannot be had, `ERR_BAD_CERTIFICATE` when TLS cannot be set up
 */
export async function listen(
  host: string,
  port: number,
  page: Page,
  security: Security = {},
): Promise<Listener> {
  const { tls, guard } = security;
  const answerTo = async (request: IncomingMessage): ReturnType<Page> => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (request.method !== "GET" && request.method !== "HEAD")
      return { status: 405, type: TEXT, body: "only GET\n" };
    const refused = (await guard?.(path, request.headers.authorization)) ?? null;
    return refused === null ? page(path) : { type: TEXT, ...refused };
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answerTo(request)
      .catch(() => ({ status: 500, type: TEXT, body: "internal error\n" }))
      .then((found) => {
        const { status, type, body } = found ?? { status: 404, type: TEXT, body: "not found\n" };
        response.writeHead(status, { "content-type": type });
        response.end(request.method === "HEAD" ? undefined : body);
      })
      .catch(() => response.destroy());
  };
  const secure = tls === undefined ? null : guarded(() => createTlsServer(tls, handle));
  const server = secure ?? createServer(handle);
  secure?.on("tlsClientError", () => undefined); // scanners, and clients of an older CA
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new AppError("ERR_ENVIRONMENT", `cannot listen on ${host} port ${port}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    useTls: (fresh) => guarded(() => secure?.setSecureContext(fresh)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function guarded<T>(build: () => T): T {
  try {
    return build();
  } catch (cause) {
    throw new AppError("ERR_BAD_CERTIFICATE", "certificate and key do not fit", { cause });
  }
}

/** `/healthz`: the process serves. `/readyz`: it has read its world once. */
export const healthPages =
  (isReady: () => boolean): Page =>
  (path) => {
    const ok = path === "/healthz" || (path === "/readyz" && isReady());
    if (ok) return Promise.resolve({ status: 200, type: TEXT, body: "ok\n" });
    if (path === "/readyz")
      return Promise.resolve({ status: 503, type: TEXT, body: "still loading\n" });
    return Promise.resolve(null);
  };

/** `refresh` brings what is read from elsewhere up to date; it must not take long. */
export const metricsPages =
  (registry: Registry, refresh: () => Promise<void> = () => Promise.resolve()): Page =>
  async (path) => {
    if (path !== "/metrics") return null;
    await refresh();
    return { status: 200, type: registry.contentType, body: await registry.metrics() };
  };
