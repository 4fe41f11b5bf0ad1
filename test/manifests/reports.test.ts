/** Status objects of a directory: of Nodes that are gone nothing stays, and what a hand removed comes again. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { ReportWrite } from "../../src/api/store.ts";
import { forgetNodeFiles, reportsIn } from "../../src/manifests/reports.ts";
import { systemClock } from "../../src/runtime/clock.ts";

const NS = "metallb-system";
const METALLB = "metallb.io/v1beta1";
const OWN = "ferrolb.io/v1alpha1";

const setOf = (node: string): readonly ReportWrite[] => {
  const labels = { "metallb.io/node": node, "metallb.io/service-name": "web" };
  const named = { "metallb.io/node-name": node };
  return [
    ...["ServiceL2Status", "ServiceBGPStatus"].map((kind) => ({
      ...{ apiVersion: METALLB, kind, namePrefix: "x-", labels, status: { node } },
    })),
    { apiVersion: OWN, kind: "AnnouncementReport", namePrefix: "x-", labels, status: { node } },
    {
      ...{ apiVersion: OWN, kind: "SpeakerReport", namePrefix: `speaker-${node}`, status: {} },
      labels: { "metallb.io/node": node },
    },
    {
      ...{ apiVersion: METALLB, kind: "ConfigurationState", namePrefix: `speaker-${node}` },
      ...{ labels: named, status: {} },
    },
  ];
};
const CONTROLLER: ReportWrite = {
  ...{ apiVersion: METALLB, kind: "ConfigurationState", namePrefix: "controller" },
  ...{ labels: { "metallb.io/component-type": "controller" }, status: {} },
};

describe("status objects in a directory", () => {
  let dir: string;
  beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-rep-`))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const files = async (): Promise<readonly string[]> =>
    (await readdir(join(dir, ".status"), { recursive: true })).filter((f) => f.endsWith(".json"));

  it("of a Node that is gone, those of every kind are removed, and nothing else", async () => {
    const reports = reportsIn(dir, NS, "n1", systemClock);
    for (const node of ["n1", "gone"]) await reports.write(node, setOf(node));
    await reports.write("controller", [CONTROLLER]);
    const foreign = join(dir, ".status/AnnouncementReport", NS, "foreign.json");
    await writeFile(foreign, "{");
    expect(await files()).to.have.length(12);
    expect(await forgetNodeFiles(dir, NS, ["n1"])).to.deep.equal(["gone"]);
    expect(await files()).to.have.length(7);
    expect((await files()).filter((f) => f.includes("gone"))).to.deep.equal([]);
    expect(await forgetNodeFiles(dir, NS, ["n1"])).to.deep.equal([]);
  });

  it("what somebody removed is written again within a minute, and what is there is left alone", async () => {
    let nowMs = 0;
    const reports = reportsIn(dir, NS, "n1", { ...systemClock, now: () => nowMs });
    await reports.write("n1", setOf("n1"));
    const before = await files();
    await forgetNodeFiles(dir, NS, []);
    expect(await files()).to.deep.equal([]);
    await reports.write("n1", setOf("n1"));
    expect(await files()).to.deep.equal([]);
    nowMs += 60_000;
    await reports.write("n1", setOf("n1"));
    expect([...(await files())].sort()).to.deep.equal([...before].sort());
  });
});
