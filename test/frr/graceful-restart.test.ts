/**
 * All FRR of a node dies and comes back from its frr.conf, as when its pod restarts: with graceful restart the
 * router's kernel keeps every route throughout, without it (the counter-check) they go.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { established, showJson, startPair } from "../support/router.ts";
import { bgpPeer, listeningRouter, servicesAt, speakOn, WORLD } from "../support/speaking.ts";
import { eventually } from "../support/wait.ts";

const IPS = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];

interface Shown {
  readonly connectionsEstablished?: number;
}

/** Routes of BGP in the kernel of a namespace. */
async function kernelRoutes(ns: string): Promise<readonly string[]> {
  const { stdout } = await execa("ip", ["-n", ns, "-4", "route", "show", "proto", "bgp"]);
  return IPS.filter((ip) => stdout.split("\n").some((line) => line.startsWith(`${ip} `)));
}

for (const version of FRR_VERSIONS)
  describe(`a restart of the whole FRR ${version}`, function () {
    this.timeout(180_000);

    /** Looks at the router's kernel every 100 ms from before the kill until routes are fresh again. */
    async function looksThroughRestart(
      enableGracefulRestart: boolean,
    ): Promise<{ readonly looks: number; readonly losses: number }> {
      const router = listeningRouter("192.0.2.1");
      const pair = await startPair(version, { node: "", router });
      try {
        const speaker = speakOn(pair.node, {
          ...WORLD,
          ...servicesAt(IPS),
          bgpPeers: [bgpPeer("v4", "192.0.2.2", { enableGracefulRestart })],
        });
        try {
          await established(pair.router, "192.0.2.1");
          await eventually(
            "routes in the kernel",
            async () => (await kernelRoutes(pair.routerNs)).length === IPS.length,
          );
          // The restarting side's End-of-RIB has to be through: until then nothing would be kept.
          await sleep(2000);
        } finally {
          await speaker.end(); // the pod's other container ends too
        }

        const watch = { on: true, looks: 0, losses: 0 };
        const watching = (async () => {
          while (watch.on) {
            await sleep(100);
            watch.looks++;
            if ((await kernelRoutes(pair.routerNs)).length < IPS.length) watch.losses++;
          }
        })();
        const ups = async (): Promise<number> => {
          const shown = await showJson<Record<string, Shown>>(pair.router, "show bgp neighbors");
          return shown["192.0.2.1"]?.connectionsEstablished ?? 0;
        };
        try {
          expect(await ups()).to.equal(1);
          await pair.node.stop(); // SIGKILL to every daemon
          await sleep(2000);
          await pair.node.restart();
          await eventually("a second session", async () => (await ups()) === 2, 60_000);
          await established(pair.router, "192.0.2.1");
          await eventually(
            "fresh routes",
            async () => {
              const table = await pair.router.vtysh("show bgp ipv4 unicast");
              const best = [...routesOf(table).matchAll(/^ *\*> +(\S+)\/32 /gm)].map((m) => m[1]);
              return IPS.every((ip) => best.includes(ip)) && !/^ *S/m.test(routesOf(table));
            },
            60_000,
          );
          await sleep(2000);
        } finally {
          watch.on = false;
          await watching;
        }
        return { looks: watch.looks, losses: watch.losses };
      } finally {
        await pair.close();
      }
    }

    it("loses no route at the router with graceful restart", async () => {
      const seen = await looksThroughRestart(true);
      console.log(`      ${seen.losses} losses in ${seen.looks} looks`);
      expect(seen.looks).to.be.greaterThan(20);
      expect(seen.losses).to.equal(0);
    });

    it("and loses them without, which the same looks see", async () => {
      expect((await looksThroughRestart(false)).losses).to.be.greaterThan(0);
    });
  });

/** The lines of the table below its legend, which explains the S. */
const routesOf = (table: string): string => table.slice(table.indexOf("Network"));
