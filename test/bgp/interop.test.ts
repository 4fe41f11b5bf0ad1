/** bird and gobgp as routers: sessions of both families, attributes, a port of their own, nothing taken in. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { nodeBgpFor } from "../../src/bgp/node-bgp.ts";
import type { NodeBgp } from "../../src/bgp/model.ts";
import { renderFrr } from "../../src/frr-templates/render.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { advertisement, config, peer, pool, service, snapshot } from "../support/bgp-fixture.ts";
import { routes, startTestNet, type TestNet } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const PORT = 1179;

const nodeTo = (remoteAs: number, password: string | null): NodeBgp => {
  const common = { remoteAs, port: PORT, connectTimeS: 1, password };
  return nodeBgpFor(
    config({
      peers: [peer("v4", "192.0.2.2", common), peer("v6", "2001:db8::2", common)],
      pools: [
        pool(
          "p",
          ["198.51.100.0/24", "2001:db8:10::/64"],
          [
            advertisement("hosts", {
              communities: ["64500:7", "65535:65281", "64500:1:2"],
              localPref: 250,
            }),
            advertisement("v4-only", {
              peers: ["v4"],
              localPref: 250,
              aggregationLength: 24,
            }),
          ],
        ),
      ],
    }),
    snapshot([service("web", ["198.51.100.10", "2001:db8:10::5"])]),
    "n1",
  );
};

interface Speaker {
  /** Prefixes with what a router of this make says about them. */
  routes(): Promise<string>;
  stop(): Promise<void>;
}

const stopped = async (running: Running): Promise<void> => {
  running.kill("SIGKILL");
  await running.ended;
};

async function startBird(ns: Netns, dir: string, asn: number): Promise<Speaker> {
  const secret = asn === 64500 ? "" : 'password "secret";';
  const session = (family: "ipv4" | "ipv6", local: string, remote: string): string => `
protocol bgp ${family === "ipv4" ? "four" : "six"} {
  local ${local} port ${PORT} as ${asn};
  neighbor ${remote} as 64500;
  passive yes;
  ${secret}
  ${family} { import all; export all; };
}`;
  const file = join(dir, "bird.conf");
  await writeFile(
    file,
    `router id 192.0.2.2;
protocol device {}
protocol static { ipv4; route 203.0.113.0/24 blackhole; }
${session("ipv4", "192.0.2.2", "192.0.2.1")}
${session("ipv6", "2001:db8::2", "2001:db8::1")}
`,
  );
  const socket = join(dir, "bird.ctl");
  const running = ns.spawn("bird", "-f", "-c", file, "-s", socket, "-P", join(dir, "bird.pid"));
  return {
    routes: () => ns.exec("birdc", "-s", socket, "show", "route", "all"),
    stop: () => stopped(running),
  };
}

async function startGobgp(ns: Netns, dir: string, asn: number): Promise<Speaker> {
  const neighbor = (address: string, family: string): string => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = 64500
    ${asn === 64500 ? "" : 'auth-password = "secret"'}
  [neighbors.transport.config]
    passive-mode = true
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${family}-unicast"
`;
  const file = join(dir, "gobgpd.toml");
  await writeFile(
    file,
    `[global.config]
  as = ${asn}
  router-id = "192.0.2.2"
  port = ${PORT}
${neighbor("192.0.2.1", "ipv4")}${neighbor("2001:db8::1", "ipv6")}`,
  );
  const running = ns.spawn("gobgpd", "-t", "toml", "-f", file);
  const rib = (family: string): Promise<string> => ns.exec("gobgp", "global", "rib", "-a", family);
  return {
    routes: async () => `${await rib("ipv4")}\n${await rib("ipv6")}`,
    stop: () => stopped(running),
  };
}

const MAKES = {
  bird: {
    start: startBird,
    says: [/64500, ?7\b/, /65535, ?65281\b/, /64500, ?1, ?2\b/],
    localPref: /local_pref: 250/,
  },
  gobgp: {
    start: startGobgp,
    says: [/64500:7\b/, /no-export/, /64500:1:2\b/],
    localPref: /LocalPref: 250/,
  },
} as const;
const HOSTS = ["198.51.100.10/32", "2001:db8:10::5/128", "198.51.100.0/24"];

for (const version of FRR_VERSIONS)
  for (const [make, { start, says, localPref }] of Object.entries(MAKES))
    describe(`FRR ${version} to ${make}`, function () {
      this.timeout(120_000);
      let lab: TestNet;
      let ns: Netns;
      let node: FrrInstance;
      let speaker: Speaker | null = null;
      before(async () => {
        lab = await startTestNet();
        const a = await lab.net.namespace("node");
        ns = await lab.net.namespace("router");
        await lab.net.veth(
          { ns: a, dev: "eth0", addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
          { ns, dev: "eth0", addresses: ["192.0.2.2/24", "2001:db8::2/64"] },
        );
        node = await lab.frr({ name: "node", netns: a.name, version, config: "", listen: false });
      });
      afterEach(async () => {
        await speaker?.stop();
        speaker = null;
      });
      after(() => lab.close());

      const bring = async (asn: number): Promise<string> => {
        const dir = join(lab.dir, `${make}-${asn}`);
        await mkdir(dir);
        speaker = await start(ns, dir, asn);
        await writeFile(node.confFile, renderFrr(nodeTo(asn, asn === 64500 ? null : "secret")));
        await node.restart();
        return eventually("all routes", async () => {
          const shown = (await speaker?.routes()) ?? "";
          return HOSTS.every((prefix) => shown.includes(prefix)) && shown;
        });
      };

      it("eBGP with a password, both families, attributes on each route", async () => {
        const shown = await bring(64501);
        for (const words of says) expect(shown).to.match(words);
        expect(shown).not.to.match(localPref);
        expect(await execa(node.vtyshPath, ["-c", "show bgp ipv4 unicast 203.0.113.0/24"]))
          .property("stdout")
          .not.to.contain("64501");
        expect([...(await routes(node, "ipv6")).keys()]).to.deep.equal(["2001:db8:10::5/128"]);
      });

      it("iBGP: the local preference arrives too", async () => {
        const shown = await bring(64500);
        for (const words of says) expect(shown).to.match(words);
        expect(shown).to.match(localPref);
      });
    });
