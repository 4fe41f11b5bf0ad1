/** The figures of docs/membership.md in small: what the bench does with 500 members, with 60. */
import { expect } from "chai";
import { PROFILES } from "../../src/membership/profiles.ts";
import { formulas, runExperiment } from "./support/experiment.ts";

const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;
const base = { nodes: 60, delayMs: 2, seed: 3, slow: 0, awayMs: 0 };

describe("sixty members against the SWIM paper", function () {
  this.timeout(240_000);

  it("LAN settings: detection, spread and cost are what the formulas say", async () => {
    const timing = PROFILES.memberlist;
    const at = { ...base, timing, crashes: 8, calmMs: 20_000 };
    const got = await runExperiment({ ...at, loss: 0 });
    expect(got.falsePositives).to.equal(0);
    expect(got.suspicions).to.equal(0);
    const expected = formulas.detectionMs(timing, 60);
    expect(mean(got.suspectedMs)).to.be.within(0.6 * expected, 1.5 * expected);
    expect(mean(got.spreadMs)).to.be.below(formulas.gossipMs(timing, 60));
    expect(got.datagrams).to.be.within(1.8, 2.6);
  });

  it("a tenth of all datagrams lost, and no TCP: as many suspicions as expected", async () => {
    const timing = { ...PROFILES.memberlist, tcpPings: false };
    const at = { ...base, timing, crashes: 0, calmMs: 60_000 };
    const got = await runExperiment({ ...at, loss: 0.1 });
    const expected = formulas.suspicions(timing, 60, 0.1);
    expect(got.suspicions).to.be.within(0.4 * expected, 2 * expected);
  });

  it("fast: a cut is known to all within 1.2 s, with a tenth lost and a tenth of the nodes starved", async () => {
    const timing = PROFILES.fast;
    const at = { ...base, nodes: 30, timing, crashes: 4, calmMs: 4000, loss: 0.1 };
    const got = await runExperiment({ ...at, slow: 0.1, awayMs: 500 });
    expect(got.falsePositives).to.equal(0);
    expect(Math.max(...got.noticedMs)).to.be.below(1200);
    expect(mean(got.suspectedMs)).to.be.below(3 * formulas.detectionMs(timing, 30));
  });
});
