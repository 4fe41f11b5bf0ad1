/** The project's CRDs on a real API server, and the namespaces that everything lives in. */
import { expect } from "chai";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import { applyCrds as applyCrdsIn } from "../../src/lab/cluster-objects.ts";
import type { Kube } from "./kube.ts";

export const NAMESPACE = "metallb-system";
const DIR = "deploy/kustomize/crds";

/** @throws AssertionError for an answer that is no success; what is there already is fine */
export async function post(kube: Kube, path: string, body: object): Promise<void> {
  const { status, body: answer } = await kube.request("POST", path, body);
  expect(status, JSON.stringify(answer)).to.be.oneOf([200, 201, 409]);
}

/** Every CRD, served, without the conversion webhook that nobody runs here; METALLB_NAMESPACE and `default`. */
export async function applyCrds(kube: Kube): Promise<void> {
  const client = kubeClient(loadKubeConfig(kube.kubeconfig));
  try {
    await applyCrdsIn(client, DIR);
  } finally {
    client.close();
  }
  for (const name of [NAMESPACE, "default"])
    await post(kube, "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
}
