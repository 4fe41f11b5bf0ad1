import { expect } from "chai";
import { Probing } from "../../src/l2/probing.ts";
import { parseIp } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";
import { VirtualClock } from "../../src/membership/memory-transport.ts";

const IPS = Array.from({ length: 100 }, (_, i) => parseIp(`198.51.100.${i + 1}`));

describe("questions for second owners", () => {
  const setUp = (everyMs: number) => {
    const clock = new VirtualClock();
    const asked: Ip[] = [];
    const probing = new Probing({
      everyMs,
      probe: (ip) => void asked.push(ip),
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
    });
    return { clock, asked, probing };
  };

  it("the first one goes out at once, each address once in its time", async () => {
    const { clock, asked, probing } = setUp(1000);
    for (let i = 0; i < 20; i++) {
      probing.wanted(IPS[0]!);
      await clock.run(100);
    }
    expect(asked).to.deep.equal([IPS[0], IPS[0]]);
  });

  it("a hundred that are always asked for all have their turn, and no burst", async () => {
    const { clock, asked, probing } = setUp(1000);
    for (let i = 0; i < 40; i++) {
      for (const ip of IPS) probing.wanted(ip);
      const before = asked.length;
      await clock.run(50);
      expect(asked.length - before).to.be.at.most(10);
    }
    expect(new Set(asked).size).to.equal(100);
    expect(asked.length).to.be.within(190, 210);
  });

  it("never when switched off, and not for what was given up", async () => {
    const off = setUp(0);
    off.probing.wanted(IPS[0]!);
    expect(off.asked).to.deep.equal([]);
    const { clock, asked, probing } = setUp(1000);
    for (const ip of IPS) probing.wanted(ip);
    probing.retain(new Set());
    await clock.run(1000);
    expect(asked.length).to.be.at.most(5);
  });
});
