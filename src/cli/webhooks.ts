/** Flags of the controller's webhooks, and their wiring to a cluster. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "../kube/client.ts";
import { readExisting } from "../kube/existing.ts";
import { webhookObjects } from "../kube/webhook-objects.ts";
import type { Logger } from "../observability/log.ts";
import { systemClock } from "../runtime/clock.ts";
import { admit } from "../webhook/admit.ts";
import { requestOf } from "../webhook/review.ts";
import { listsReviewed } from "../webhook/reviewed-snapshot.ts";
import { runWebhooks } from "../webhook/run.ts";
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

/** Container port of the webhook Service. */
const PORT = 9443;

/**
 * Serves until aborted.
 * @throws AppError `ERR_USAGE` for TLS flags that do not fit, and what starting throws.
 */
export async function serveWebhooks(
  flags: WebhookFlags,
  client: KubeClient,
  namespace: string,
  log: Logger,
  signal: AbortSignal,
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
  await runWebhooks(
    { host: "", port: PORT, http2: flags.webhookHttp2 === true, ...tls },
    {
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
    },
    signal,
  );
}
