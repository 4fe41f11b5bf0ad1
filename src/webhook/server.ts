/** The HTTPS edge of the webhooks: reads a bounded body, asks `answer`, writes JSON. */
import { once } from "node:events";
import { createServer } from "node:https";
import { createSecureServer } from "node:http2";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { SecureVersion } from "node:tls";
import { AppError } from "../errors.ts";
import { answer, refusalOf } from "./answer.ts";
import type { Admit, HttpAnswer } from "./answer.ts";

export interface WebhookServerOptions {
  /** Empty: every address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly minVersion: SecureVersion;
  /** OpenSSL names joined by colons; absent: Node's own choice. */
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
  /** HTTP/2 beside HTTP/1.1. */
  readonly http2: boolean;
}

/** PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export interface WebhookServer {
  readonly port: number;
  /** For connections from now on. */
  use(credentials: Credentials): void;
  close(): Promise<void>;
}

/** What both HTTP versions of Node have in common. */
interface Incoming extends AsyncIterable<Buffer> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}
interface Outgoing {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  end(body: string): unknown;
}

/** An object is at most 1.5 MB in etcd; a review carries two, a conversion many small ones. */
const MAX_BODY = 16 * 1024 * 1024;

async function bodyOf(request: Incoming): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size <= MAX_BODY) parts.push(part);
    else parts.length = 0; // read on to the end, so that the client hears the answer
  }
  if (size > MAX_BODY) return null;
  return Buffer.concat(parts).toString("utf8");
}

async function serve(request: Incoming, admit: Admit): Promise<HttpAnswer> {
  const head = {
    method: request.method ?? "",
    url: request.url ?? "",
    contentType: request.headers["content-type"] ?? "",
  };
  const refusal = refusalOf(head);
  if (refusal !== null) return refusal;
  const body = await bodyOf(request);
  if (body === null) return { status: 413, body: { message: "the body is too large" } };
  return answer({ ...head, body }, admit);
}

/**
 * Listens when it returns.
 * @param onError what went wrong while a request was answered; the client got 500.
 * @throws AppError `ERR_ENVIRONMENT` when the port is taken, `ERR_BAD_CERTIFICATE` when cert and key are none.
 */
export async function startWebhookServer(
  options: WebhookServerOptions,
  credentials: Credentials,
  admit: Admit,
  onError: (error: unknown) => void,
): Promise<WebhookServer> {
  const handle = (request: Incoming, response: Outgoing): void => {
    serve(request, admit)
      .catch((error: unknown): HttpAnswer => {
        onError(error);
        return { status: 500, body: { message: "internal error" } };
      })
      .then(({ status, body }) => {
        const text = JSON.stringify(body);
        const headers = {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        };
        response.writeHead(status, headers);
        response.end(text);
      })
      .catch(onError); // the client went away
  };
  const { minVersion, ciphers, ecdhCurve } = options;
  const tls = {
    minVersion,
    ...(ciphers !== undefined && { ciphers }),
    ...(ecdhCurve !== undefined && { ecdhCurve }),
  };
  const server = guarded(() =>
    options.http2
      ? createSecureServer({ ...tls, ...credentials, allowHTTP1: true }, handle)
      : createServer({ ...tls, ...credentials, requestTimeout: 30_000 }, handle),
  );
  server.on("tlsClientError", () => undefined); // scanners, and clients of an older CA
  server.listen({ port: options.port, ...(options.host !== "" && { host: options.host }) });
  await once(server, "listening").catch((cause: unknown) => {
    throw new AppError("ERR_ENVIRONMENT", `webhooks cannot listen on port ${options.port}`, {
      cause,
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    use: (fresh) => guarded(() => server.setSecureContext({ ...tls, ...fresh })),
    async close() {
      const closed = once(server, "close");
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}

function guarded<T>(build: () => T): T {
  try {
    return build();
  } catch (cause) {
    throw new AppError("ERR_BAD_CERTIFICATE", "certificate and key do not fit", { cause });
  }
}
