/** What limits and shapes an announcement: aggregation, peers, node selectors. */
import { expect } from "chai";
import { NODES, ROUTERS } from "../../src/lab/plan.ts";
import { startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { bgpAdvertisement, nodes, pool, router1, router2, service } from "../support/lab-manifests.ts"; // prettier-ignore

const WORKERS = { matchLabels: { "node-role.kubernetes.io/worker": "" } };
const inPool = (name: string) => ({ annotations: { "metallb.io/address-pool": name } });

describe("BGPAdvertisement, at both routers", function () {
  this.timeout(120_000);
  let lab: TestLab;
  before(async () => {
    lab = await startTestLab({
      backends: false,
      manifests: {
        nodes: nodes(),
        peers: [router1(), router2()],
        pools: [
          pool("aggregated", ["203.0.113.0/24"], { autoAssign: false }),
          pool("for-r1", ["192.0.2.192/28"], { autoAssign: false }),
          pool("by-workers", ["192.0.2.208/28"], { autoAssign: false }),
        ],
        advertisements: [
          bgpAdvertisement("aggregated", { ipAddressPools: ["aggregated"], aggregationLength: 24 }),
          bgpAdvertisement("for-r1", { ipAddressPools: ["for-r1"], peers: ["router-1"] }),
          bgpAdvertisement("by-workers", { ipAddressPools: ["by-workers"], nodeSelectors: [WORKERS] }), // prettier-ignore
        ],
      },
    });
    for (const router of ROUTERS) await lab.established(router);
  });
  after(() => lab.stop());

  it("aggregationLength 24: one /24 while any Service in it lives", async () => {
    await lab.write("a", ...service("a", inPool("aggregated")));
    await lab.write("b", ...service("b", inPool("aggregated")));
    for (const router of ROUTERS) await lab.routed(router, "203.0.113.0/24", NODES);
    await lab.remove("a");
    await lab.write("c", ...service("c", inPool("for-r1"))); // a later change that is seen everywhere
    await lab.routed("r1", "192.0.2.192/32", NODES);
    for (const router of ROUTERS) {
      expect([...(await lab.eyes.routes(router)).keys()]).to.include("203.0.113.0/24");
      expect([...(await lab.eyes.routes(router)).keys()]).not.to.include("203.0.113.0/32");
    }
    await lab.remove("b");
    for (const router of ROUTERS) await lab.routed(router, "203.0.113.0/24", []);
  });

  it("peers: only the named one is told", async () => {
    await lab.write("c", ...service("c", inPool("for-r1")));
    await lab.write("d", ...service("d", inPool("by-workers")));
    await lab.routed("r1", "192.0.2.192/32", NODES);
    await lab.routed("r2", "192.0.2.208/32", ["n2", "n3"]); // later than c, and r2 has it
    expect(await lab.nextHops("r2", "192.0.2.192/32")).to.deep.equal([]);
  });

  it("nodeSelectors: only the matching nodes are next hops; sessions of the others stay up", async () => {
    await lab.write("d", ...service("d", inPool("by-workers")));
    for (const router of ROUTERS) await lab.routed(router, "192.0.2.208/32", ["n2", "n3"]);
    for (const router of ROUTERS) await lab.established(router, ["n1"]);
  });

  it("nodeSelectors of a peer: only the matching nodes have a session", async () => {
    await lab.write("peers", router1({ nodeSelectors: [WORKERS] }), router2());
    await lab.routed("r1", "192.0.2.192/32", ["n2", "n3"]);
    await lab.established("r2");
    await lab.write("peers", router1(), router2());
    await lab.routed("r1", "192.0.2.192/32", NODES);
  });
});
