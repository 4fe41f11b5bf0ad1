/** A daemon of a real FRR that is dead refuses nothing: it is named, its lines wait for it, the others go on. */
import { writeFileSync } from "node:fs";
import { expect } from "chai";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import type { FrrEvent } from "../../src/frr/events.ts";
import { engineOn, type TestEngine } from "../support/engine.ts";
import { BASE } from "../support/frr-base.ts";
import { renderModel } from "../support/frr-model.ts";
import { loneNode, startTestNet, type TestNet } from "../support/router.ts";
import { eventually } from "../support/wait.ts";

const MODEL = { ...BASE, peers: { v4: { ...BASE.peers.v4!, bfd: "FAST" as const } } };
const TEXT = renderModel(MODEL);
const WITH_ROUTE = `${TEXT}ip route 198.51.100.0/24 blackhole\n`;
const NETWORK = /^ {2}network 203\.0\.113\.101\/32.*\n/m;

for (const version of FRR_VERSIONS)
  describe(`FRR ${version} without one of its daemons`, function () {
    this.timeout(180_000);
    let lab: TestNet;
    let frr: FrrInstance;
    let engine: TestEngine;

    before(async () => {
      lab = await startTestNet();
      frr = await loneNode(lab, version, TEXT);
      engine = engineOn(frr, { timeoutMs: 20_000 });
    });
    after(async () => {
      await engine.close();
      await lab.close();
    });

    const running = (): Promise<string> => frr.vtysh("show running-config");
    const told = (kind: FrrEvent["kind"]): Promise<FrrEvent> =>
      eventually(kind, () => engine.events.find((event) => event.kind === kind), 60_000);

    it("bfdd dead: no drift, no refusal; a changed profile waits, a prefix does not", async () => {
      await engine.bringTo(TEXT);
      engine.events.length = 0;
      await frr.kill("bfdd");
      expect(await told("partly-away")).to.deep.equal({ kind: "partly-away", daemons: ["bfdd"] });
      const changed = TEXT.replace("transmit-interval 100", "transmit-interval 120");
      expect(changed).not.to.equal(TEXT);
      const less = changed.replace(NETWORK, "");
      expect((await engine.bringTo(less)).kind).to.equal("applied");
      expect(await running()).not.to.contain("203.0.113.101");
      expect((await engine.bringTo(less)).kind).to.equal("settled");
      expect(engine.events.map(({ kind }) => kind)).to.deep.equal(["partly-away", "applied"]);

      writeFileSync(frr.confFile, ""); // it comes back empty
      await frr.start("bfdd");
      await told("whole-again");
      await told("drift");
      expect((await engine.bringTo(less)).kind).to.equal("applied");
      expect(await running()).to.contain("transmit-interval 120");
      expect(engine.stats().refused + engine.stats().unreachable).to.equal(0);
      expect(engine.stats()["partly-away"]).to.equal(1);
    });

    it("an engine that starts while bfdd is dead says so, and gives the rest", async () => {
      await engine.bringTo("");
      await frr.kill("bfdd");
      const late = engineOn(frr, { timeoutMs: 20_000 });
      try {
        expect((await late.bringTo(TEXT)).kind).to.equal("applied");
        expect(await running()).to.contain("203.0.113.101");
        expect(late.stats()).to.include({ refused: 0, "partly-away": 1 });
        await frr.start("bfdd");
        await eventually("bfdd is back", () => late.stats()["whole-again"] === 1, 60_000);
        await late.bringTo(TEXT);
        expect(await running()).to.contain("profile FAST");
      } finally {
        await late.close();
      }
      await engine.bringTo(TEXT);
    });

    it("staticd dead: a static route of extra configuration waits for it", async () => {
      await frr.kill("staticd");
      engine.events.length = 0;
      await engine.bringTo(WITH_ROUTE);
      await frr.start("staticd");
      await eventually("the route", async () => {
        await engine.bringTo(WITH_ROUTE);
        return (await frr.vtysh("show ip route static")).includes("198.51.100.0/24");
      });
      expect(engine.events.filter(({ kind }) => kind === "refused")).to.deep.equal([]);
    });
  });
