/** The webhooks of a controller: certificates first, then the server, until aborted. */
import type { Clock } from "../runtime/clock.ts";
import type { Admit } from "./answer.ts";
import { followCertificateFiles, readCertificateFiles } from "./certificate-files.ts";
import type { CertificateData } from "./certificate-need.ts";
import { startRotation } from "./rotation.ts";
import type { CertificatePorts } from "./rotation.ts";
import { startWebhookServer } from "./server.ts";
import type { Credentials, WebhookServer, WebhookServerOptions } from "./server.ts";

export type CertificateSource =
  /** Made and renewed here. */
  | { readonly kind: "rotated"; readonly ports: CertificatePorts; readonly dnsName: string }
  /** The operator's business. */
  | { readonly kind: "files"; readonly directory: string };

export interface WebhookPorts {
  readonly certificates: CertificateSource;
  readonly admit: Admit;
  /** A request or a renewal that failed; the webhooks go on. */
  readonly onError: (error: unknown) => void;
  readonly onListening: (port: number) => void;
  readonly clock: Clock;
}

const credentialsOf = (data: CertificateData): Credentials => ({
  cert: data["tls.crt"],
  key: data["tls.key"],
});

/** @throws AppError when the first certificates cannot be had or the port is taken. */
export async function runWebhooks(
  options: WebhookServerOptions,
  ports: WebhookPorts,
  signal: AbortSignal,
): Promise<void> {
  const { certificates, onError, clock } = ports;
  let server: WebhookServer | null = null;
  const current: { credentials: Credentials | null } = { credentials: null };
  const use = (credentials: Credentials): void => {
    current.credentials = credentials;
    server?.use(credentials);
  };
  const followed =
    certificates.kind === "rotated"
      ? await startRotation(
          certificates.ports,
          certificates.dnsName,
          (data) => use(credentialsOf(data)),
          onError,
          clock,
          signal,
        )
      : await startFiles(certificates.directory, use, onError, clock, signal);
  const { credentials } = current;
  if (credentials === null) return;
  server = await startWebhookServer(options, credentials, ports.admit, onError);
  ports.onListening(server.port);
  await followed.stopped;
  await server.close();
}

async function startFiles(
  directory: string,
  use: (credentials: Credentials) => void,
  onError: (error: unknown) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly stopped: Promise<void> }> {
  const first = await readCertificateFiles(directory);
  use(first);
  return { stopped: followCertificateFiles(directory, first, use, onError, clock, signal) };
}
