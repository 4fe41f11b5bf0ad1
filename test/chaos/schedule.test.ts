import { expect } from "chai";
import fc from "fast-check";
import { kindOf, kindsFor } from "../../chaos/kinds.ts";
import { scheduleFor } from "../../chaos/schedule.ts";
import { MAX_SERVICES, spotsFor } from "../../chaos/world.ts";
import { NODES } from "../../src/lab/plan.ts";

const SPOTS = spotsFor(24);
const restless = SPOTS.filter((s) => s.restless);
const kinds = kindsFor("directory");
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("a schedule of faults", () => {
  it("is the same for the same seed, another for another", () => {
    const of = (seed: number) => scheduleFor({ seed, lastsMs: 60_000, restless, kinds });
    expect(of(7)).to.deep.equal(of(7));
    expect(of(7)).not.to.deep.equal(of(8));
  });

  it("hits one target once at a time, leaves a node alone, and heals everything in time", () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const { faults } = scheduleFor({ seed, lastsMs: 120_000, restless, kinds });
        expect(faults.length).to.be.greaterThan(10);
        for (const fault of faults) {
          expect(fault.untilMs).to.be.greaterThan(fault.atMs).and.at.most(120_000);
          const [least, most] = kindOf(fault.kind).lastsMs;
          expect(fault.untilMs - fault.atMs).to.be.within(least, most);
          const others = faults.filter(
            (f) => f !== fault && f.atMs <= fault.atMs && f.untilMs > fault.atMs,
          );
          expect(others.map((f) => f.target)).not.to.include(fault.target);
          const nodes = new Set([fault, ...others].map((f) => f.target));
          expect(NODES.filter((n) => nodes.has(n)).length).to.be.at.most(2);
        }
      }),
      { numRuns: 50 },
    ));

  for (const source of ["directory", "cluster"] as const)
    it(`meets every kind of a ${source} within some minutes`, () => {
      const all = kindsFor(source);
      const { faults } = scheduleFor({ seed: 3, lastsMs: 300_000, restless, kinds: all });
      expect([...new Set(faults.map((f) => f.kind))].sort()).to.deep.equal([...all].sort());
    });

  it("leaves what is of a directory to a directory, what is of an API server to one", () => {
    expect(kindsFor("directory")).to.include("manifest-garbage").and.not.include("rbac-speaker");
    expect(kindsFor("cluster")).to.include("rbac-speaker").and.not.include("manifest-garbage");
  });

  it("creates what is not there, deletes and moves what is", () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const { changes } = scheduleFor({ seed, lastsMs: 60_000, restless, kinds });
        const there = new Set(restless.map((s) => s.name));
        for (const { service, what } of changes) {
          expect(there.has(service)).to.equal(what !== "create");
          if (what === "delete") there.delete(service);
          else there.add(service);
        }
      }),
      { numRuns: 50 },
    ));
});

describe("the Services of a run", () => {
  it("have addresses of their own, of both protocols and families, restless and not, Local and not", () => {
    const spots = spotsFor(MAX_SERVICES);
    expect(new Set(spots.map((s) => s.address)).size).to.equal(MAX_SERVICES);
    expect(new Set(spots.map((s) => s.name)).size).to.equal(MAX_SERVICES);
    const sorts = SPOTS.map((s) => `${s.by} ${s.address.includes(":")}`);
    expect(new Set(sorts).size).to.equal(4);
    expect(new Set(SPOTS.map((s) => `${s.by} ${s.local} ${s.restless}`)).size).to.equal(8);
  });
});
