/** What statements do between real FRRs: what the other end negotiates, receives, refuses and notices. */
import { expect } from "chai";
import { execa } from "execa";
import { parseBfdPeers } from "../../src/bfd/status.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";
import type { Config } from "../../src/config/config.ts";
import { normalise } from "../../src/frr-config/normalise.ts";
import { parseTree, type Block } from "../../src/frr-config/tree.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import {
  advertisement,
  config,
  peer,
  pool,
  profile,
  service,
  snapshot,
  unnumbered,
} from "../support/bgp-fixture.ts";
import {
  loadNode,
  mirrorRouter,
  received,
  sessionsUp,
  startBgpLab,
  type BgpLab,
} from "../support/bgp-lab.ts";
import { showJson } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const BOTH = ["198.51.100.10", "2001:db8:10::5"];
const nodeOf = (over: Partial<Config>, ips: readonly (readonly string[])[] = [BOTH]): NodeBgp =>
  nodeBgpFor(config(over), snapshot(ips.map((list, i) => service(`s${i}`, list))), "n1");
const pools = (...ads: readonly Parameters<typeof advertisement>[1][]) => [
  pool(
    "p",
    ["198.51.100.0/24", "2001:db8:10::/64"],
    ads.map((over, i) => advertisement(`a${i}`, over)),
  ),
];
const router = peer("router", "192.0.2.2", { dualStackAddressFamily: true, connectTimeS: 2 });

const linesOf = (block: Block, at = ""): string[] =>
  [...block].flatMap(([line, below]) => [`${at}${line}`, ...linesOf(below, `${at}${line} > `)]);

interface NeighborShown {
  readonly bgpState?: string;
  readonly bgpTimerHoldTimeMsecs?: number;
  readonly bgpTimerKeepAliveIntervalMsecs?: number;
  readonly remoteAs?: number;
}
const neighborAt = async (lab: BgpLab, key: string): Promise<NeighborShown> =>
  (await showJson<Record<string, NeighborShown>>(lab.router, "show bgp neighbors"))[key] ?? {};

for (const version of FRR_VERSIONS)
  describe(`what FRR ${version} makes of it`, function () {
    this.timeout(120_000);
    let lab: BgpLab;
    before(async () => {
      lab = await startBgpLab(version);
    });
    after(() => lab.close());

    const bring = async (node: NodeBgp, text = mirrorRouter(node)): Promise<void> => {
      await lab.reset(text);
      await loadNode(lab, node);
    };
    const prefixes = async (): Promise<string[]> =>
      (await received(lab.router)).map((a) => a.prefix);

    it("prints back what was rendered, in every feature", async () => {
      const node = nodeOf({
        pools: pools(
          { communities: ["64500:7", "65535:65281", "64500:1:2"], localPref: 200 },
          { aggregationLength: 24, aggregationLengthV6: 64, peers: ["second"] },
        ),
        peers: [
          peer("router", "192.0.2.2", {
            localAsn: 64999,
            password: `a!b#c?d"e\\f|g`,
            ebgpMultiHop: true,
            port: 1179,
            bfdProfile: "full",
            gracefulRestart: true,
            connectTimeS: 7,
            timers: {
              holdTimeS: 90,
              keepaliveTimeS: 30,
              given: { holdTimeS: 90, keepaliveTimeS: 30 },
            },
          }),
          peer("second", "2001:db8::2", { dualStackAddressFamily: true }),
          peer("third", "2001:db8::3", { remoteAs: "external" }),
          unnumbered("uplink", "eth0", { remoteAs: "internal" }),
          peer("red", "192.0.2.2", { vrf: "red", remoteAs: "internal" }),
        ],
        bfdProfiles: [
          profile("full", {
            receiveIntervalMs: 60,
            echoMode: true,
            passiveMode: true,
            minimumTtl: 9,
          }),
          profile("plain"),
        ],
      });
      await bring(node, "");
      const running = linesOf(normalise(parseTree(await lab.node.vtysh("show running-config"))));
      const desired = linesOf(normalise(parseTree(renderFrr(node))));
      expect(running.sort()).to.deep.equal(desired.sort());
    });

    it("negotiates the smaller hold time, and a third of it (S69)", async () => {
      const timers = {
        holdTimeS: 9,
        keepaliveTimeS: 3,
        given: { holdTimeS: 9, keepaliveTimeS: 3 },
      };
      const node = nodeOf({ peers: [{ ...router, timers }] });
      await bring(node);
      await sessionsUp(lab);
      const shown = await neighborAt(lab, "192.0.2.1");
      expect(shown.bgpTimerHoldTimeMsecs).to.equal(9000);
      expect(shown.bgpTimerKeepAliveIntervalMsecs).to.equal(3000);
    });

    it("speaks four-octet AS numbers (S67)", async () => {
      const node = nodeOf({
        peers: [{ ...router, myAsn: 4200000001, remoteAs: 4200000002 }],
        pools: pools({}),
      });
      await bring(node);
      await sessionsUp(lab);
      expect((await neighborAt(lab, "192.0.2.1")).remoteAs).to.equal(4200000001);
      await eventually("routes", async () => (await prefixes()).length === 2);
    });

    it("needs the right password (S71): with a wrong one nothing comes up, nothing leaks", async () => {
      const node = nodeOf({ peers: [{ ...router, password: "right" }], pools: pools({}) });
      await bring(node, mirrorRouter(node).replace("password right", "password wrong"));
      await new Promise((resolve) => setTimeout(resolve, 6000));
      expect((await neighborAt(lab, "192.0.2.1")).bgpState).not.to.equal("Established");
      expect(await prefixes()).to.deep.equal([]);
      await lab.load("router bgp 64500\n neighbor 192.0.2.2 password wrong\nexit\n");
      await sessionsUp(lab);
      await eventually("routes", async () => (await prefixes()).length === 2);
    });

    it("sends local preference to iBGP peers, and names well-known communities (S76, S80)", async () => {
      const node = nodeOf({
        peers: [{ ...router, remoteAs: 64500 }],
        pools: pools({ localPref: 250, communities: ["65535:65281", "64500:7", "64500:1:2"] }),
      });
      await bring(node);
      await sessionsUp(lab);
      await eventually("attributes", async () => {
        const got = await received(lab.router);
        expect(got).to.have.length(2);
        for (const a of got) {
          expect(a.localPref).to.equal(250);
          expect(a.communities).to.have.members(["no-export", "64500:7"]);
          expect(a.largeCommunities).to.deep.equal(["64500:1:2"]);
        }
        return true;
      });
    });

    it("takes an attribute change of one class at once, and moves nothing else", async () => {
      const at = (community: string): NodeBgp =>
        nodeOf({ peers: [router], pools: pools({ communities: [community] }) });
      await bring(at("64500:1"));
      await sessionsUp(lab);
      const carries = (community: string) => async (): Promise<boolean> =>
        (await received(lab.router)).filter((a) => a.communities.join() === community).length === 2;
      await eventually("the first community", carries("64500:1"));
      await loadNode(lab, at("64500:2"));
      await eventually("the second one", carries("64500:2"), 5000, 20);
    });

    it("announces an aggregate once while any Service in it lives (S74)", async () => {
      const ads = pools({ aggregationLength: 24, aggregationLengthV6: 64 });
      const two = nodeOf({ peers: [router], pools: ads }, [BOTH, ["198.51.100.20"]]);
      await bring(two);
      await sessionsUp(lab);
      await eventually("two aggregates", async () => (await prefixes()).length === 2);
      expect(await prefixes()).to.have.members(["198.51.100.0/24", "2001:db8:10::/64"]);
      const one = nodeOf({ peers: [router], pools: ads }, [["198.51.100.20"]]);
      expect(one.instances[0]?.networks4.map((n) => n.prefix)).to.deep.equal(["198.51.100.0/24"]);
      expect(one.instances[0]?.networks4.map((n) => n.classNumber)).to.deep.equal(
        two.instances[0]?.networks4.map((n) => n.classNumber),
      );
    });

    it("carries both families over an unnumbered session", async () => {
      const node = nodeOf({
        peers: [unnumbered("router", "eth0", { remoteAs: "external", connectTimeS: 2 })],
        pools: pools({ communities: ["64500:7"] }),
      });
      await bring(node);
      await sessionsUp(lab);
      await eventually("routes", async () => (await prefixes()).length === 2);
    });

    it("notices a cut link by BFD long before the hold time (S92)", async () => {
      const fast = profile("fast", { receiveIntervalMs: 100, transmitIntervalMs: 100 });
      const timers = {
        holdTimeS: 90,
        keepaliveTimeS: 30,
        given: { holdTimeS: 90, keepaliveTimeS: 30 },
      };
      const node = nodeOf({
        peers: [{ ...router, timers, bfdProfile: "fast" }],
        bfdProfiles: [fast],
        pools: pools({}),
      });
      await bring(node);
      await sessionsUp(lab);
      const states = async (): Promise<string> =>
        parseBfdPeers(await lab.node.vtysh("show bfd peers json"))
          .map((s) => `${s.peer} ${s.state} ${s.multihop}`)
          .join();
      await eventually("BFD Up", async () => (await states()) === "192.0.2.2 Up false");
      const nft = (...words: string[]) =>
        execa("ip", ["netns", "exec", lab.routerNs, "nft", ...words]);
      await nft("add", "table", "inet", "cut");
      try {
        const chain = "{ type filter hook prerouting priority -300; policy drop; }";
        await nft("add", "chain", "inet", "cut", "input", chain);
        await eventually(
          "the session down",
          async () => {
            const shown = await showJson<Record<string, NeighborShown>>(
              lab.node,
              "show bgp neighbors",
            );
            return shown["192.0.2.2"]?.bgpState !== "Established";
          },
          10_000, // a ninth of the hold time
        );
      } finally {
        await nft("delete", "table", "inet", "cut");
      }
    });
  });
