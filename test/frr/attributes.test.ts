/** A change of attributes reaches the router by itself, without FRR's five seconds and without a reset. */
import { expect } from "chai";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { startBench } from "../support/bench.ts";
import { engineOn } from "../support/engine.ts";
import { BASE } from "../support/frr-base.ts";
import { renderModel, type Model } from "../support/frr-model.ts";
import { settle } from "../support/frr-pair.ts";
import { eventually } from "../support/wait.ts";

const PREFIX = "203.0.113.100/32";
const withCommunity = (community: string): Model => ({
  ...BASE,
  networks: {
    ...BASE.networks,
    [PREFIX]: { v4: { localPref: null, communities: [community], large: [] } },
  },
});

for (const version of FRR_VERSIONS)
  it(`FRR ${version}: another community is at the router at once`, async function () {
    this.timeout(180_000);
    const bench = await startBench(version);
    const engine = engineOn(bench.node, { timeoutMs: 30_000 });
    try {
      await engine.bringTo(renderModel(BASE));
      const before = await settle(bench, BASE);
      const spent: number[] = [];
      for (const community of ["64500:41", "64500:42", "64500:43"]) {
        const start = performance.now();
        await engine.bringTo(renderModel(withCommunity(community)));
        await eventually(community, async () =>
          (await bench.router.vtysh(`show bgp ipv4 unicast ${PREFIX}`)).includes(community),
        );
        spent.push(Math.round(performance.now() - start));
      }
      console.log(`      change of a community, to the router's table: ${spent.join(", ")} ms`);
      const after = await settle(bench, withCommunity("64500:43"));
      expect(Object.values(after.sessions).map((s) => s.established)).to.deep.equal(
        Object.values(before.sessions).map((s) => s.established),
      );
    } finally {
      await engine.close();
      await bench.close();
    }
  });
