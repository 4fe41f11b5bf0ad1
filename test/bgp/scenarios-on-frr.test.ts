import { expect } from "chai";
import type { Announcement, NodeBgp } from "../../src/bgp/model.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import { wellKnown } from "../../src/frr-templates/well-known.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { snapshot } from "../support/bgp-fixture.ts";
import {
  loadNode,
  mirrorRouter,
  received,
  sessionsAtRouter,
  sessionsUp,
  startBgpLab,
  type BgpLab,
} from "../support/bgp-lab.ts";
import { routes, showJson } from "../support/router.ts";
import { eventually } from "../support/wait.ts";
import { SCENARIOS } from "./scenarios.ts";

/** What vtysh may say about a text that it takes whole. */
const REMARKS =
  /^(?:\[\d+\|\w+\] (?:sending configuration|done)|Waiting for children to finish applying config\.\.\.|Graceful restart configuration changed, reset this peer to take effect|% Echo mode works correctly for IPv4, but only works when the peer is also FRR for IPv6\.)?$/;

const complaints = (said: string): string[] =>
  said
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !REMARKS.test(line));

/** LOCAL_PREF goes to iBGP peers only, who see 100 where none is set. */
const asReceived = (internal: boolean, a: Announcement): Announcement => ({
  ...a,
  localPref: internal ? a.localPref || 100 : 0,
  communities: a.communities.map(wellKnown),
});

const byPrefix = (list: readonly Announcement[]): readonly Announcement[] =>
  [...list].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

async function checkWire(lab: BgpLab, node: NodeBgp): Promise<void> {
  const sessions = sessionsAtRouter(node);
  if (sessions.length === 0) return;
  await sessionsUp(lab);
  const own = node.instances[0]?.asn;
  const intended = sessions.flatMap((n) =>
    n.announcements.map((a) =>
      asReceived(n.remoteAs === "internal" || n.remoteAs === String(own), a),
    ),
  );
  await eventually("the intended routes at the router", async () => {
    const got = byPrefix(await received(lab.router));
    expect(got).to.deep.equal(byPrefix(intended));
    return true;
  });
  for (const family of ["ipv4", "ipv6"] as const)
    for (const route of (await routes(lab.node, family)).keys())
      expect(route, "taken from the router").not.to.match(/^(?:203\.0\.113|2001:db8:ffff)/);
}

for (const version of FRR_VERSIONS)
  describe(`every scenario in FRR ${version}`, function () {
    this.timeout(120_000);
    let lab: BgpLab;
    before(async () => {
      lab = await startBgpLab(version);
    });
    after(() => lab.close());

    for (const scenario of SCENARIOS)
      it(scenario.name, async () => {
        const { config, services, options } = scenario;
        const node = nodeBgpFor(config, snapshot(services), "n1", options);
        await lab.reset(scenario.onTheWire ? mirrorRouter(node) : "");
        expect(complaints(await loadNode(lab, node))).to.deep.equal([]);
        if (scenario.onTheWire) await checkWire(lab, node);
        else {
          const shown = await showJson<Record<string, unknown>>(
            lab.node,
            "show bgp vrf all summary",
          );
          expect(shown).to.be.an("object");
        }
      });
  });
