/** Where metrics are served: HTTPS with the API server's word on who may read, in a cluster; plain on localhost else. */
import type { Registry } from "prom-client";
import { AppError } from "../errors.ts";
import { authorizer } from "../kube/authorize.ts";
import type { KubeClient } from "../kube/client.ts";
import { listen, metricsPages } from "../observability/http.ts";
import type { Listener } from "../observability/http.ts";
import type { Logger } from "../observability/log.ts";
import { systemClock } from "../runtime/clock.ts";
import { selfSigned } from "../observability/self-signed.ts";
import { tlsSettings } from "./tls-flags.ts";
import type { TlsFlags } from "./tls-flags.ts";

export interface MetricsFlags extends TlsFlags {
  readonly port: number;
  readonly metricsBindAddress?: string;
  readonly metricsCertDir?: string;
}

/** What a scrape waits for, filled in once the daemon knows what it has to read. */
export interface Refreshed {
  refresh: () => Promise<void>;
}

/**
 * Null when `--port` is 0, or when it cannot listen: that costs the metrics, not the announcements.
 * @throws AppError `ERR_USAGE` for TLS flags that do not fit
 */
export async function serveMetrics(
  flags: MetricsFlags,
  registry: Registry,
  refreshed: Refreshed,
  around: {
    readonly client: KubeClient | null;
    readonly component: string;
    readonly namespace: string;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<Listener | null> {
  const { client, log, signal } = around;
  const settings = tlsSettings(flags);
  if (flags.port === 0) return null;
  const host = flags.metricsBindAddress ?? (client === null ? "127.0.0.1" : "0.0.0.0");
  const pages = metricsPages(registry, () => refreshed.refresh());
  try {
    if (client === null && !flags.metricsCertDir) return await listen(host, flags.port, pages);
    const onError = (err: unknown): void => log.warn({ err }, "metrics: TLS or authorization");
    const { firstCertificate, followCertificate } = await certificates(flags, around);
    const listener = await listen(host, flags.port, pages, {
      tls: { ...settings, ...firstCertificate },
      ...(client !== null && { guard: authorizer(client, systemClock, onError) }),
    });
    followCertificate((fresh) => listener.useTls({ ...settings, ...fresh }), onError, signal);
    return listener;
  } catch (err) {
    if (err instanceof AppError && err.code === "ERR_USAGE") throw err;
    log.warn({ err, host, port: flags.port }, "cannot listen");
    return null;
  }
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
}
interface Certificates {
  readonly firstCertificate: Certificate;
  readonly followCertificate: (
    use: (fresh: Certificate) => void,
    onError: (error: unknown) => void,
    signal: AbortSignal,
  ) => void;
}

const CERTIFICATE_DAYS = 365;

/** From `--metrics-cert-dir`, followed as its files change; else made for this process, in memory. */
async function certificates(
  { metricsCertDir }: MetricsFlags,
  { component, namespace }: { readonly component: string; readonly namespace: string },
): Promise<Certificates> {
  if (metricsCertDir) {
    const { followCertificateFiles, readCertificateFiles } =
      await import("../webhook/certificate-files.ts");
    const first = await readCertificateFiles(metricsCertDir);
    return {
      firstCertificate: first,
      followCertificate: (use, onError, signal) =>
        void followCertificateFiles(metricsCertDir, first, use, onError, systemClock, signal),
    };
  }
  return {
    firstCertificate: selfSigned(`${component}.${namespace}.svc`, new Date(), CERTIFICATE_DAYS),
    // Good for a year; a process that lives longer is renewed with its Pod.
    followCertificate: () => undefined,
  };
}
