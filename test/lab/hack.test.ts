/** The files for people with Docker say what the lab does, and the manifests are good. */
import { expect } from "chai";
import { readFile, readdir } from "node:fs/promises";
import { execa } from "execa";
import { parseAllDocuments } from "yaml";
import { PORTS, POD_NETWORKS, ROUTERS } from "../../src/lab/plan.ts";
import { LAB_ROUTERS, routerConfig } from "../../src/lab/router-config.ts";
import { ferrolb } from "../support/lab.ts";

const HACK = "hack/kind-frr-lab";

describe("hack/kind-frr-lab", function () {
  this.timeout(60_000);

  it("has manifests without a problem", async () => {
    const [program = "", ...words] = await ferrolb();
    const args = ["validate", "-f", `${HACK}/manifests`, "-o", "json"];
    const { stdout } = await execa(program, [...words, ...args]);
    const { valid, problems } = JSON.parse(stdout) as {
      readonly valid: boolean;
      readonly problems: readonly { readonly severity: string }[];
    };
    expect(problems.filter((p) => p.severity === "error")).to.deep.equal([]);
    expect(valid).to.equal(true);
  });

  for (const router of ROUTERS)
    it(`has ${router} as the lab has it`, async () => {
      const text = await readFile(`${HACK}/routers/${router}.conf`, "utf8");
      const lines = (t: string) => t.split("\n").filter((l) => l !== "" && !/^(!|log )/.test(l));
      expect(lines(text)).to.deep.equal(lines(routerConfig(router, LAB_ROUTERS[router])));
    });

  it("names the addresses of the plan alone", async () => {
    const known = new Set([
      ...PORTS.flatMap(({ v4 }) => v4.split("/")[0]),
      ...POD_NETWORKS.map(({ v4 }) => v4.pod),
    ]);
    const nodes = await readFile(`${HACK}/manifests/nodes.yaml`, "utf8");
    const services = await readFile(`${HACK}/manifests/services.yaml`, "utf8");
    const endpoints = parseAllDocuments(`${nodes}---\n${services}`)
      .map(
        (d) =>
          d.toJS() as {
            status?: { addresses?: { address: string }[] };
            endpoints?: { addresses: string[] }[];
          },
      ) // prettier-ignore
      .flatMap((o) => [
        ...(o.status?.addresses ?? []).map((a) => a.address),
        ...(o.endpoints ?? []).flatMap((e) => e.addresses),
      ])
      .filter((address) => !address.includes(":"));
    expect(endpoints.length).to.be.greaterThan(5);
    for (const address of endpoints) expect(known, address).to.include(address);
  });

  it("has YAML that parses", async () => {
    const files = (await readdir(HACK, { recursive: true })).filter((f) => f.endsWith(".yaml"));
    expect(files.length).to.be.greaterThan(5);
    for (const file of files)
      for (const doc of parseAllDocuments(await readFile(`${HACK}/${file}`, "utf8")))
        expect(doc.errors, file).to.deep.equal([]);
  });
});
