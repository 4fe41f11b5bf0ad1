/** The project's CRDs on a real API server, and the namespaces that everything lives in. */
import { readFile, readdir } from "node:fs/promises";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import type { Kube } from "./kube.ts";
import { eventually } from "./wait.ts";

export const NAMESPACE = "metallb-system";
const DIR = "deploy/kustomize/crds";

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
    conversion?: unknown;
  };
}

/** @throws AssertionError for an answer that is no success; what is there already is fine */
export async function post(kube: Kube, path: string, body: object): Promise<void> {
  const { status, body: answer } = await kube.request("POST", path, body);
  expect(status, JSON.stringify(answer)).to.be.oneOf([200, 201, 409]);
}

/** Every CRD, served, without the conversion webhook that nobody runs here; METALLB_NAMESPACE and `default`. */
export async function applyCrds(kube: Kube): Promise<void> {
  const collections: string[] = [];
  for (const file of await readdir(DIR)) {
    if (!file.includes("io_")) continue;
    for (const document of parseAllDocuments(await readFile(`${DIR}/${file}`, "utf8"))) {
      const crd = document.toJS() as Crd;
      delete crd.spec.conversion;
      await post(kube, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
      const { group, names, versions } = crd.spec;
      for (const { name } of versions)
        collections.push(`/apis/${group}/${name}/namespaces/${NAMESPACE}/${names.plural}`);
    }
  }
  for (const name of [NAMESPACE, "default"])
    await post(kube, "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
  for (const path of collections)
    await eventually(
      `${path} is served`,
      async () => (await kube.request("GET", path)).status === 200,
    );
}
