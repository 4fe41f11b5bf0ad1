/** A minute of faults on a real lab, by a seed: no violation. `npm run soak chaos` runs an hour, `npm run chaos` any seed. */
import { expect } from "chai";
import { kindOf, kindsFor } from "../../chaos/kinds.ts";
import type { Report } from "../../chaos/report.ts";
import { reportText } from "../../chaos/report.ts";
import { runChaos } from "../../chaos/run.ts";
import type { RunOptions } from "../../chaos/run.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { ferrolb, isRoot } from "../support/lab.ts";

const MINUTES = Number(process.env["FERROLB_CHAOS_MINUTES"] ?? 1);
/** On an API server: an hour of everything in a long run, else what only is there, for a shorter time. */
const CLUSTER_MINUTES = MINUTES > 1 ? MINUTES : MINUTES * 0.6;
const SEED = Number(process.env["FERROLB_SEED"] ?? 2);

describe("faults at random", function () {
  this.timeout(MINUTES * 60_000 + 420_000);

  async function calmRun(
    o: Pick<RunOptions, "minutes" | "cluster"> & Partial<RunOptions>,
  ): Promise<Report> {
    const lines: string[] = [];
    const report = await runChaos(
      {
        ...{ seed: SEED, services: 24, frr: null, fencing: "quorum" },
        ferrolb: await ferrolb(),
        tell: (line) => lines.push(line),
        ...o,
      },
      new AbortController().signal,
    );
    if (report.violations.length > 0) console.log(`${lines.join("\n")}\n${reportText(report)}`);
    const faults = Object.values(report.faults).reduce((a, b) => a + b, 0);
    console.log(`      ${faults} faults, ${report.changes} changes, load ${report.busiest}`);
    expect(report.violations).to.deep.equal([]);
    expect(faults).to.be.greaterThan(5 * o.minutes);
    expect(report.rounds).to.be.greaterThan(300 * o.minutes);
    return report;
  }

  it(`of ${MINUTES} min, seed ${SEED}: addresses, routes and status stay as they should`, async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    await calmRun({ minutes: MINUTES, cluster: null });
  });

  it(`of ${CLUSTER_MINUTES} min on an API server: rights that go, a server that dies, objects that are broken`, async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    this.timeout(KUBE_BUILD_MS);
    const cluster = await kubeBinaries("kube-apiserver");
    if (cluster === null) this.skip(); // kube-apiserver could not be built: no Go
    const all = kindsFor("cluster");
    const kinds = MINUTES > 1 ? all : all.filter((kind) => kindOf(kind).only === "cluster");
    await calmRun({ minutes: CLUSTER_MINUTES, cluster, kinds });
  });
});
