/** Where a cluster keeps the webhook certificates: a Secret, the webhook configuration and the CRD that converts. */
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";

export interface WebhookObjects {
  readonly namespace: string;
  /** `--webhook-secret` */
  readonly secret: string;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  /** Name of the CustomResourceDefinition with the conversion webhook. */
  readonly crd: string;
}

/** Field manager of the CA bundles, as MetalLB's. */
const MANAGER = "fieldManager=MetalLB";

type Texts = Readonly<Record<string, string>>;
interface Read {
  readonly data: Texts;
  readonly version: string | null;
}

const decoded = (data: Texts): Texts =>
  Object.fromEntries(
    Object.entries(data).map(([k, v]) => [k, Buffer.from(v, "base64").toString()]),
  );
const encoded = (data: Texts): Texts =>
  Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString("base64")]));

const is = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof KubeError && statuses.includes(error.status);

/** The certificate ports of the webhook server. All of them throw KubeError. */
export function webhookObjects(client: KubeClient, o: WebhookObjects) {
  const secrets = `/api/v1/namespaces/${o.namespace}/secrets`;
  return {
    async read(): Promise<Read> {
      try {
        const secret = (await client.request("GET", `${secrets}/${o.secret}`)) as {
          readonly metadata: { readonly resourceVersion: string };
          readonly data?: Texts;
        };
        return { data: decoded(secret.data ?? {}), version: secret.metadata.resourceVersion };
      } catch (error) {
        if (is(error, 404)) return { data: {}, version: null };
        throw error;
      }
    },

    /** False when someone else wrote, made or deleted the Secret since it was read. */
    async write(data: Texts, version: string | null): Promise<boolean> {
      const metadata = { name: o.secret, namespace: o.namespace };
      try {
        if (version === null)
          await client.request("POST", secrets, {
            apiVersion: "v1",
            kind: "Secret",
            metadata,
            data: encoded(data),
          });
        else
          await client.patch(`${secrets}/${o.secret}`, {
            metadata: { resourceVersion: version },
            data: encoded(data),
          });
        return true;
      } catch (error) {
        if (is(error, 404, 409)) return false;
        throw error;
      }
    },

    async trust(ca: string): Promise<void> {
      const bundle = Buffer.from(ca).toString("base64");
      await trustInConfiguration(client, o.configuration, bundle);
      await trustInCrd(client, o.crd, bundle);
    },
  };
}

interface Configuration {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

/** Only what differs is written: a pass over a settled cluster writes nothing. */
async function trustInConfiguration(client: KubeClient, name: string, bundle: string) {
  const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
  const { webhooks = [] } = (await client.request("GET", path)) as Configuration;
  const changes = webhooks.flatMap((webhook, i) =>
    webhook.clientConfig.caBundle === bundle
      ? []
      : [
          // The list may have changed since: the name at this place must still be the same.
          { op: "test", path: `/webhooks/${i}/name`, value: webhook.name },
          { op: "add", path: `/webhooks/${i}/clientConfig/caBundle`, value: bundle },
        ],
  );
  if (changes.length > 0) await client.patch(`${path}?${MANAGER}`, changes, "json");
}

interface Definition {
  readonly spec: {
    readonly conversion?: {
      readonly webhook?: { readonly clientConfig?: { readonly caBundle?: string } };
    };
  };
}

async function trustInCrd(client: KubeClient, name: string, bundle: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const { spec } = (await client.request("GET", path)) as Definition;
  const clientConfig = spec.conversion?.webhook?.clientConfig;
  if (clientConfig === undefined || clientConfig.caBundle === bundle) return;
  const conversion = { webhook: { clientConfig: { caBundle: bundle } } };
  await client.patch(`${path}?${MANAGER}`, { spec: { conversion } });
}
