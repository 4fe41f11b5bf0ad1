/** How soon a watch that ended is tried again, by a clock that is told how late it is. */
import { expect } from "chai";
import { KubeError } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { reflector } from "../../src/kube/reflector.ts";
import type { Clock } from "../../src/runtime/clock.ts";

/** A watch that lives so long, in ms, and is cut; `refused`: the API server is away. */
type Watch = number | "refused";

/** What is waited after each of these watches, in ms. */
async function waitsAfter(watches: readonly Watch[]): Promise<readonly number[]> {
  const waits: number[] = [];
  const ending = new AbortController();
  const time = { ms: 0 };
  const clock: Clock = {
    now: () => time.ms,
    date: () => new Date(time.ms),
    after(ms, act) {
      waits.push(ms);
      time.ms += ms;
      setImmediate(act);
      return () => undefined;
    },
  };
  const left = [...watches];
  const client: KubeClient = {
    request: () => Promise.resolve({ metadata: { resourceVersion: "1" }, items: [] }),
    patch: () => Promise.reject(new Error("nothing is written")),
    watch(_path, _onLine, _signal, onOpen) {
      const next = left.shift();
      if (next === undefined) ending.abort();
      else if (next !== "refused") {
        onOpen?.();
        time.ms += next;
      }
      return Promise.reject(new KubeError(0, "the connection ended"));
    },
    close: () => undefined,
  };
  await reflector({
    ...{ client, clock, path: "/api/v1/nodes", keep: () => null, random: () => 0 },
    backoff: { minMs: 100, maxMs: 10_000 },
    ...{ onChange: () => undefined, onFailure: () => undefined, onRecovery: () => undefined },
  }).run(ending.signal);
  return waits;
}

describe("a watch that ends", () => {
  const cases: [given: string, watches: readonly Watch[], waits: readonly number[]][] = [
    ["an API server that is away", ["refused", "refused", "refused"], [100, 200, 400]],
    ["one that takes each watch and cuts it at once", [10, 10, 10], [100, 200, 400]],
    [
      "a cut after an outage and minutes that were well",
      ["refused", "refused", "refused", "refused", 240_000],
      [100, 200, 400, 800, 100],
    ],
    ["one cut after another, each after a while", [5000, 5000, 5000], [100, 100, 100]],
  ];
  for (const [given, watches, waits] of cases)
    it(`${given}: ${waits.join(", ")} ms`, async () => {
      expect(await waitsAfter(watches)).to.deep.equal(waits);
    });
});
