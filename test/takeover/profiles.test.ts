/**
 * How long an address is without an answer when the link of its node is cut, by membership profile and with a
 * tuning file: what the table of troubleshooting means by "failover takes too long" (row S99). `explain` says
 * so beforehand. The patient profiles take minutes to come together and to let go: `scripts/soak takeover-profiles`.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readInput } from "../../src/cli/input.ts";
import { explainService } from "../../src/explain/service.ts";
import { isRoot } from "../support/lab.ts";
import { eventually } from "../support/wait.ts";
import { startRing } from "./ring.ts";

const ALL = process.env["FERROLB_TAKEOVER_PROFILES"] === "all";
const LIMIT_MS = 120_000;

interface Row {
  readonly name: string;
  readonly gapMs: number;
  readonly told: string | null;
}

type Setting = readonly [name: string, flags: () => readonly string[], slow: boolean];
const PATIENT: readonly Setting[] = [
  ["memberlist", () => ["--ml-profile", "memberlist"], true],
  ["wan", () => ["--ml-profile", "wan"], true],
];

describe("failover by membership profile (S99)", function () {
  this.timeout(300_000);
  const rows: Row[] = [];
  let dir = "";
  before(async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-profiles-`));
    await writeFile(join(dir, "quick.json"), '{"ProbeInterval":"200ms","ProbeTimeout":"100ms","SuspicionMult":3}'); // prettier-ignore
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const settings: readonly Setting[] = [
    ["fast", () => [], false],
    [
      "config.json",
      () => ["--ml-profile", "memberlist", "--ml-config", join(dir, "quick.json")],
      false,
    ],
    ...(ALL ? PATIENT : []),
  ];
  for (const [name, flags, slow] of settings)
    it(`${name}: ${slow ? "slow, and explain says so" : "quick"}`, async () => {
      const ring = await startRing({ nodes: 3, addresses: 40, flags: flags() });
      const heard = () => ring.nodes.map((node) => `${node}:\n${ring.log(node).slice(-1500)}`).join("\n"); // prettier-ignore
      try {
        await eventually("every node answers", () => new Set(ring.owners().values()).size === 3, LIMIT_MS); // prettier-ignore
        await ring.settled(60_000);
        const told = await eventually("reports", async () => {
          const from = { filename: [ring.manifests], namespace: "metallb-system" };
          const { snapshot, observed } = await readInput(from);
          if (observed.speakerReports.length < 3) return false;
          const answer = explainService(snapshot, "default/web-000", { observed, speakers: [...ring.nodes] }); // prettier-ignore
          return { step: answer.steps.find((s) => s.reason === "slowFailover")?.message ?? null };
        });
        const lost = [...ring.owners()].flatMap(([ip, owner]) => (owner === "n1" ? [ip] : []));
        const fromMs = Date.now();
        await ring.link("n1", false);
        await eventually("others answer", () => lost.every((ip) => !["n1", ""].includes(ring.owners().get(ip) ?? "")), LIMIT_MS); // prettier-ignore
        await ring.settled(LIMIT_MS);
        const gapMs = Math.max(...lost.map((ip) => ring.since(fromMs).gaps.get(ip) ?? 0));
        rows.push({ name, gapMs, told: told.step });
        expect(told.step !== null, told.step ?? "explain is silent").to.equal(slow);
      } catch (error) {
        console.log(heard());
        throw error;
      } finally {
        await ring.close();
      }
    });

  it("the table: the patient ones take longer", () => {
    for (const { name, gapMs, told } of rows)
      console.log(`      ${name.padEnd(12)} ${(gapMs / 1000).toFixed(2)} s without an answer; ${told ?? "nothing to say"}`); // prettier-ignore
    const gap = (name: string): number => rows.find((r) => r.name === name)?.gapMs ?? NaN;
    if (!ALL) return;
    expect(gap("memberlist")).to.be.above(gap("fast"));
    expect(gap("memberlist"), "a tuning file counts").to.be.above(gap("config.json"));
    expect(gap("wan")).to.be.above(gap("memberlist"));
  });
});
