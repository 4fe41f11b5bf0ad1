/** A minute of faults on a real lab, by a seed: no violation. `npm run soak chaos` runs an hour, `npm run chaos` any seed. */
import { expect } from "chai";
import { reportText } from "../../chaos/report.ts";
import { runChaos } from "../../chaos/run.ts";
import { ferrolb, isRoot } from "../support/lab.ts";

const MINUTES = Number(process.env["FERROLB_CHAOS_MINUTES"] ?? 1);
const SEED = Number(process.env["FERROLB_SEED"] ?? 2);

describe("faults at random", function () {
  this.timeout(MINUTES * 60_000 + 420_000);

  it(`of ${MINUTES} min, seed ${SEED}: addresses, routes and status stay as they should`, async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    const lines: string[] = [];
    const report = await runChaos(
      {
        ...{ seed: SEED, minutes: MINUTES, services: 24, frr: null, fencing: "quorum" },
        ferrolb: await ferrolb(),
        tell: (line) => lines.push(line),
      },
      new AbortController().signal,
    );
    const text = reportText(report);
    if (report.violations.length > 0) console.log(`${lines.join("\n")}\n${text}`);
    const faults = Object.values(report.faults).reduce((a, b) => a + b, 0);
    console.log(`      ${faults} faults, ${report.changes} changes, load ${report.busiest}`);
    expect(report.violations).to.deep.equal([]);
    expect(faults).to.be.greaterThan(5 * MINUTES);
    expect(report.rounds).to.be.greaterThan(300 * MINUTES);
  });
});
