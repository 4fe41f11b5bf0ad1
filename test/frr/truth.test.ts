/** What a speaker says that it announces is what its FRR really sends: status against a hand at vtysh, and a router. */
import { expect } from "chai";
import type { AnnouncementReportStatus } from "../../src/api/resources.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { routes, startPair, type Pair } from "../support/router.ts";
import {
  bgpPeer,
  extrasWith,
  listeningRouter,
  servicesAt,
  speakOn,
  WORLD,
  type Speaking,
} from "../support/speaking.ts";
import { eventually } from "../support/wait.ts";

const ROUTER = "192.0.2.2";
const [WEB, OTHER] = ["203.0.113.1", "203.0.113.2"];
/** A deny in the place that is free for extra configuration. */
const DENY = [
  `ip prefix-list HAND permit ${WEB}/32`,
  `route-map ferrolb-${ROUTER}-out deny 1`,
  " match ip address prefix-list HAND",
  "exit",
].join("\n");

for (const version of FRR_VERSIONS)
  describe(`truth status on FRR ${version}`, function () {
    this.timeout(120_000);
    let pair: Pair;
    let speaker: Speaking;

    before(async () => {
      pair = await startPair(version, { node: "", router: listeningRouter("192.0.2.1") });
      speaker = speakOn(pair.node, {
        ...WORLD,
        ...servicesAt([WEB, OTHER]),
        bgpPeers: [bgpPeer("r", ROUTER), bgpPeer("nobody", "192.0.2.77")],
      });
    });
    after(async () => {
      await speaker.end();
      await pair.close();
    });

    const statusOf = (kind: string, name: string): unknown =>
      speaker.store.reports.find(
        (r) => r.kind === kind && r.labels["metallb.io/service-name"] === name,
      )?.status;
    const peers = (name: string): readonly string[] =>
      (statusOf("ServiceBGPStatus", name) as { peers?: readonly string[] } | undefined)?.peers ??
      [];
    const toldOf = (name: string, peer: string) =>
      (
        statusOf("AnnouncementReport", name) as AnnouncementReportStatus | undefined
      )?.bgp?.peers?.find((p) => p.peer === peer);
    const flips = async (what: string, name: string, to: readonly string[]): Promise<void> => {
      const began = performance.now();
      await eventually(what, () => peers(name).join() === to.join(), 30_000, 10);
      console.log(`      ${what}: ${Math.round(performance.now() - began)} ms`);
    };

    it("a peer is named once it was sent the route, and one that never answers is not", async () => {
      await flips("sent", "s0", ["r"]);
      await flips("sent", "s1", ["r"]);
      expect([...(await routes(pair.router, "ipv4")).keys()]).to.include(`${WEB}/32`);
      await eventually("told", () => toldOf("s0", "nobody")?.reason === "sessionNotEstablished");
      expect(toldOf("s0", "r")).to.deep.equal({
        ...{ peer: "r", intended: true, sent: true, prefixes: [`${WEB}/32`] },
      });
      expect(toldOf("s0", "nobody")).to.deep.include({ intended: true, sent: false });
    });

    it("an outbound deny turns the status, of what it denies alone, and back", async () => {
      speaker.store.set(extrasWith(DENY));
      await flips("denied", "s0", []);
      expect(toldOf("s0", "r")).to.deep.include({ sent: false, reason: "deniedOutbound" });
      expect(peers("s1")).to.deep.equal(["r"]);
      expect([...(await routes(pair.router, "ipv4")).keys()]).not.to.include(`${WEB}/32`);
      speaker.store.set({ configMaps: [] });
      await flips("sent again", "s0", ["r"]);
      expect(toldOf("s0", "r")).to.deep.include({ sent: true });
    });

    it("a deny made by hand shows until it is mended", async () => {
      const heals = speaker.engine.stats().healed;
      await pair.node.vtysh(
        "configure terminal",
        "ip prefix-list BYHAND seq 5 deny any",
        "router bgp 64500",
        "address-family ipv4 unicast",
        `neighbor ${ROUTER} prefix-list BYHAND out`,
      );
      await flips("denied by hand", "s0", []);
      await flips("mended", "s0", ["r"]);
      await flips("mended", "s1", ["r"]);
      await eventually("healed", () => speaker.engine.stats().healed === heals + 1);
    });

    it("nothing is written while nothing changes", async () => {
      // What was mended a moment ago may still be settling; after that every object is the very same.
      await eventually("settled", () => toldOf("s1", "r")?.sent === true && peers("s0").join() === "r"); // prettier-ignore
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const before = [...speaker.store.reports];
      await new Promise((resolve) => setTimeout(resolve, 8000));
      expect(before.map(({ kind }) => kind)).to.include.members(["SpeakerReport", "ConfigurationState"]); // prettier-ignore
      expect(speaker.store.reports.length).to.equal(before.length);
      for (const [i, report] of speaker.store.reports.entries())
        expect(report, JSON.stringify([report, before[i]])).to.equal(before[i]);
    });

    it("a session that ends, and a Service that goes", async () => {
      speaker.store.set(servicesAt([WEB]));
      await eventually(
        "its objects gone",
        () => statusOf("AnnouncementReport", "s1") === undefined,
      );
      expect(peers("s1")).to.deep.equal([]);
      await pair.router.stop();
      await flips("router gone", "s0", []);
      expect(toldOf("s0", "r")?.reason).to.equal("sessionNotEstablished");
    });
  });
