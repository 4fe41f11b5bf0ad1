import type { Condition, Service } from "../api/objects.ts";
import type { KubeClient } from "./client.ts";

/**
 * Replaces the conditions of a Service, if it is still the one that was looked at: a list in a merge patch replaces the
 * list, and others may have written theirs. @throws AppError `ERR_KUBE_CONFLICT`, `ERR_KUBE_API`, `ERR_KUBE_FORBIDDEN`
 */
export async function writeServiceConditions(
  client: Pick<KubeClient, "patch">,
  { metadata: { namespace = "", name, resourceVersion } }: Service,
  conditions: readonly Condition[],
): Promise<void> {
  await client.patch(`/api/v1/namespaces/${namespace}/services/${name}/status`, {
    metadata: { resourceVersion },
    status: { conditions: conditions.length === 0 ? null : conditions },
  });
}
