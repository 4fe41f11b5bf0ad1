import { expect } from "chai";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { eventually } from "../support/wait.ts";
import { announcerIn } from "./support/announcer.ts";
import type { RemoteAnnouncer } from "./support/announcer.ts";
import { arping, macOf } from "./support/wire.ts";

const VIP = "192.0.2.100";

describe("ARP on a real link", function () {
  this.timeout(120_000);
  let net: Net;
  let node: Netns;
  let client: Netns;
  let announcer: RemoteAnnouncer;

  before(async () => {
    net = createNet();
    [node, client] = [await net.namespace("n1"), await net.namespace("c1")];
    await net.veth(
      { ns: node, dev: "eth0", addresses: ["192.0.2.1/24"] },
      { ns: client, dev: "eth0", addresses: ["192.0.2.9/24"] },
    );
    announcer = await announcerIn(node, "n1");
  });
  after(async () => {
    announcer.kill();
    await net.destroy();
  });

  it("answers for the announced address with the interface's MAC, and for no other", async () => {
    announcer.announce({ [VIP]: "*" });
    await eventually("a reply", async () => (await arping(client, "eth0", VIP)).length > 0);
    expect(await arping(client, "eth0", VIP, 3)).to.deep.equal([await macOf(node, "eth0")]);
    expect(await arping(client, "eth0", "192.0.2.101", 1)).to.deep.equal([]);
  });

  it("stops at once", async () => {
    announcer.announce({});
    await announcer.ask("counters");
    expect(await arping(client, "eth0", VIP, 1)).to.deep.equal([]);
  });

  it("ends when closed: nothing keeps the process alive", () => announcer.close());
});
