/** Edge: small HTTP listeners for probes and metrics. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { AppError } from "../errors.ts";

/** Content of a path, or null for 404. */
export type Page = (
  path: string,
) => Promise<{ readonly status: number; readonly type: string; readonly body: string } | null>;

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

const TEXT = "text/plain; charset=utf-8";

/** Answers GET and HEAD. @throws AppError `ERR_ENVIRONMENT` when the port cannot be had */
export async function listen(host: string, port: number, page: Page): Promise<Listener> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const allowed = request.method === "GET" || request.method === "HEAD";
    const answer = allowed
      ? page(path)
      : Promise.resolve({ status: 405, type: TEXT, body: "only GET\n" });
    answer
      .catch(() => ({ status: 500, type: TEXT, body: "internal error\n" }))
      .then((found) => {
        const { status, type, body } = found ?? { status: 404, type: TEXT, body: "not found\n" };
        response.writeHead(status, { "content-type": type });
        response.end(request.method === "HEAD" ? undefined : body);
      })
      .catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new AppError("ERR_ENVIRONMENT", `cannot listen on ${host} port ${port}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

export const metricsPages =
  (registry: Registry): Page =>
  async (path) =>
    path === "/metrics"
      ? { status: 200, type: registry.contentType, body: await registry.metrics() }
      : null;
