/** What goes wrong around a running speaker is put right by it, and restarting it is no event. */
import { expect } from "chai";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { NODES, ROUTERS, addressOf } from "../../src/lab/plan.ts";
import { LIMIT_MS, startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { bgpAdvertisement, nodes, pool, router1, router2, service } from "../support/lab-manifests.ts"; // prettier-ignore
import { recordEvents } from "../support/router-events.ts";
import { eventually } from "../support/wait.ts";

const PREFIXES = ["203.0.113.10/32", "203.0.113.11/32"];

describe("around a running speaker", function () {
  this.timeout(180_000);
  let lab: TestLab;
  const everythingIsThere = async (): Promise<void> => {
    for (const router of ROUTERS)
      for (const prefix of PREFIXES) await lab.routed(router, prefix, NODES);
  };
  const running = () => lab.nodes.n1.frr.vtysh("show running-config");
  before(async () => {
    lab = await startTestLab({
      backends: false,
      routers: { r1: { record: true }, r2: { record: true } },
      manifests: {
        nodes: nodes(),
        peers: [router1({ connectTime: "2s" }), router2({ connectTime: "2s" })],
        pools: [pool("public", ["203.0.113.0/24"]), bgpAdvertisement("public")],
        services: [
          ...service("a", { ip: "203.0.113.10" }),
          ...service("b", { ip: "203.0.113.11" }),
        ],
      },
    });
    await everythingIsThere();
  });
  after(() => lab.stop());

  it("FRR killed and started again by hand: everything is back", async () => {
    await lab.nodes.n1.frr.restart();
    const n1 = addressOf("n1", "lan");
    for (const router of ROUTERS)
      await eventually(`a new session of n1 at ${router}`, async () => {
        const session = (await lab.eyes.sessions(router)).get(n1);
        return session?.state === "Established" && session.dropped > 0;
      });
    await everythingIsThere();
  });

  it("FRR started again with an empty frr.conf: everything is back", async () => {
    const { frr } = lab.nodes.n1;
    for (const daemon of frr.pids().keys()) await frr.kill(daemon);
    await lab.routed("r1", PREFIXES[0]!, ["n2", "n3"]);
    await writeFile(frr.confFile, "");
    await frr.restart();
    await everythingIsThere();
  });

  it("bgpd alone killed and started again: everything is back", async () => {
    await lab.nodes.n2.frr.kill("bgpd");
    await lab.routed("r1", PREFIXES[0]!, ["n1", "n3"]);
    await lab.nodes.n2.frr.start("bgpd");
    await everythingIsThere();
  });

  it("a network line added by hand goes, and its route with it", async () => {
    const added = "network 192.0.2.200/32";
    await lab.nodes.n1.frr.vtysh(
      ...["configure terminal", "router bgp 64500", "address-family ipv4 unicast", added],
    );
    expect(await running()).to.include(added);
    await eventually("repaired", async () => !(await running()).includes(added), LIMIT_MS);
    for (const router of ROUTERS) await lab.routed(router, "192.0.2.200/32", []);
    await everythingIsThere();
  });

  it("a line removed by hand is back", async () => {
    const shown = (await running()).split("\n").find((line) => line.includes("network 203.0.113.10/32"))!.trim(); // prettier-ignore
    await lab.nodes.n1.frr.vtysh(
      ...["configure terminal", "router bgp 64500", "address-family ipv4 unicast", `no ${shown}`],
    );
    await eventually("repaired", async () => (await running()).includes(shown), LIMIT_MS);
    await everythingIsThere();
  });

  for (const signal of ["SIGTERM", "SIGKILL"] as const)
    it(`the speaker restarted (${signal}): no route moves`, async () => {
      await everythingIsThere();
      const records = await Promise.all(ROUTERS.map((router) => recordEvents(lab, router)));
      const { speaker } = lab.nodes.n2;
      await speaker.stop(signal);
      await sleep(1000);
      speaker.start();
      // A change that only a speaker at work can make says that it is back.
      await lab.write("late", ...service("late", { ip: "203.0.113.40", local: true, on: ["n2"] }));
      for (const router of ROUTERS) await lab.routed(router, "203.0.113.40/32", ["n2"]);
      await lab.remove("late");
      for (const router of ROUTERS) await lab.routed(router, "203.0.113.40/32", []);
      await sleep(6500); // FRR's delay for changes of route-maps
      for (const events of records)
        expect((await events()).map(({ kind, subject }) => `${kind} ${subject}`)).to.deep.equal([
          "announced 203.0.113.40/32",
          "withdrawn 203.0.113.40/32",
        ]);
      await everythingIsThere();
    });
});
