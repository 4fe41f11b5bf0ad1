/**
 * Each fault on real daemons: the configuration before is in force again, the line is named, and no session
 * is touched. Reading back alone decides: an engine that believed what vtysh says would pass none of this.
 */
import { expect } from "chai";
import type { Applied, Desired } from "../../src/api/frr-desired.ts";
import { parseTree } from "../../src/frr-config/tree.ts";
import { bring } from "../../src/frr/bring.ts";
import { readRunning } from "../../src/frr/running.ts";
import { NO_TOLERANCE } from "../../src/frr/tolerance.ts";
import { vtyshAt, type Vtysh } from "../../src/frr/vtysh.ts";
import { FRR_VERSIONS } from "../../src/lab/frr-root.ts";
import { startBench, type Bench } from "../support/bench.ts";
import { engineOn, type TestEngine } from "../support/engine.ts";
import { BASE } from "../support/frr-base.ts";
import { settle } from "../support/frr-pair.ts";
import { checkFault, FAULTS, TEXT } from "./fault-list.ts";

for (const version of FRR_VERSIONS)
  describe(`what FRR ${version} refuses`, function () {
    this.timeout(180_000);
    let bench: Bench;
    let engine: TestEngine;
    let since: Readonly<Record<string, number | null>>;
    const uptimes = async (): Promise<Readonly<Record<string, number | null>>> =>
      Object.fromEntries(
        Object.entries((await bench.observe()).sessions).map(([peer, s]) => [peer, s.established]),
      );

    before(async () => {
      bench = await startBench(version);
      engine = engineOn(bench.node, { timeoutMs: 30_000 });
      expect((await engine.bringTo(TEXT)).kind).to.equal("applied");
      await settle(bench, BASE);
      since = await uptimes();
    });
    after(async () => {
      await engine.close();
      await bench.close();
    });

    for (const fault of FAULTS)
      it(fault[0], () =>
        checkFault(
          {
            apply: (desired) => engine.apply(desired, new AbortController().signal),
            running: () => bench.node.vtysh("show running-config"),
          },
          fault,
        ),
      );

    it("and no session was touched, nothing was left unrestored", async () => {
      expect(await uptimes()).to.deep.equal(since);
      expect(engine.stats().unrestored).to.equal(0);
      expect(engine.stats().refused).to.equal(FAULTS.length);
    });

    it("a line that is no command keeps its whole batch from FRR", async () => {
      const version_ = async (): Promise<number | undefined> => {
        const shown = await bench.node.vtysh("show bgp ipv4 unicast summary json");
        return (JSON.parse(shown) as { tableVersion?: number }).tableVersion;
      };
      const before_ = await version_();
      const [network = ""] = /^ {2}network 203.*$/m.exec(TEXT) ?? [];
      const more = `${network}\n${network.replace("203.0.113.100", "203.0.113.250")}`;
      const text = `${TEXT.replace(network, more)}nonsense of the extras\n`;
      const outcome = await engine.bringTo(text);
      expect(outcome.kind).to.equal("refused");
      expect(outcome.kind === "refused" && outcome.refusals.map(({ path }) => path)).to.deep.equal([
        ["nonsense of the extras"],
      ]);
      expect(before_).to.be.greaterThan(0);
      expect(await version_()).to.equal(before_); // bgpd never had the prefix
    });

    it("and without its reading back it would find none of them", async () => {
      const vtysh = vtyshAt({ command: bench.node.vtyshPath, vtyDir: bench.node.vtyDir });
      const missed: string[] = [];
      for (const fault of FAULTS) {
        const wrong = await checkFault(
          {
            apply: (desired) => applyUnread(vtysh, desired),
            running: () => bench.node.vtysh("show running-config"),
          },
          fault,
        ).catch((error: unknown) => String(error));
        if (wrong === "AssertionError: expected 'applied' to equal 'refused'")
          missed.push(fault[0]);
        await engine.bringTo(TEXT);
      }
      expect(missed).to.deep.equal(FAULTS.map(([name]) => name));
    });
  });

/** The engine's own work, with a reading that says what was hoped for once a batch was given. */
async function applyUnread(vtysh: Vtysh, desired: Desired): Promise<Applied> {
  const tree = parseTree(desired.text);
  const known = await readRunning(vtysh);
  const believing: Vtysh = {
    ...vtysh,
    check: () => Promise.resolve([]), // it finds what is no command, which is not the point here
    show: () => Promise.resolve(`zebra bgpd bfdd\n${desired.text}`),
  };
  const task = { vtysh: believing, running: known, desired, tree, ours: parseTree(TEXT) };
  const { refusals, commands } = await bring({ ...task, tolerance: NO_TOLERANCE });
  return refusals.length > 0
    ? { kind: "refused", refusals }
    : { kind: "applied", commands, durationMs: 0 };
}
