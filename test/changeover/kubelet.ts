/** Plays scheduler and kubelet: Pods get the node that they ask for, are Ready at once, and go when told to. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Kube } from "../support/kube.ts";

const PODS = "/api/v1/namespaces/metallb-system/pods";
const MERGE = { "content-type": "application/merge-patch+json" };

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string; readonly affinity?: unknown };
  readonly status?: { readonly phase?: string };
}

export function startKubelet(kube: Kube): { stop(): Promise<void> } {
  const end = new AbortController();
  const pass = async ({ metadata, spec, status }: Pod): Promise<void> => {
    const path = `${PODS}/${metadata.name}`;
    if (metadata.deletionTimestamp !== undefined) {
      await kube.request("DELETE", `${path}?gracePeriodSeconds=0`);
    } else if (spec.nodeName === undefined) {
      // A DaemonSet names the node in a field selector; anything else may go anywhere.
      const name = /"metadata.name"[^[]*\["([^"]+)"/.exec(JSON.stringify(spec.affinity ?? {}))?.[1];
      await kube.request("POST", `${path}/binding`, {
        ...{ apiVersion: "v1", kind: "Binding", metadata: { name: metadata.name } },
        target: { apiVersion: "v1", kind: "Node", name: name ?? "worker-1" },
      });
    } else if (status?.phase !== "Running") {
      const conditions = [{ type: "Ready", status: "True" }];
      await kube.request(
        "PATCH",
        `${path}/status`,
        { status: { phase: "Running", conditions } },
        MERGE,
      );
    }
  };
  const loop = (async () => {
    while (!end.signal.aborted) {
      const { body } = await kube.request("GET", PODS);
      for (const pod of (body as { items?: readonly Pod[] }).items ?? []) await pass(pod);
      await sleep(200);
    }
  })().catch(() => undefined); // the API server is gone: so is the test
  return {
    async stop() {
      end.abort();
      await loop;
    },
  };
}
