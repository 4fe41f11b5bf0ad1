/** Flags of the controller's webhooks, and their wiring to a cluster. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "../kube/client.ts";
import { readExisting } from "../kube/existing.ts";
import { webhookObjects } from "../kube/webhook-objects.ts";
import type { Logger } from "../observability/log.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { sleep, systemClock } from "../runtime/clock.ts";
import { admit } from "../webhook/admit.ts";
import { requestOf } from "../webhook/review.ts";
import { listsReviewed } from "../webhook/reviewed-snapshot.ts";
import { runWebhooks } from "../webhook/run.ts";
import type { WebhookPorts } from "../webhook/run.ts";
import { tlsSettings } from "./tls-flags.ts";
import type { TlsFlags } from "./tls-flags.ts";

export interface WebhookFlags extends TlsFlags {
  /** `disabled`: nothing is served; conversion neither. */
  readonly webhookMode: "enabled" | "disabled" | "onlywebhook";
  readonly disableCertRotation?: boolean;
  readonly webhookHttp2?: boolean;
  readonly certDir?: string;
  readonly certServiceName?: string;
  readonly webhookSecret?: string;
}

/** Every address, and the container port of the webhook Service. */
const LISTEN = { host: "", port: 9443 };
const RETRY = { minMs: 1_000, maxMs: 60_000 };

/**
 * Serves until aborted. What keeps the webhooks from starting is logged and tried again: addresses are
 * given meanwhile.
 * @throws AppError `ERR_USAGE` for TLS flags that do not fit
 */
export async function serveWebhooks(
  flags: WebhookFlags,
  client: KubeClient,
  namespace: string,
  log: Logger,
  signal: AbortSignal,
  listen: { readonly host: string; readonly port: number } = LISTEN,
): Promise<void> {
  const tls = tlsSettings(flags);
  if (flags.webhookMode === "disabled") return;
  const service = flags.certServiceName ?? "metallb-webhook-service";
  const objects = {
    namespace,
    secret: flags.webhookSecret ?? "metallb-webhook-cert",
    configuration: "metallb-webhook-configuration",
    crd: "bgppeers.metallb.io",
  };
  const ports: WebhookPorts = {
    certificates:
      flags.disableCertRotation === true
        ? {
            kind: "files",
            directory: flags.certDir ?? join(tmpdir(), "k8s-webhook-server/serving-certs"),
          }
        : {
            kind: "rotated",
            ports: webhookObjects(client, objects),
            dnsName: `${service}.${namespace}.svc`,
          },
    async admit(review) {
      const lists = listsReviewed(requestOf(review)?.kind ?? "");
      return admit(review, await readExisting(client, namespace, lists));
    },
    onError: (err) => log.warn({ err }, "a webhook request or a renewal failed"),
    onListening: (port) => log.info({ port }, "webhooks are served"),
    clock: systemClock,
  };
  for (let failures = 1; !signal.aborted; failures++) {
    const attempt = new AbortController(); // what a failed attempt left running ends with it
    try {
      const until = AbortSignal.any([signal, attempt.signal]);
      await runWebhooks({ ...listen, http2: flags.webhookHttp2 === true, ...tls }, ports, until);
    } catch (err) {
      log.error({ err }, "webhooks cannot be served");
      attempt.abort();
      await sleep(systemClock, backoffMs(RETRY, failures), signal);
    }
  }
}
