import { isRoot } from "../support/lab.ts";
import { eventually } from "../support/wait.ts";
import { startRing } from "./ring.ts";
import type { Ring, RingOptions } from "./ring.ts";

/**
 * Hooks of a `describe` around one ring, in which every node answers before the first test. A test that fails
 * says what the speakers said last.
 */
export function withRing(options: RingOptions, started: (ring: Ring) => void): void {
  let ring: Ring | null = null;
  before(async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    const it = (ring = await startRing(options));
    started(it);
    const answering = (): number => new Set(it.owners().values()).size;
    await eventually("every node answers", () => answering() === options.nodes);
    await it.settled(60_000);
  });
  after(() => ring?.close());
  afterEach(function () {
    if (this.currentTest?.state === "failed")
      for (const node of ring?.nodes ?? [])
        console.log(`${node}:\n${ring?.log(node).slice(-2500)}`);
  });
}
