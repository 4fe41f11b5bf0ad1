import { expect } from "chai";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { established, routes, startPair, type Pair } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const NODE = `
route-map ALL permit 10
exit
router bgp 64500
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 192.0.2.2 remote-as 64501
 neighbor 192.0.2.2 timers connect 1
 address-family ipv4 unicast
  network 198.51.100.1/32
 exit-address-family
exit
`;
const ROUTER = `
router bgp 64501
 no bgp ebgp-requires-policy
 neighbor 192.0.2.1 remote-as 64500
exit
`;

for (const version of FRR_VERSIONS)
  describe(`FRR ${version} in a namespace`, function () {
    this.timeout(90_000);
    let pair: Pair;
    before(async () => {
      pair = await startPair(version, { node: NODE, router: ROUTER });
    });
    after(() => pair.close());

    it("announces to the router", async () => {
      await established(pair.router);
      await eventually("the route", async () =>
        (await routes(pair.router, "ipv4")).has("198.51.100.1/32"),
      );
    });

    it("loses one daemon and takes it back with its configuration", async () => {
      await pair.node.kill("bgpd");
      expect(await pair.node.vtysh("show running-config")).not.to.contain("router bgp");
      await pair.node.start("bgpd");
      expect(await pair.node.vtysh("show running-config")).to.contain("router bgp 64500");
      await established(pair.router);
    });

    it("comes back whole after a restart", async () => {
      await pair.node.restart();
      await established(pair.router);
      expect(pair.node.pids().get("bgpd")).to.be.greaterThan(0);
    });
  });
