import { expect } from "chai";
import { startLoop } from "../../src/runtime/loop.ts";
import type { Again } from "../../src/runtime/loop.ts";
import { backoffMs } from "../../src/runtime/backoff.ts";
import { flush, manualClock } from "../support/manual-clock.ts";

/** A loop whose passes take `tookMs` of the hand-turned clock, and what it did when. */
function looping(tookMs: number, answer: (nth: number) => Again | Error = () => null) {
  const clock = manualClock();
  const stop = new AbortController();
  const started: number[] = [];
  const retries: number[] = [];
  const loop = startLoop(
    {
      clock,
      backoff: { minMs: 100, maxMs: 1000 },
      async pass() {
        started.push(clock.now());
        if (tookMs > 0) await new Promise<void>((r) => clock.after(tookMs, r));
        const then = answer(started.length);
        if (then instanceof Error) throw then;
        return then;
      },
      onError: (_, ms) => retries.push(ms),
    },
    stop.signal,
  );
  return { clock, stop, started, retries, loop };
}

describe("a loop: at once, then as fast as passes finish", () => {
  it("runs at once when poked", async () => {
    const { clock, loop, started } = looping(0);
    loop.poke();
    await clock.advance(0);
    expect(started).to.deep.equal([0]);
  });

  it("makes one pass of the pokes of one turn", async () => {
    const { clock, loop, started } = looping(0);
    for (let i = 0; i < 500; i++) loop.poke();
    await clock.advance(0);
    expect(started).to.deep.equal([0]);
  });

  it("makes one more pass of all the pokes during a pass, right after it", async () => {
    const { clock, loop, started } = looping(50);
    loop.poke();
    await clock.advance(10);
    loop.poke();
    loop.poke();
    await clock.advance(500);
    expect(started).to.deep.equal([0, 50]);
  });

  it("backs off after failures and forgets them after a success", async () => {
    const { clock, loop, started, retries } = looping(0, (n) =>
      n <= 3 || n === 5 ? new Error("no") : null,
    );
    loop.poke();
    await clock.advance(2000);
    expect(started).to.deep.equal([0, 100, 300, 700]);
    loop.poke();
    await clock.advance(1000);
    expect(retries).to.deep.equal([100, 200, 400, 100]);
  });

  it("cuts a long backoff short when poked, but never below the smallest wait", async () => {
    const { clock, loop, started } = looping(0, (n) => (n <= 5 ? new Error("no") : null));
    loop.poke();
    await clock.advance(1500); // fails at 0 100 300 700 1500
    loop.poke();
    loop.poke();
    await clock.advance(50);
    expect(started.length).to.equal(5);
    await clock.advance(50);
    expect(started.at(-1)).to.equal(1600);
  });

  it("comes back when a pass asks for it", async () => {
    const { clock, loop, started } = looping(0, (n) => (n === 1 ? { afterMs: 30 } : null));
    loop.poke();
    await clock.advance(100);
    expect(started).to.deep.equal([0, 30]);
  });

  it("stops when aborted, and says idle", async () => {
    const { clock, stop, loop, started } = looping(0);
    loop.poke();
    stop.abort();
    await clock.advance(100);
    await loop.idle();
    expect(started).to.deep.equal([]);
  });

  it("is idle after the last pass", async () => {
    const { clock, loop, started } = looping(20);
    loop.poke();
    let idle = false;
    void loop.idle().then(() => (idle = true));
    await clock.advance(10);
    expect(idle).to.equal(false);
    await clock.advance(20);
    await flush();
    expect([idle, started.length]).to.deep.equal([true, 1]);
  });
});

describe("backoff", () => {
  const cases: [failures: number, ms: number][] = [
    [1, 5],
    [2, 10],
    [3, 20],
    [9, 1000],
    [1000, 1000],
  ];
  for (const [failures, ms] of cases)
    it(`${failures} -> ${ms}`, () =>
      expect(backoffMs({ minMs: 5, maxMs: 1000 }, failures)).to.equal(ms));
});
