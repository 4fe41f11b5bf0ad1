/**
 * Echo mode, passive mode and the minimum TTL of a profile between real FRRs: what each does on the wire, in
 * the words of `show bfd peers` and its counters.
 */
import { expect } from "chai";
import { execa } from "execa";
import { parseBfdPeers } from "../../src/bfd/status.ts";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";
import type { BfdProfile, Peer } from "../../src/config/config.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { parseIp } from "../../src/net/ip.ts";
import { config, peer, profile, snapshot } from "../support/bgp-fixture.ts";
import { loadNode, mirrorRouter, startBgpLab, type BgpLab } from "../support/bgp-lab.ts";
import { showJson } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const QUICK = { receiveIntervalMs: 200, transmitIntervalMs: 200 };
const nodeWith = (over: Partial<BfdProfile>, peerOver: Partial<Peer> = {}): NodeBgp =>
  nodeBgpFor(
    config({
      peers: [peer("router", "192.0.2.2", { bfdProfile: "p", connectTimeS: 1, ...peerOver })],
      bfdProfiles: [profile("p", { ...QUICK, ...over })],
    }),
    snapshot([]),
    "n1",
  );
/**
 * The router's end is configured by itself: where both BGPs of 10.3 wait for BFD and BFD waits for BGP to ask
 * for it, nothing begins.
 */
const routerWith = (node: NodeBgp, place: string, ...lines: readonly string[]): string =>
  [
    "bfd",
    " profile far",
    ...["transmit-interval 200", "receive-interval 200", ...lines].map((line) => `  ${line}`),
    " exit",
    ` peer 192.0.2.1 ${place}`,
    "  profile far",
    " exit",
    "exit",
    mirrorRouter(node).replace(/ neighbor \S+ bfd\n/, ""),
  ].join("\n");
const ONE_HOP = "interface eth0";

const state = async (frr: FrrInstance): Promise<string> =>
  parseBfdPeers(await frr.vtysh("show bfd peers json"))
    .map((s) => s.state)
    .join();

interface Counters {
  readonly "control-packet-input": number;
  readonly "control-packet-output": number;
  readonly "echo-packet-input": number;
  readonly "echo-packet-output": number;
}
const counters = async (frr: FrrInstance): Promise<Counters> => {
  const [only] = await showJson<Counters[]>(frr, "show bfd peers counters");
  if (only === undefined) throw new Error("no session yet");
  return only;
};

for (const version of FRR_VERSIONS)
  describe(`BFD of FRR ${version} on the wire`, function () {
    this.timeout(180_000);
    let lab: BgpLab;
    before(async () => {
      lab = await startBgpLab(version);
    });
    after(() => lab.close());
    const inRouter = (...words: readonly string[]) =>
      execa("ip", ["netns", "exec", lab.routerNs, ...words]);
    const up = (): Promise<unknown> =>
      eventually("BFD Up", async () => (await state(lab.node)) === "Up", 60_000, 200);

    it("echo mode: packets come back from the router, and detection rests on them (S93)", async () => {
      // The router sends an echo back as it forwards any packet.
      await inRouter("sysctl", "-qw", "net.ipv4.ip_forward=1");
      const node = nodeWith({ echoMode: true, echoIntervalMs: 60 });
      await lab.reset(routerWith(node, ONE_HOP));
      await loadNode(lab, node);
      await up();
      await eventually("echo packets there and back", async () => {
        const seen = await counters(lab.node);
        return seen["echo-packet-output"] > 5 && seen["echo-packet-input"] > 5;
      });
      const [session] = parseBfdPeers(await lab.node.vtysh("show bfd peers json"));
      expect(session).to.include({ echoIntervalMs: 60, multihop: false });
    });

    it("without echo mode there are none", async () => {
      const node = nodeWith({});
      await lab.reset(routerWith(node, ONE_HOP));
      await loadNode(lab, node);
      await up();
      expect(await counters(lab.node)).to.include({ "echo-packet-output": 0 });
    });

    it("passive mode: the router begins (S94)", async () => {
      const node = nodeWith({ passiveMode: true });
      await lab.reset(routerWith(node, ONE_HOP));
      await loadNode(lab, node);
      await up();
    });

    it("passive on both sides: once down, neither begins", async () => {
      const node = nodeWith({ passiveMode: true });
      await lab.reset(routerWith(node, ONE_HOP, "passive-mode"));
      await inRouter("nft", "add", "table", "ip", "cut");
      const down = async (): Promise<boolean> =>
        (await state(lab.node)) === "Down" && (await state(lab.router)) === "Down";
      try {
        // A session is there a moment before its profile acts: what it sends meanwhile does not arrive.
        const hook = "{ type filter hook input priority 0; }";
        await inRouter("nft", "add", "chain", "ip", "cut", "in", hook);
        await inRouter("nft", "add", "rule", "ip", "cut", "in", "udp", "dport", "3784", "drop");
        await loadNode(lab, node);
        await eventually("both sessions down", down);
        await new Promise((resolve) => setTimeout(resolve, 1500));
      } finally {
        await inRouter("nft", "delete", "table", "ip", "cut");
      }
      await new Promise((resolve) => setTimeout(resolve, 4000)); // twenty intervals
      expect(await down()).to.equal(true);
    });

    // A BGP session tells bfdd how many hops it allows, 255, and that outdoes the profile: hence warning X8.
    it("minimum TTL: FRR takes packets of BGP's multihop sessions from any distance (S95)", async () => {
      const far = { ebgpMultiHop: true, sourceAddress: parseIp("192.0.2.1") };
      const strict = nodeWith({ minimumTtl: 253 }, far);
      const router = routerWith(strict, "multihop local-address 192.0.2.2").replace(
        / neighbor 192.0.2.1 passive\n/,
        (line) => line + line.replace("passive", "ebgp-multihop 255"),
      );
      await lab.reset(router);
      await inRouter("nft", "add", "table", "ip", "far");
      try {
        // As if five routers were in between.
        const hook = "{ type filter hook output priority 0; }";
        const rule = "udp dport 4784 ip ttl set 250".split(" ");
        await inRouter("nft", "add", "chain", "ip", "far", "out", hook);
        await inRouter("nft", "add", "rule", "ip", "far", "out", ...rule);
        await loadNode(lab, strict);
        await up();
        expect(await lab.node.vtysh("show running-config")).to.include("minimum-ttl 253");
        const shown = await lab.node.vtysh("show bfd peers");
        expect(shown).to.include("multihop").and.include("Minimum TTL: 1\n");
      } finally {
        await inRouter("nft", "delete", "table", "ip", "far");
      }
    });
  });
