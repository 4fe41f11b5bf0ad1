/** The speaker on a real FRR: extra configuration, labels of the node, and a bgpd that dies half way. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { established, routes, showJson, startPair, type Pair } from "../support/router.ts";
import {
  bgpPeer,
  extrasWith,
  listeningRouter,
  nodeWith,
  servicesAt,
  speakOn,
  WORLD,
  type Speaking,
} from "../support/speaking.ts";
import { eventually } from "../support/wait.ts";

const V4 = "192.0.2.1";
const V6 = "2001:db8::1";
const WEB = "203.0.113.1";

/** FRR numbers the first line, spells the second's mask as a length, and never prints the default in the third. */
const GOOD = [
  "ip prefix-list EXTRA permit 198.51.100.0/24 le 32",
  "router bgp 64500",
  " bgp default local-preference 100",
  " address-family ipv4 unicast",
  "  aggregate-address 198.51.100.0 255.255.255.0 summary-only",
  " exit-address-family",
  "exit",
].join("\n");

for (const version of FRR_VERSIONS)
  describe(`the speaker on FRR ${version}`, function () {
    this.timeout(180_000);
    let pair: Pair;
    let speaker: Speaking;
    let world: typeof WORLD;

    before(async () => {
      pair = await startPair(version, { node: "", router: listeningRouter(V4, V6) });
      world = {
        ...WORLD,
        ...servicesAt([WEB, "2001:db8:10::1"]),
        bgpPeers: [
          bgpPeer("v4", "192.0.2.2"),
          bgpPeer("v6", "2001:db8::2", {
            nodeSelectors: [{ matchLabels: { rack: "a" } }],
          }),
        ],
      };
      speaker = speakOn(pair.node, world);
    });
    after(async () => {
      await speaker.end();
      await pair.close();
    });

    const running = (): Promise<string> => pair.node.vtysh("show running-config");
    const has = (line: string): Promise<true> =>
      eventually(line, async () => (await running()).includes(line));
    const hasNot = (line: string): Promise<true> =>
      eventually(`no ${line}`, async () => !(await running()).includes(line));
    const ups = async (neighbor: string): Promise<number> => {
      const shown = await showJson<Record<string, { connectionsEstablished?: number }>>(
        pair.router,
        "show bgp neighbors",
      );
      return shown[neighbor]?.connectionsEstablished ?? 0;
    };
    const holds = (ip: string): Promise<true> =>
      eventually(`a route to ${ip}`, async () =>
        (await routes(pair.router, ip.includes(":") ? "ipv6" : "ipv4")).has(
          `${ip}/${ip.includes(":") ? 128 : 32}`,
        ),
      );
    const applied = (): number => speaker.engine.stats().applied;

    it("a session comes and goes with the labels of the node, and no other is touched", async () => {
      await established(pair.router, V4);
      await holds(WEB);
      const before = await ups(V4);
      expect(await running()).not.to.include("2001:db8::2");
      for (const round of [1, 2]) {
        speaker.store.set(nodeWith({ rack: "a" }));
        await established(pair.router, V6);
        await holds("2001:db8:10::1");
        expect(await ups(V6)).to.equal(round);
        speaker.store.set(nodeWith({ rack: "b" }));
        await hasNot("2001:db8::2");
        await eventually(
          "no IPv6 route",
          async () => (await routes(pair.router, "ipv6")).size === 0,
        );
      }
      expect(await ups(V4)).to.equal(before);
      await holds(WEB);
    });

    it("good extra configuration is applied once and kept, however FRR spells it", async () => {
      const [before, batches] = [await ups(V4), applied()];
      speaker.store.set(extrasWith(GOOD));
      await eventually("applied", () => applied() === batches + 1);
      await has("ip prefix-list EXTRA seq 5 permit 198.51.100.0/24 le 32");
      await has("aggregate-address 198.51.100.0/24 summary-only");
      const text = await running();
      // A change of something else, and two looks of the engine: neither finds a difference to undo.
      speaker.store.set(servicesAt([WEB, "2001:db8:10::1", "203.0.113.2"]));
      await holds("203.0.113.2");
      await new Promise((resolve) => setTimeout(resolve, 5000));
      speaker.store.set(servicesAt([WEB, "2001:db8:10::1"]));
      await hasNot("203.0.113.2/32");
      expect(await running()).to.equal(text);
      await eventually("three batches", () => applied() >= batches + 3);
      expect(applied()).to.equal(batches + 3);
      expect(speaker.engine.stats()).to.include({ refused: 0, drift: 0 });
      expect(await ups(V4)).to.equal(before);
    });

    it("and goes again with the ConfigMap, in FRR's spelling", async () => {
      speaker.store.set({ configMaps: [] });
      await hasNot("aggregate-address");
      await hasNot("prefix-list EXTRA");
      expect(speaker.engine.stats()).to.include({ refused: 0, drift: 0 });
    });

    it("bad extra configuration is rolled back and named; the rest is applied, until it is edited", async () => {
      const before = await ups(V4);
      const bad =
        "ip prefix-list FIRST permit 198.51.100.0/24\nrouter bgp 64500\n bgp nonsense 7\n";
      speaker.store.set({ ...extrasWith(bad), ...servicesAt([WEB, "203.0.113.3"]) });
      await eventually("refused", () => speaker.engine.stats().refused === 1);
      const [refused] = speaker.engine.events.filter((event) => event.kind === "refused");
      const about = (refused?.kind === "refused" ? refused.refusals : []).map((r) => r.objects);
      const configMap = { kind: "ConfigMap", namespace: "metallb-system", name: "bgpextras" };
      expect(about.length).to.be.greaterThan(0);
      for (const objects of about) expect(objects).to.deep.equal([configMap]);
      await eventually("the problem", () =>
        /frrRefused.*"name":"bgpextras"/.test(speaker.logged()),
      );
      await holds("203.0.113.3"); // the rest, without it
      expect(await running()).not.to.match(/FIRST|nonsense/);
      expect(speaker.engine.stats()).to.include({ refused: 1, unrestored: 0 });
      await holds(WEB);
      // Not tried again for another change, but once it is edited.
      speaker.store.set(servicesAt([WEB]));
      await hasNot("203.0.113.3/32");
      expect(speaker.engine.stats().refused).to.equal(1);
      speaker.store.set(extrasWith(bad.replace(" bgp nonsense 7\n", "")));
      await has("ip prefix-list FIRST seq 5 permit 198.51.100.0/24");
      expect(await ups(V4)).to.equal(before);
      speaker.store.set({ configMaps: [] });
      await hasNot("FIRST");
    });

    it("a bgpd that dies in the middle of a batch ends up as desired", async () => {
      await speaker.end();
      const [armed, reached, go] = ["armed", "reached", "go"].map((f) => join(pair.dir, f)) as [
        string,
        string,
        string,
      ];
      const slow = join(pair.dir, "vtysh-in-two");
      writeFileSync(slow, halting(pair.node.vtyshPath, { armed, reached, go }), { mode: 0o755 });
      speaker = speakOn({ ...pair.node, vtyshPath: slow }, world);
      await eventually("settled", () => speaker.logged().includes("settled"));
      await established(pair.router, V4);
      const ips = Array.from({ length: 200 }, (_, i) => `203.0.113.${i + 1}`);
      writeFileSync(armed, "");
      // With a line that is not bgpd's alone: prefixes by themselves go without vtysh.
      const line = "ip prefix-list BESIDE seq 5 permit 198.51.100.0/24";
      speaker.store.set({ ...extrasWith(line), ...servicesAt(ips) });
      await eventually("half a batch", () => existsSync(reached));
      await pair.node.kill("bgpd");
      rmSync(armed);
      writeFileSync(go, "");
      await eventually("noticed", () => speaker.engine.stats().unreachable > 0);
      await pair.node.start("bgpd"); // with the frr.conf of before
      await established(pair.router, V4);
      await eventually("all routes", async () => (await routes(pair.router, "ipv4")).size === 200);
      expect((await running()).match(/^ {2}network /gm)).to.have.length(200);
      expect(speaker.engine.stats().unrestored).to.equal(0);
      expect(speaker.engine.stats().refused).to.equal(0);
    });
  });

/** A vtysh that halts after 100 lines of a batch while `armed` is there, until `go` is. */
const halting = (
  vtysh: string,
  at: Record<"armed" | "reached" | "go", string>,
): string => `#!/bin/sh
case "$*" in *-C*) exec ${vtysh} "$@" ;; *-f*) ;; *) exec ${vtysh} "$@" ;; esac
[ -e ${at.armed} ] || exec ${vtysh} "$@"
{
  i=0
  while [ $i -lt 100 ] && IFS= read -r line; do printf '%s\\n' "$line"; i=$((i + 1)); done
  touch ${at.reached}
  while [ ! -e ${at.go} ]; do sleep 0.05; done
  cat
} | ${vtysh} "$@"
`;
