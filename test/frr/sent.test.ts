import { expect } from "chai";
import { followSent } from "../../src/frr/sent.ts";
import { manualClock } from "../support/manual-clock.ts";

describe("when a prefix reached a neighbour", () => {
  const following = () => {
    const clock = manualClock(0);
    const sent = new Set<string>();
    const asked: string[] = [];
    const seen: string[] = [];
    let givenUp = 0;
    const follower = followSent({
      bgpd: {
        ask(command) {
          asked.push(command);
          const prefix = command.split(" ").at(-2) ?? "";
          return Promise.resolve(sent.has(prefix) ? '{"advertisedTo":{"192.0.2.1":{}}}' : "{}");
        },
      },
      clock,
      onSent: ({ prefix }, atMs) => seen.push(`${prefix} ${atMs}`),
      onGivenUp: (count) => (givenUp += count),
    });
    return { clock, sent, asked, seen, follower, givenUp: () => givenUp };
  };
  const wait = (prefix: string, vrf: string | null = null) => ({ prefix, vrf });

  it("is asked every few milliseconds, by family and VRF, until it has", async () => {
    const f = following();
    f.follower.expect([wait("203.0.113.1/32"), wait("2001:db8::1/128", "red")]);
    await f.clock.advance(40);
    expect(f.asked.slice(0, 2)).to.deep.equal([
      "show bgp ipv4 unicast 203.0.113.1/32 json",
      "show bgp vrf red ipv6 unicast 2001:db8::1/128 json",
    ]);
    f.sent.add("203.0.113.1/32");
    await f.clock.advance(8);
    expect(f.seen).to.deep.equal(["203.0.113.1/32 42"]);
    f.sent.add("2001:db8::1/128");
    await f.clock.advance(8);
    const { length } = f.asked;
    await f.clock.advance(1000);
    expect([f.seen.length, f.asked.length]).to.deep.equal([2, length]);
  });

  it("is given up where no session can carry it; nobody is asked after that", async () => {
    const f = following();
    f.follower.expect([wait("203.0.113.1/32")]);
    await f.clock.advance(11_000);
    const { length } = f.asked;
    expect(length).to.be.lessThan(300);
    await f.clock.advance(10_000);
    expect([f.givenUp(), f.asked.length, f.seen.length]).to.deep.equal([1, length, 0]);
  });

  it("of a burst a part is followed, the same prefix once, a few at a time", async () => {
    const f = following();
    const burst = Array.from({ length: 100 }, (_, i) => wait(`203.0.113.${i}/32`));
    f.follower.expect(burst);
    f.follower.expect(burst.slice(0, 10));
    expect(f.givenUp()).to.equal(68);
    for (const { prefix } of burst) f.sent.add(prefix);
    await f.clock.advance(4);
    expect(f.seen).to.have.length(8);
    await f.clock.advance(20);
    expect(f.seen).to.have.length(32);
  });
});
