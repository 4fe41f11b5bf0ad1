/**
 * Nothing moves while the machine is busy: three speakers at the default profile, with a busy loop per core at
 * the same priority, and with 20,000 ARP requests a second. Seconds here; `npm run soak` does ten minutes.
 */
import { availableParallelism, loadavg } from "node:os";
import { resolve } from "node:path";
import { execa } from "execa";
import { expect } from "chai";
import { withRing } from "./ring-hooks.ts";
import type { Ring } from "./ring.ts";

const LOAD_MS = Number(process.env["FERROLB_LOAD_S"] ?? 5) * 1000;
const FLOOD_MS = Number(process.env["FERROLB_FLOOD_S"] ?? 3) * 1000;
const LOOPS = Number(process.env["FERROLB_LOAD_LOOPS"] ?? availableParallelism());
const RATE = 20_000;
const CLIENT = "192.0.2.249";
const here = (name: string): string => resolve(import.meta.dirname, name);

describe("no takeover without a cause", function () {
  this.timeout(120_000 + LOAD_MS + FLOOD_MS);
  let ring: Ring;
  withRing({ nodes: 3, addresses: 100, periodMs: 100 }, (started) => (ring = started));

  const lossesSeen = (): number =>
    ring.nodes
      .map((n) => ring.log(n).match(/"msg":"member left"/g)?.length ?? 0)
      .reduce((a, b) => a + b);

  /** Runs `burden` and sees that every address stays where it is and no member is given up. */
  async function calmDuring(burden: () => Promise<string>): Promise<void> {
    await ring.settled(60_000);
    const [before, losses, startMs] = [ring.owners(), lossesSeen(), Date.now()];
    const words = await burden();
    const report = ring.since(startMs);
    console.log(
      `      ${words}; moves ${report.moves}, members given up ${lossesSeen() - losses}, ` +
        `load ${(loadavg()[0] ?? 0).toFixed(1)}`,
    );
    expect(report.moves, "moves").to.equal(0);
    expect(lossesSeen() - losses, "members given up").to.equal(0);
    await ring.settled(60_000);
    expect(ring.owners()).to.deep.equal(before);
  }

  it("with every core busy", () =>
    calmDuring(async () => {
      const loops = Array.from({ length: LOOPS }, () =>
        execa(process.execPath, ["--import", "tsx", here("busy-main.ts"), String(LOAD_MS)]),
      );
      await Promise.all(loops);
      return `${LOAD_MS / 1000} s with ${loops.length} busy loops`;
    }));

  it("with 20,000 ARP requests a second", () =>
    calmDuring(async () => {
      const flood = ring.client.spawn(
        process.execPath,
        ...["--import", "tsx", here("arp-flood-main.ts"), "eth0", CLIENT],
        ...[String(RATE), String(FLOOD_MS), ...ring.ips],
      );
      let text = "";
      flood.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await flood.ended;
      const { sent, answered, ms } = JSON.parse(text) as Record<"sent" | "answered" | "ms", number>;
      expect(answered).to.be.greaterThan(0);
      const share = ((100 * answered) / sent).toFixed(1);
      return `${Math.round((1000 * sent) / ms)} requests a second for ${ms} ms, ${share} % answered`;
    }));
});
