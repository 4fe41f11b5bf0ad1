/** The daemons as the README starts them on a directory: each line on a machine of its own, as far as it can tell. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ensureBundle } from "../support/bundle.ts";
import { isRoot } from "../support/lab.ts";
import { eventually } from "../support/wait.ts";
import { blocksRunBy } from "./blocks.ts";

/** No network, no FRR, no state but what the process makes. */
const ALONE =
  "ip link set lo up && mkdir -p /run/frr /etc/frr && for d in /run/frr /etc/frr /var/lib; do mount -t tmpfs none $d; done && exec ";

describe("daemons as the documentation starts them", function () {
  this.timeout(120_000);
  let dir = "";
  before(async function () {
    if (!isRoot()) this.skip(); // network namespaces
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-daemons-`));
    await cp("hack/kind-frr-lab/manifests", dir, { recursive: true });
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("run, write status, and end cleanly", async () => {
    const blocks = await blocksRunBy("daemon");
    expect(blocks.length).to.be.greaterThan(0);
    for (const { content } of blocks) {
      const daemons = content
        .replace(/\bDIR\b/g, dir)
        .split("\n")
        .map((line) => {
          const child = spawn("unshare", ["-n", "-m", "sh", "-c", ALONE + line], {
            stdio: "ignore",
          });
          const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
          return { line, child, ended };
        });
      try {
        for (const [what, kind] of [
          ["addresses by the controller", "Service"],
          ["a report by the speaker", "SpeakerReport"],
        ] as const)
          await eventually(what, async () => {
            const found = await readdir(join(dir, ".status", kind), { recursive: true });
            return found.some((name) => name.endsWith(".json"));
          });
      } finally {
        for (const { child } of daemons) child.kill("SIGTERM");
      }
      for (const { line, ended } of daemons) expect(await ended, line).to.equal(0);
    }
  });
});
