import { expect } from "chai";
import { PROFILES } from "../../src/membership/profiles.ts";
import { clusterOf } from "./support/cluster.ts";

describe("membership in simulation", function () {
  this.timeout(120_000);

  it("twenty members find each other and stay calm at 5 % loss", async () => {
    const { clock, members, deaths } = await clusterOf({
      size: 20,
      timing: PROFILES.fast,
      loss: 0.05,
    });
    await clock.run(20_000);
    expect(members.every((m) => m.members().length === 20)).to.equal(true);
    expect(deaths).to.deep.equal([]);
  });

  it("a death among forty is known to all, once, and to nobody before it happened", async () => {
    const { clock, cut, deaths } = await clusterOf({ size: 40, timing: PROFILES.fast, loss: 0.01 });
    cut(7);
    const cutMs = clock.now();
    await clock.run(5000);
    expect(deaths.length).to.equal(39);
    expect(deaths.every((d) => d.of === "m7" && d.ms >= cutMs)).to.equal(true);
  });

  it("a healed partition comes together within a second", async () => {
    const { clock, network, endpoints, members } = await clusterOf({
      size: 6,
      timing: PROFILES.fast,
    });
    endpoints.slice(0, 3).forEach((e) => network.partition(e, 1));
    await clock.run(4000);
    expect(members.map((m) => m.members().length)).to.deep.equal([3, 3, 3, 3, 3, 3]);
    endpoints.slice(0, 3).forEach((e) => network.partition(e, 0));
    await clock.run(1000);
    expect(members.map((m) => m.members().length)).to.deep.equal([6, 6, 6, 6, 6, 6]);
  });

  it("also after the dead were forgotten", async () => {
    const { clock, network, endpoints, members } = await clusterOf({
      size: 4,
      timing: PROFILES.fast,
    });
    network.partition(endpoints[0]!, 1);
    await clock.run(60_000);
    network.partition(endpoints[0]!, 0);
    await clock.run(1500);
    expect(members.map((m) => m.members().length)).to.deep.equal([4, 4, 4, 4]);
  });

  it("the same seed gives the same run", async () => {
    const run = async () => {
      const { network, members } = await clusterOf({
        size: 12,
        timing: PROFILES.memberlist,
        loss: 0.1,
        seed: 42,
      });
      return [network.datagrams, members.map((m) => m.members().length)];
    };
    expect(await run()).to.deep.equal(await run());
  });
});
