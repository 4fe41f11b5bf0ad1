import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import { crdManifests } from "../../src/api/schema/manifests.ts";

const DIRECTORY = "deploy/kustomize/crds";

describe("CRD manifests are what the schemas say (npm run generate:crds)", () => {
  const generated = crdManifests();

  it("has a manifest for each of the eleven kinds", () => expect(generated.size).to.equal(12));
  it("has no other file in the directory", () =>
    expect(readdirSync(DIRECTORY).sort()).to.deep.equal([...generated.keys()].sort()));
  for (const [file, text] of generated)
    it(file, () => expect(readFileSync(`${DIRECTORY}/${file}`, "utf8")).to.equal(text));
});
