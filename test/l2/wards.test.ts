import { expect } from "chai";
import { ROUND_MS, Wards, wardOf } from "../../src/l2/wards.ts";
import type { Ward } from "../../src/l2/wards.ts";
import { parseIp } from "../../src/net/ip.ts";
import type { Ip } from "../../src/net/ip.ts";
import { manualClock } from "../support/manual-clock.ts";

const [A, B] = [parseIp("192.0.2.1"), parseIp("192.0.2.2")];
const of = (node: string, ...ips: Ip[]): ReadonlyMap<Ip, Ward> =>
  new Map(ips.map((ip) => [ip, { node, macs: [] }]));

function looking(near = true) {
  const clock = manualClock();
  const asked: Ip[] = [];
  const told: string[] = [];
  const wards = new Wards({
    now: () => clock.now(),
    after: (ms, run) => clock.after(ms, run),
    ask: (ip) => asked.push(ip) > 0 && near,
    onChange: ({ ip, node }, silent) =>
      told.push(`${ip} of ${node} ${silent ? "silent" : "heard"}`),
  });
  return { clock, wards, asked, told };
}

describe("looking after addresses of another node", () => {
  it("the next one alive by name, around the ring", () => {
    expect(wardOf("n1", ["n1", "n2", "n3"])).to.equal("n2");
    expect(wardOf("n3", ["n1", "n2", "n3"])).to.equal("n1");
    expect(wardOf("n1", ["n1"])).to.equal(null);
  });

  it("asks one at a time, in turn, while they answer", async () => {
    const { clock, wards, asked, told } = looking();
    wards.know(of("n2", A, B));
    for (let i = 0; i < 4; i++) {
      await clock.advance(ROUND_MS);
      wards.heard(asked.at(-1)!);
    }
    expect(asked).to.deep.equal([A, B, A, B]);
    expect(told).to.deep.equal([]);
  });

  it("three questions without an answer are an alarm, within ten seconds; an answer ends it", async () => {
    const { clock, wards, asked, told } = looking();
    wards.know(of("n2", A, B));
    await clock.advance(8000);
    expect(told).to.deep.equal([`${A} of n2 silent`]);
    expect(wards.list()).to.deep.equal([{ ip: A, node: "n2", sinceMs: ROUND_MS }]);
    expect(asked.slice(0, 3)).to.deep.equal([A, A, A]);
    wards.heard(A);
    expect(told.at(-1)).to.equal(`${A} of n2 heard`);
    expect(wards.list()).to.deep.equal([]);
  });

  it("an address that has another owner now begins anew", async () => {
    const { clock, wards, told } = looking();
    wards.know(of("n2", A));
    await clock.advance(8000);
    wards.know(of("n3", A));
    expect(told).to.deep.equal([`${A} of n2 silent`, `${A} of n2 heard`]);
  });

  it("of an owner that is no neighbour nothing is told", async () => {
    const { clock, wards, told } = looking(false);
    wards.know(of("n2", A));
    await clock.advance(60_000);
    expect(told).to.deep.equal([]);
  });
});
