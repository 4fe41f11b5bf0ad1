/**
 * Fencing by quorum on the wire: of three speakers one is cut off together with a client. It stops answering within a
 * bound; the others go on; and when the network is whole again each address has one owner.
 */
import { expect } from "chai";
import { eventually } from "../support/wait.ts";
import { withRing } from "./ring-hooks.ts";
import type { Ring } from "./ring.ts";

const ADDRESSES = 30;
/** Nothing may take longer, on any machine, however busy. */
const LIMIT_MS = 20_000;

describe("quorum on the wire", function () {
  this.timeout(180_000);
  let ring: Ring;
  withRing(
    { nodes: 3, addresses: ADDRESSES, flags: ["--ml-fencing", "quorum"] },
    (started) => (ring = started),
  );

  const answering = (): readonly string[] => [...new Set(ring.owners().values())].sort();
  const others = (node: string): readonly string[] => ring.nodes.filter((n) => n !== node);

  it("the smaller side stops answering its own clients, the larger one takes everything", async () => {
    // The client stays with the one that is cut off: it hears what that one goes on saying.
    const alone = "n1";
    const before = ring.owners();
    const startMs = Date.now();
    await ring.split(others(alone));
    await eventually("nobody answers", () => answering().join() === "", LIMIT_MS);
    const silentMs = lastAnswerMs(startMs);
    console.log(`      the cut-off speaker answered for ${silentMs} ms more`);
    expect(ring.log(alone)).to.include("quorum lost");
    await ring.split(null);
    await eventually("as before", () => sameOwners(before), LIMIT_MS);
    await ring.settled(LIMIT_MS);

    await ring.split([alone]);
    await eventually(
      "the larger side",
      () => answering().join() === others(alone).join() && !answering().includes(""),
      LIMIT_MS,
    );
    await ring.split(null);
    await eventually("as before", () => sameOwners(before), LIMIT_MS);
  });

  it("two of three killed: the last one is silent; all started at once: all answer again", async () => {
    const before = ring.owners();
    for (const node of ["n2", "n3"]) await ring.signal(node, "SIGKILL");
    await eventually("nobody answers", () => answering().join() === "", LIMIT_MS);
    await ring.signal("n1", "SIGKILL");
    for (const node of ring.nodes) await ring.start(node);
    await eventually("as before", () => sameOwners(before), LIMIT_MS * 2);
    await ring.settled(LIMIT_MS);
  });

  it("one restarted alone knows of the others, and is silent", async () => {
    for (const node of ring.nodes) await ring.signal(node, "SIGKILL");
    await ring.start("n2");
    await eventually("it speaks of it", () => /quorum lost[^]*quorum lost/.test(ring.log("n2")));
    await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than arriving takes
    expect(answering()).to.deep.equal([""]);
    for (const node of ["n1", "n3"]) await ring.start(node);
    await eventually("everybody", () => answering().join() === ring.nodes.join(), LIMIT_MS * 2);
  });

  function sameOwners(before: ReadonlyMap<string, string>): boolean {
    return JSON.stringify([...ring.owners()]) === JSON.stringify([...before]);
  }
  /** From `startMs` to the last answer that anybody gave, by the gap that goes on until now. */
  function lastAnswerMs(startMs: number): number {
    const now = Date.now();
    const gap = Math.min(...ring.since(startMs).gaps.values());
    return Math.max(0, Math.round(now - startMs - gap));
  }
});
