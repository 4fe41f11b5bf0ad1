/**
 * Takeover on the wire: speakers die, stop, freeze, lose their link and are split apart, while a client asks
 * for a hundred addresses without a pause. One answer per address before and after, always. A few rounds
 * here; `npm run soak` does a hundred of each and prints the distribution. Times are printed, not asserted.
 */
import { loadavg } from "node:os";
import { expect } from "chai";
import { eventually } from "../support/wait.ts";
import { distribution } from "./arp-watch.ts";
import { withRing } from "./ring-hooks.ts";
import type { Ring } from "./ring.ts";

const ROUNDS = Number(process.env["FERROLB_TAKEOVER_ROUNDS"] ?? 2);
const NODES = Number(process.env["FERROLB_TAKEOVER_NODES"] ?? 3);
const ADDRESSES = 100;
/** Nothing may take longer, on any machine, however busy. */
const LIMIT_MS = 20_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("takeover at L2", function () {
  this.timeout(120_000 + ROUNDS * 60_000);
  let ring: Ring;
  withRing({ nodes: NODES, addresses: ADDRESSES }, (started) => (ring = started));

  const show = (what: string, values: readonly number[]): void => {
    console.log(`      ${what}: ${distribution(values)}; load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  };
  const owned = (node: string): string[] =>
    [...ring.owners()].filter(([, owner]) => owner === node).map(([ip]) => ip);
  /** Gaps of the addresses that the victim had, over some rounds of breaking and mending it. */
  async function rounds(
    name: string,
    hurt: (victim: string) => Promise<void>,
    mend: (victim: string) => Promise<void>,
  ): Promise<void> {
    const gaps: number[] = [];
    const meanwhile: number[] = [];
    const overlaps: number[] = [];
    const backOverlaps: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const victim = ring.nodes[round % ring.nodes.length]!;
      const lost = owned(victim);
      const startMs = Date.now();
      await hurt(victim);
      await ring.settled(LIMIT_MS);
      const report = ring.since(startMs);
      for (const ip of lost) gaps.push(report.gaps.get(ip)!);
      for (const ip of ring.ips) if (!lost.includes(ip)) meanwhile.push(report.gaps.get(ip)!);
      overlaps.push(...report.overlaps.values());
      expect(owned(victim), "the victim answers").to.deep.equal([]);
      const backMs = Date.now();
      await mend(victim);
      await eventually("it has its addresses again", () => owned(victim).join() === lost.join());
      await ring.settled(LIMIT_MS);
      backOverlaps.push(...ring.since(backMs).overlaps.values());
    }
    show(`${name}: without an answer`, gaps);
    show(`${name}: meanwhile at addresses that stay, the machine's own part`, meanwhile);
    show(`${name}: two answers`, overlaps);
    show(`${name}: two answers on the way back`, backOverlaps);
    expect(Math.max(...gaps, ...meanwhile)).to.be.below(LIMIT_MS);
  }

  it("every address has one owner, spread over the nodes", () => {
    const owners = ring.owners();
    expect(new Set(owners.values()).size).to.equal(NODES);
    expect([...owners.values()]).not.to.include("");
  });
  it("kill -9", () =>
    rounds(
      "kill -9",
      (n) => ring.signal(n, "SIGKILL"),
      (n) => ring.start(n),
    ));
  it("SIGTERM", () =>
    rounds(
      "SIGTERM",
      (n) => ring.signal(n, "SIGTERM"),
      (n) => ring.start(n),
    ));
  it("link cut", () =>
    rounds(
      "link cut",
      (n) => ring.link(n, false),
      (n) => ring.link(n, true),
    ));
  it("SIGSTOP and SIGCONT", () =>
    rounds(
      "SIGSTOP",
      (n) => ring.signal(n, "SIGSTOP"),
      (n) => ring.signal(n, "SIGCONT"),
    ));

  it("a partition and its end: one owner again", async () => {
    const overlaps: number[] = [];
    const until: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const apart = ring.nodes[round % ring.nodes.length]!;
      const buriedBefore = burials(apart);
      await ring.split([apart]);
      await eventually("it thinks it is alone", () => burials(apart) === buriedBefore + NODES - 1);
      await ring.settled(LIMIT_MS);
      await pause(200); // it answers for everything now, unheard
      const healedMs = Date.now();
      await ring.split(null);
      await pause(500);
      await ring.settled(LIMIT_MS);
      const report = ring.since(healedMs);
      overlaps.push(...report.overlaps.values());
      until.push(...report.until.values());
    }
    show("healed partition: two answers", overlaps);
    show("healed partition: one owner after", until);
    expect(Math.max(...overlaps)).to.be.below(LIMIT_MS);
  });
  const burials = (node: string): number =>
    ring.log(node).match(/"state":"dead","msg":"member left"/g)?.length ?? 0;
});
