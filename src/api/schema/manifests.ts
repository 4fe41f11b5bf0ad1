import { stringify } from "yaml";
import { crdFor } from "./crd.ts";
import { KINDS } from "./kinds.ts";

const HEAD = "# Generated from src/api/schema by `npm run generate:crds`: do not edit.\n";

/** File name and text of every manifest in `deploy/kustomize/crds`, its kustomization included. */
export function crdManifests(): ReadonlyMap<string, string> {
  const files = new Map(
    KINDS.map((kind) => [
      `${kind.group}_${kind.plural}.yaml`,
      HEAD + stringify(crdFor(kind), { lineWidth: 100, aliasDuplicateObjects: false }),
    ]),
  );
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [...files.keys()].sort(),
  };
  return files.set("kustomization.yaml", HEAD + stringify(kustomization));
}
