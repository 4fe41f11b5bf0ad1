/** A router that starts late: its session comes up long before the 120 s that FRR would wait. */
import { expect } from "chai";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { config, peer, snapshot } from "../support/bgp-fixture.ts";
import { loadNode, mirrorRouter, startBgpLab, type BgpLab } from "../support/bgp-lab.ts";
import { established, showJson } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

for (const version of FRR_VERSIONS)
  describe(`a session of FRR ${version} whose first attempt fails`, function () {
    this.timeout(180_000);
    let lab: BgpLab;
    before(async () => {
      lab = await startBgpLab(version);
    });
    after(() => lab.close());

    it("is tried again soon", async () => {
      const node = nodeBgpFor(config({ peers: [peer("router", "192.0.2.2")] }), snapshot([]), "n1");
      expect(renderFrr(node)).to.include(" neighbor 192.0.2.2 timers connect 15\n");
      await lab.router.stop();
      await loadNode(lab, node);
      const state = async (): Promise<string | undefined> => {
        const shown = await showJson<Record<string, { bgpState?: string }>>(
          lab.node,
          "show bgp neighbors",
        );
        return shown["192.0.2.2"]?.bgpState;
      };
      // Refused at once: nothing listens there.
      await eventually("the attempt", async () => (await state()) === "Active");
      await lab.reset(mirrorRouter(node));
      const startedMs = performance.now();
      await eventually("the session", () => established(lab.router).then(() => true), 90_000);
      expect(performance.now() - startedMs).to.be.lessThan(90_000); // FRR's own timer says 120 s
    });
  });
