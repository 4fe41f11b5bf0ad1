/** The memberlist Secret: 16 random octets in unpadded base64, made once, owned by the Deployment. */
import { randomBytes } from "node:crypto";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";

export interface SecretOptions {
  readonly namespace: string;
  /** `METALLB_ML_SECRET_NAME` */
  readonly name: string;
  /** `METALLB_DEPLOYMENT`; empty: nobody owns it. */
  readonly deployment: string;
}

/** True when it was made now. An existing Secret is left alone. @throws AppError */
export async function ensureMemberlistSecret(
  client: KubeClient,
  o: SecretOptions,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${o.namespace}/secrets`;
  try {
    await client.request("GET", `${path}/${o.name}`);
    return false;
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 404) throw error;
  }
  const owner =
    o.deployment === ""
      ? null
      : ((await client.request(
          "GET",
          `/apis/apps/v1/namespaces/${o.namespace}/deployments/${o.deployment}`,
        )) as { readonly metadata: { readonly uid: string } });
  try {
    await client.request("POST", path, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: o.name,
        namespace: o.namespace,
        ...(owner !== null && {
          ownerReferences: [
            {
              apiVersion: "apps/v1",
              kind: "Deployment",
              name: o.deployment,
              uid: owner.metadata.uid,
            },
          ],
        }),
      },
      stringData: { secretkey: randomBytes(16).toString("base64").replaceAll("=", "") },
    });
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 409) return false; // another controller was quicker
    throw error;
  }
}
