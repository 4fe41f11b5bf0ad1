/** The Secret of the ring changes while speakers run: nobody is lost, whenever each of them hears of it. */
import { expect } from "chai";
import { rotated, settledOn, STEP_MS } from "../../src/membership/key-rotation.ts";
import type { Rotation } from "../../src/membership/key-rotation.ts";
import { MemoryNetwork, VirtualClock } from "../../src/membership/memory-transport.ts";
import { PROFILES } from "../../src/membership/profiles.ts";
import { startSpeakerMembership } from "../../src/reconciler/speaker-membership.ts";

const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("another membership key", () => {
  type Look = readonly [wanted: number | null, atMs: number, then: string];
  const cases: [given: string, looks: readonly Look[]][] = [
    ["the same one", [[1, 10, "1"]]],
    ["one that cannot be read", [[null, 10, "1"]]],
    [
      "understood, spoken, alone",
      [
        [2, 10, "1 2"],
        [2, STEP_MS, "1 2"],
        [2, STEP_MS + 10, "2 1"],
        [null, 2 * STEP_MS + 10, "2"],
      ],
    ],
    [
      "taken back before it was spoken",
      [
        [2, 10, "1 2"],
        [1, 20, "1 2"],
        [1, STEP_MS + 20, "1"],
      ],
    ],
    [
      "and another one meanwhile",
      [
        [2, 10, "1 2"],
        [3, 20, "1 3"],
        [3, STEP_MS + 20, "3 1"],
      ],
    ],
  ];
  for (const [given, looks] of cases)
    it(given, () => {
      let now: Rotation = settledOn(keyOf(1));
      for (const [wanted, atMs, then] of looks) {
        now = rotated(now, wanted === null ? null : keyOf(wanted), atMs);
        expect(now.keys.map(([first]) => first).join(" "), `at ${atMs}`).to.equal(then);
      }
    });

  it("a ring stays whole while its members hear of it one after the other", async () => {
    const clock = new VirtualClock();
    let state = 7;
    const random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
    const network = new MemoryNetwork({ clock, random, loss: 0, delayMs: () => 1 });
    const endpoints = [1, 2, 3].map((i) => ({ addr: Uint8Array.of(192, 0, 2, i), port: 7946 }));
    const rings = endpoints.map(() => [...settledOn(keyOf(1)).keys]);
    const rotations = rings.map(() => settledOn(keyOf(1)));
    const speakers = endpoints.map((endpoint, i) =>
      startSpeakerMembership({
        ...{
          name: `n${i + 1}`,
          transport: network.bind(endpoint),
          timing: PROFILES.fast,
          clock,
          random,
        },
        ...{ seeds: () => endpoints, fencing: "gossip", log: silent },
        ...{ exists: () => null, known: { known: [] }, keepKnown: () => undefined },
        keys: rings[i] ?? [],
      }),
    );
    for (const speaker of speakers) speaker.alive();
    await clock.run(2000);
    const fewest: number[] = [];
    const heardMs = [0, 4000, 8000];
    const stepMs = 12_000;
    for (let atMs = 0; atMs < 3 * stepMs; atMs += 1000) {
      rotations.forEach((rotation, i) => {
        const next = rotated(rotation, keyOf(atMs >= (heardMs[i] ?? 0) ? 2 : 1), atMs, stepMs);
        rotations[i] = next;
        rings[i]?.splice(0, 9, ...next.keys);
      });
      await clock.run(1000);
      fewest.push(Math.min(...speakers.map((s) => s.alive()?.size ?? 0)));
    }
    expect(rings.map((keys) => keys.map(([first]) => first).join())).to.deep.equal(["2", "2", "2"]);
    expect(Math.min(...fewest)).to.equal(3);
    const left = Promise.all(speakers.map((speaker) => speaker.leave()));
    await clock.run(3000);
    await left;
  }).timeout(60_000);
});
