/** Sessions: passwords, BFD, and BGPPeers that must not be believed. */
import { expect } from "chai";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { NODES, ROUTERS, addressOf } from "../../src/lab/plan.ts";
import { routerLog } from "../../src/lab/router-config.ts";
import { cutLink, mendLink } from "../../src/lab/topology.ts";
import { ferrolb, startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { bfdProfile, bgpAdvertisement, nodes, peer, pool, router1, router2, secret, service } from "../support/lab-manifests.ts"; // prettier-ignore
import { eventually } from "../support/wait.ts";

const RIGHT = "correct-horse-battery";
const WRONG = "wrong-horse-battery";
const FAST = { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 3 };

describe("sessions", function () {
  this.timeout(180_000);
  let lab: TestLab;
  const withKey = router1({ passwordSecret: { name: "key" }, connectTime: "2s" });
  const withBfd = router2({ bfdProfile: "fast", connectTime: "2s" });
  before(async () => {
    lab = await startTestLab({
      backends: false,
      routers: { r1: { password: RIGHT }, r2: { bfd: { intervalMs: 100, multiplier: 3 } } },
      manifests: {
        nodes: nodes(),
        peers: [withKey, withBfd, bfdProfile("fast", FAST)],
        key: [secret("key", RIGHT)],
        pools: [pool("public", ["203.0.113.0/24"]), bgpAdvertisement("public")],
        web: service("web", { ip: "203.0.113.10" }),
      },
    });
  });
  after(() => lab.stop());

  it("with the right password is established", async () => {
    await lab.established("r1");
    await lab.routed("r1", "203.0.113.10/32", NODES);
  });

  it("with a wrong password is not, and comes back with the right one", async () => {
    await lab.write("key", secret("key", WRONG));
    await lab.routed("r1", "203.0.113.10/32", []);
    await sleep(5000); // two and a half attempts
    for (const { state } of (await lab.eyes.sessions("r1")).values())
      expect(state).not.to.equal("Established");
    await lab.routed("r2", "203.0.113.10/32", NODES); // the other peer has no part in it
    await lab.write("key", secret("key", RIGHT));
    await lab.routed("r1", "203.0.113.10/32", NODES);
  });

  it("the password is in frr.conf and nowhere else", async () => {
    const [program = "", ...words] = await ferrolb();
    const offline = await Promise.all(
      [
        ["validate", "-f", lab.manifests, "-o", "json"],
        ["render", "--node", "n1", "-f", lab.manifests],
        ["announce", "--node", "n1", "-f", lab.manifests, "-o", "json"],
      ].map((args) => execa(program, [...words, ...args], { reject: false, all: true })),
    );
    for (const { all } of offline) expect(all).not.to.match(/horse/);
    const holders = (await filesBelow(lab.dir)).filter(
      // The manifest is the user's own, frr.conf must have it, and routers are not ours.
      (file) => !/manifests\/[^.]|frr\/etc\/frr\.conf|\/r[12]\//.test(file),
    );
    expect(holders.length).to.be.greaterThan(5);
    for (const file of holders)
      expect(await readFile(file, "utf8").catch(() => ""), file).not.to.match(/horse/);
    for (const node of NODES) {
      const conf = await readFile(lab.nodes[node].frr.confFile, "utf8");
      expect(conf).to.include(`password ${RIGHT}`);
    }
    for (const pid of await pidsOf(lab))
      expect(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).not.to.match(/horse/);
  });

  it("with BFD on both sides ends within a second of a cut link, at 90 s hold time", async () => {
    await lab.routed("r2", "203.0.113.10/32", NODES);
    await lab.established("r2");
    const neighbor = addressOf("n1", "lan");
    const took: number[] = [];
    for (let i = 0; i < 3 && !took.some((ms) => ms < 1000); i++) {
      await eventually("BFD up", async () =>
        /Status: up/.test(await lab.routers.r2.vtysh(`show bfd peer ${neighbor}`)),
      );
      const cut = Date.now();
      await cutLink(lab.places, "n1", "lan");
      await lab.routed("r2", "203.0.113.10/32", ["n2", "n3"]);
      took.push((await downAfter(routerLog(lab.dir, "r2"), neighbor, cut)) - cut);
      await mendLink(lab.places, "n1", "lan");
      await lab.routed("r2", "203.0.113.10/32", NODES);
    }
    // A busy machine may delay one attempt; without BFD none would be below 60 s.
    expect(Math.min(...took)).to.be.lessThan(1000);
    expect(Math.max(...took)).to.be.lessThan(20_000);
  });

  it("bad BGPPeers are refused by name, and all else keeps running", async () => {
    const good = peer("good", { peerASN: 64502, peerAddress: "198.51.100.77" });
    await lab.write(
      "bad",
      peer("bad-password", { peerASN: 64501, peerAddress: "198.51.100.70", password: "a\n neighbor 198.51.100.1 shutdown" }), // prettier-ignore
      peer("bad-address", { peerASN: 64501, peerAddress: "not-an-address" }),
      peer("bad-asn", { peerASN: 4294967296, peerAddress: "198.51.100.71" }),
      good,
    );
    await eventually("the good one of that file", async () =>
      (await lab.nodes.n1.frr.vtysh("show running-config")).includes("neighbor 198.51.100.77"),
    );
    const running = await lab.nodes.n1.frr.vtysh("show running-config");
    expect(running).not.to.match(/198\.51\.100\.7[01]|shutdown|not-an-address/);
    for (const name of ["bad-password", "bad-address", "bad-asn"])
      await eventually(`${name} named by the speaker`, async () =>
        (await lab.logOf("n1")).includes(name),
      );
    const [program = "", ...words] = await ferrolb();
    const { stdout, exitCode } = await execa(
      program,
      [...words, "validate", "-f", lab.manifests, "-o", "json"],
      { reject: false },
    );
    expect(exitCode).to.equal(1);
    const { problems } = JSON.parse(stdout) as {
      readonly problems: readonly {
        readonly severity: string;
        readonly object: { name: string };
      }[];
    };
    const refused = problems.filter((p) => p.severity === "error").map((p) => p.object.name);
    expect([...new Set(refused)].sort()).to.deep.equal(["bad-address", "bad-asn", "bad-password"]);
    await lab.write("more", ...service("more", { ip: "203.0.113.30" }));
    for (const router of ROUTERS) {
      await lab.routed(router, "203.0.113.30/32", NODES);
      await lab.routed(router, "203.0.113.10/32", NODES);
    }
  });
});

/** When the router says the session ended, in ms since the epoch: its log has milliseconds, in local time. */
async function downAfter(log: string, neighbor: string, since: number): Promise<number> {
  return eventually("the router's word on it", async () => {
    for (const line of (await readFile(log, "utf8")).split("\n").reverse()) {
      if (!line.includes(`%ADJCHANGE: neighbor ${neighbor}(`) || !line.includes(" Down")) continue;
      const at = new Date(line.slice(0, 23).replaceAll("/", "-").replace(" ", "T")).getTime();
      return at >= since ? at : false;
    }
    return false;
  });
}

async function filesBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

async function pidsOf(lab: TestLab): Promise<readonly string[]> {
  const lists = await Promise.all(
    [...NODES, "wire" as const].map((place) =>
      execa("ip", ["netns", "pids", lab.places[place].name]),
    ),
  );
  return lists.flatMap(({ stdout }) => stdout.split("\n")).filter((pid) => pid !== "");
}
