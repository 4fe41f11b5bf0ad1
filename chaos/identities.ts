/** The daemons' own identities at an API server: the accounts and roles of an installation, a token each, nothing else. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../src/api/objects.ts";
import type { KubeClient } from "../src/kube/client.ts";
import { kubeconfigFor } from "../src/lab/api-server.ts";
import { NAMESPACE } from "../src/lab/cluster-objects.ts";

export const COMPONENTS = ["controller", "speaker"] as const;
export type Component = (typeof COMPONENTS)[number];

/** What deploy/kustomize gives a component. */
export async function rightsOf(component: Component): Promise<readonly KubeObject[]> {
  const file = `../deploy/kustomize/base/rbac-${component}.yaml`;
  const text = await readFile(resolve(import.meta.dirname, file), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** Without these it has no rights. */
export const bindingsIn = (rights: readonly KubeObject[]): readonly KubeObject[] =>
  rights.filter(({ kind }) => kind === "ClusterRoleBinding" || kind === "RoleBinding");

/** Longer than any run. */
const TOKEN_S = 7 * 24 * 3600;

/** Kubeconfigs with a token of each account. */
export async function identitiesAt(
  client: KubeClient,
  at: { readonly dir: string; readonly server: string; readonly ca: string },
): Promise<Readonly<Record<Component, string>>> {
  const files: [Component, string][] = [];
  for (const component of COMPONENTS) {
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${component}/token`;
    const { status } = (await client.request("POST", path, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: TOKEN_S },
    })) as { readonly status: { readonly token: string } };
    const file = join(at.dir, `kubeconfig-${component}`);
    await writeFile(file, kubeconfigFor(at.server, at.ca, status.token), { mode: 0o600 });
    files.push([component, file]);
  }
  return Object.fromEntries(files) as Record<Component, string>;
}
