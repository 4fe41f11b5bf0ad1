import type { Pod } from "../api/objects.ts";
import type { KubeClient } from "./client.ts";

/** Labels under which both MetalLB's manifest and its chart have the speakers' Pods. */
const SELECTORS = ["component=speaker", "app.kubernetes.io/component=speaker"];

/** The speakers' Pods as the API server has them now. @throws AppError `ERR_KUBE_API`, `ERR_KUBE_FORBIDDEN` */
export async function listSpeakerPods(
  client: Pick<KubeClient, "request">,
  namespace: string,
): Promise<readonly Pod[]> {
  const found = await Promise.all(
    SELECTORS.map(async (selector) => {
      const query = new URLSearchParams({ labelSelector: selector, resourceVersion: "0" });
      const path = `/api/v1/namespaces/${namespace}/pods?${query.toString()}`;
      const list = (await client.request("GET", path)) as { readonly items?: readonly Pod[] };
      return list.items ?? [];
    }),
  );
  return [...new Map(found.flat().map((pod) => [pod.metadata.name, pod])).values()];
}
