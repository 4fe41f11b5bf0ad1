/** Edge: the page over HTTP. Read-only, for the machine it runs on unless told otherwise. */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "../errors.ts";
import { ASSETS } from "./assets.ts";
import { watchPicture } from "./watch.ts";
import type { WatchPorts } from "./watch.ts";

export interface PageOptions extends WatchPorts {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Nothing but our own two files, and our own server to talk to. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;
/** Somebody who watches costs a socket. */
const WATCHERS_MOST = 32;
/** Proxies close a stream that is silent. */
const ALIVE_MS = 15_000;

/** @throws AppError `ERR_ENVIRONMENT` when the port cannot be had */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const { host = "127.0.0.1", port, clock } = options;
  const watcher = watchPicture(options);
  let watching = 0;

  const stream = (response: ServerResponse): void => {
    if (watching >= WATCHERS_MOST) {
      send(response, 503, "text/plain; charset=utf-8", "too many watch already\n");
      return;
    }
    watching++;
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream" });
    const stop = watcher.subscribe((text) => response.write(`data: ${text}\n\n`));
    let cancel: () => void = () => undefined;
    const beat = (): void => {
      response.write(":\n\n");
      cancel = clock.after(ALIVE_MS, beat);
    };
    beat();
    response.on("close", () => {
      watching--;
      cancel();
      stop();
    });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isOwnName(request.headers.host, host)) {
      // A page elsewhere whose name was made to point here (DNS rebinding).
      send(response, 421, "text/plain; charset=utf-8", "ask for localhost\n");
      return;
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      send(response, 405, "text/plain; charset=utf-8", "only GET\n");
      return;
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    const asset = ASSETS.get(url.pathname);
    if (asset !== undefined) send(response, 200, asset.type, asset.text);
    else if (url.pathname === "/events") stream(response);
    else if (url.pathname === "/explain") {
      const explanation = await watcher.explain(url.searchParams.get("service") ?? "");
      const json = "application/json; charset=utf-8";
      if (explanation === null) send(response, 503, json, '{"error":"still loading"}');
      else send(response, 200, json, JSON.stringify(explanation));
    } else send(response, 404, "text/plain; charset=utf-8", "not found\n");
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else send(response, 500, "text/plain; charset=utf-8", "internal error\n");
    });
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new AppError("ERR_ENVIRONMENT", `cannot listen on ${host} port ${port}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        watcher.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { ...HEADERS, "content-type": type });
  response.end(text);
}

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/** On localhost only localhost's names count; elsewhere the operator has chosen who may come. */
function isOwnName(name: string | undefined, host: string): boolean {
  if (!/^(127\.|::1$|localhost$)/.test(host)) return true;
  return name !== undefined && LOCAL.test(name);
}
