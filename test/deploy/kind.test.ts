/** What hack/kind-frr-lab does as far as it can run without Docker: its installation, its scripts, its routers. */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { execa } from "execa";
import { deployTools, kustomized } from "../support/deploy-tools.ts";
import type { DeployTools } from "../support/deploy-tools.ts";

const HACK = "hack/kind-frr-lab";

describe("the kind lab", function () {
  this.timeout(60_000);
  let tools: DeployTools;
  before(async function () {
    this.timeout(20 * 60_000);
    const found = await deployTools();
    if (found === null) this.skip(); // kustomize could not be built
    tools = found;
  });

  it("up.sh installs the overlay for control planes, with the images it builds and loads", async () => {
    const script = await readFile(`${HACK}/up.sh`, "utf8");
    const installed = await kustomized(tools, `${HACK}/install`);
    const shipped = await kustomized(tools, "deploy/kustomize/overlays/control-plane");
    expect([...installed]).to.deep.equal([...shipped]);
    const images = [...JSON.stringify([...installed.values()]).matchAll(/"image":"([^"]+)"/g)];
    for (const [, image = ""] of images) {
      const [name, tag] = image.split(":");
      expect(["ferrolb/controller", "ferrolb/speaker"]).to.include(name);
      expect(script).to.contain(`"ferrolb/$target:${tag ?? ""}"`);
    }
    for (const [, path = ""] of script.matchAll(/ (?:-f|-k|sed \S+ \S+) (\S+\.yaml|install)/g))
      await execa("test", ["-e", `${HACK}/${path}`]);
  });

  it("its scripts are sound", async () => {
    await execa("shellcheck", [`${HACK}/up.sh`, `${HACK}/down.sh`]);
  });

  for (const router of ["r1", "r2"])
    it(`FRR takes the configuration of ${router}`, async () => {
      await execa("vtysh", ["-C", "-f", `${HACK}/routers/${router}.conf`]);
    });
});
