import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { FRR_VERSIONS, frrPrograms } from "../../src/lab/frr-root.ts";
import { snapshot } from "../support/bgp-fixture.ts";
import { SCENARIOS } from "./scenarios.ts";

const DIR = "test/golden/frr";
const WRITE = process.env["UPDATE_GOLDEN"] !== undefined;

describe("frr.conf of every scenario", () => {
  it("has a golden text each, and none is left over", () => {
    expect(new Set(SCENARIOS.map((s) => s.name)).size).to.equal(SCENARIOS.length);
    const files = readdirSync(DIR).filter((f) => f.endsWith(".conf"));
    const expected = SCENARIOS.map((s) => `${s.name}.conf`);
    if (!WRITE) expect(files.sort()).to.deep.equal(expected.sort());
  });

  for (const scenario of SCENARIOS)
    it(scenario.name, () => {
      const node = nodeBgpFor(scenario.config, snapshot(scenario.services), "n1", scenario.options);
      expect(node.problems.map((p) => p.code)).to.deep.equal(scenario.refused ?? []);
      const file = join(DIR, `${scenario.name}.conf`);
      const text = renderFrr(node);
      if (WRITE || !existsSync(file)) writeFileSync(file, text);
      expect(text).to.equal(readFileSync(file, "utf8"));
    });
});

for (const version of FRR_VERSIONS)
  describe(`vtysh -C of FRR ${version}`, function () {
    this.timeout(60_000);
    it("accepts every golden text", async () => {
      const [vtysh = "", ...args] = (await frrPrograms(version)).vtysh();
      const refused: string[] = [];
      for (const { name } of SCENARIOS) {
        const check = await execa(vtysh, [...args, "-C", "-f", join(DIR, `${name}.conf`)], {
          reject: false,
        });
        const said = `${check.stdout}${check.stderr}`;
        if (check.exitCode !== 0 || /^line \d+/m.test(said)) refused.push(`${name}: ${said}`);
      }
      expect(refused).to.deep.equal([]);
    });

    it("refuses a broken one", async () => {
      const [vtysh = "", ...args] = (await frrPrograms(version)).vtysh();
      // Through `cat`: what Node gives as standard input cannot be opened by name.
      const check = await execa(
        "sh",
        ["-c", 'cat | "$@" 2>&1', "sh", vtysh, ...args, "-C", "-f", "/dev/stdin"],
        {
          reject: false,
          input: "router bgp 64500\n neighbour 192.0.2.2 remote-as 64501\nexit\n",
        },
      );
      expect(check.stdout).to.match(/^line 2: % Unknown command/m);
      expect(check.exitCode).not.to.equal(0);
    });
  });
