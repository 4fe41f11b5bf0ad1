import { expect } from "chai";
import { startWorkQueue } from "../../src/runtime/work-queue.ts";
import { manualClock } from "../support/manual-clock.ts";

function queueing(workers: number, fails: (key: string, nth: number) => boolean = () => false) {
  const clock = manualClock();
  const stop = new AbortController();
  const log: string[] = [];
  const counts = new Map<string, number>();
  let running = 0;
  let most = 0;
  const queue = startWorkQueue(
    {
      clock,
      backoff: { minMs: 10, maxMs: 1000 },
      workers,
      async work(key) {
        most = Math.max(most, ++running);
        const nth = (counts.get(key) ?? 0) + 1;
        counts.set(key, nth);
        log.push(`${clock.now()} ${key}`);
        await new Promise<void>((r) => clock.after(5, r));
        running--;
        if (fails(key, nth)) throw new Error(key);
      },
      onError: (key, _, ms) => log.push(`${key} retry in ${ms}`),
    },
    stop.signal,
  );
  return { clock, stop, log, queue, most: () => most };
}

describe("a keyed work queue", () => {
  it("works in order, each waiting key once, no more at once than it has workers", async () => {
    const { clock, log, queue, most } = queueing(2);
    for (const key of ["a", "b", "c", "a", "b"]) queue.add(key);
    await clock.advance(100);
    expect(log).to.deep.equal(["0 a", "0 b", "5 c"]);
    expect(most()).to.equal(2);
  });

  it("runs a key again after, never beside, its own run", async () => {
    const { clock, log, queue } = queueing(4);
    queue.add("a");
    await clock.advance(2);
    queue.add("a");
    queue.add("a");
    await clock.advance(100);
    expect(log).to.deep.equal(["0 a", "5 a"]);
  });

  it("gives each key its own backoff", async () => {
    const { clock, log, queue } = queueing(1, (key, n) => key === "a" && n <= 2);
    queue.add("a");
    queue.add("b");
    await clock.advance(100);
    expect(log).to.deep.equal(["0 a", "a retry in 10", "5 b", "15 a", "a retry in 20", "40 a"]);
  });

  it("forgets a dropped key, and everything when aborted", async () => {
    const { clock, stop, log, queue } = queueing(1, () => true);
    queue.add("a");
    await clock.advance(6);
    queue.drop("a");
    queue.add("b");
    await clock.advance(1);
    stop.abort();
    await clock.advance(1000);
    await queue.idle();
    expect(log).to.deep.equal(["0 a", "a retry in 10", "6 b"]);
  });
});
