/** The bench as people run it, small: one group and FerroLB alone, with everything real. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { Result } from "../../bench/core/result.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { isRoot } from "../support/lab.ts";

const bench = (...args: readonly string[]) =>
  execa(process.execPath, ["--import", "tsx", "bench/main.ts", ...args], {
    reject: false,
    env: { FERROLB_PEER_DIR: undefined },
  });
const left = async (pid: number | undefined): Promise<readonly string[]> =>
  (await execa("ip", ["netns", "list"])).stdout
    .split("\n")
    .filter((l) => l.includes(`ferrolb-${pid}-`));

describe("npm run bench", function () {
  this.timeout(300_000);
  let dir = "";
  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    if (!isRoot()) this.skip(); // namespaces need root
    if ((await kubeBinaries("kube-apiserver")) === null) this.skip(); // kube-apiserver could not be built
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-quick-`));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("--quick: the rows of a group are measured, printed and written, and nothing is left", async () => {
    const running = bench("--quick", "--only", "routes", "--out", dir);
    const { exitCode, stdout, stderr } = await running;
    expect(exitCode, `${stderr}\n${stdout}`).to.equal(0);
    expect(stderr).to.contain("FerroLB is measured alone");
    expect(stdout).to.match(/Service created alone, to its route .* ms \(3\)/);
    const { results } = JSON.parse(await readFile(join(dir, "results.json"), "utf8")) as {
      results: readonly Result[];
    };
    expect(results.map(({ id }) => id)).to.include.members([
      "create-0",
      "delete-20",
      "cold-first-20",
    ]);
    for (const { id, outcomes, summaries } of results) {
      expect(outcomes.ferrolb.kind, id).to.equal("measured");
      expect(outcomes.metallb.kind, id).to.equal("absent");
      expect(summaries.ferrolb?.p50, id).to.be.above(0).and.below(60_000);
    }
    expect(await readFile(join(dir, "chart.svg"), "utf8")).to.contain("<svg");
    expect(await readFile(join(dir, "table.md"), "utf8")).to.contain("| Service created alone");
    expect(await left(running.pid)).to.deep.equal([]);
  });

  it("an interrupt ends it soon, with nothing left", async () => {
    const running = bench("--quick", "--only", "burst", "--out", join(dir, "interrupted"));
    await new Promise<void>((resolve, reject) => {
      running.stderr.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("starting the API server")) setTimeout(resolve, 4000);
      });
      running.once("exit", () => reject(new Error("it ended by itself")));
    });
    running.kill("SIGINT");
    expect((await running).exitCode).to.equal(130);
    expect(await left(running.pid)).to.deep.equal([]);
  });

  it("says what is wrong with its words", async () => {
    const { exitCode, stderr } = await bench("--only", "everything");
    expect(exitCode).to.equal(2);
    expect(stderr).to.contain("There is no group everything");
    expect((await bench("--help")).stdout).to.contain("npm run bench -- --peer-dir");
  });
});
