/** Writes the CRD manifests from the schemas: `npm run generate:crds`. A test holds them equal. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crdManifests } from "../src/api/schema/manifests.ts";

const directory = join(import.meta.dirname, "../deploy/kustomize/crds");
mkdirSync(directory, { recursive: true });
for (const [file, text] of crdManifests()) writeFileSync(join(directory, file), text);
