/** A cluster as it is now, object by object, as `kubectl get -o yaml` would show it: for the doctor and the support bundle. */
import type { KubeObject } from "../api/objects.ts";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./client.ts";
import { RESOURCES } from "./resources.ts";

export interface DumpPart {
  readonly apiVersion: string;
  readonly kind: string;
  readonly path: string;
}

export interface Dump {
  readonly objects: readonly KubeObject[];
  /** What could not be read, and why: no definition, no right. */
  readonly missing: readonly string[];
}

const extra = (apiVersion: string, kind: string, path: string): DumpPart => ({
  apiVersion,
  kind,
  path,
});

/** Every list that the configuration is read from, and the workloads and settings around it. */
export const dumpParts = (namespace: string): readonly DumpPart[] => [
  ...Object.entries(RESOURCES).map(([, { apiVersion, kind, path }]) => ({
    apiVersion,
    kind,
    path: path(namespace),
  })),
  extra("apps/v1", "DaemonSet", "/apis/apps/v1/daemonsets"),
  extra("apps/v1", "Deployment", "/apis/apps/v1/deployments"),
  extra(
    "v1",
    "ConfigMap",
    "/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dkube-proxy",
  ),
];

/** What is written about what happened. */
export const statusParts = (namespace: string): readonly DumpPart[] => [
  extra(
    "metallb.io/v1beta1",
    "ServiceL2Status",
    `/apis/metallb.io/v1beta1/namespaces/${namespace}/servicel2statuses`,
  ),
  extra(
    "metallb.io/v1beta1",
    "ServiceBGPStatus",
    `/apis/metallb.io/v1beta1/namespaces/${namespace}/servicebgpstatuses`,
  ),
  extra(
    "metallb.io/v1beta1",
    "ConfigurationState",
    `/apis/metallb.io/v1beta1/namespaces/${namespace}/configurationstates`,
  ),
  extra(
    "ferrolb.io/v1alpha1",
    "AnnouncementReport",
    `/apis/ferrolb.io/v1alpha1/namespaces/${namespace}/announcementreports`,
  ),
  extra("v1", "Event", `/api/v1/namespaces/${namespace}/events`),
];

/** One list that cannot be read costs that list only. @throws AppError `ERR_KUBE_API` when nothing answers */
export async function readDump(client: KubeClient, parts: readonly DumpPart[]): Promise<Dump> {
  const objects: KubeObject[] = [];
  const missing: string[] = [];
  for (const { apiVersion, kind, path } of parts)
    try {
      const { items } = (await client.request("GET", path)) as {
        readonly items?: readonly KubeObject[];
      };
      // Items of a list do not say what they are.
      for (const item of items ?? []) objects.push({ ...item, apiVersion, kind });
    } catch (error) {
      if (!(error instanceof KubeError) || error.status === 0) throw error;
      missing.push(`${kind}: ${error.status === 404 ? "no such resource here" : error.message}`);
    }
  return { objects, missing };
}

/** The API server's clock, by an object that it dates and does not keep; null where it has none. */
export async function serverTimeMs(client: KubeClient): Promise<number | null> {
  try {
    const made = (await client.request(
      "POST",
      "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "SelfSubjectReview",
      },
    )) as { readonly metadata?: { readonly creationTimestamp?: string } };
    const ms = Date.parse(made.metadata?.creationTimestamp ?? "");
    return Number.isNaN(ms) ? null : ms;
  } catch {
    return null;
  }
}
