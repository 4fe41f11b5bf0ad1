import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { createNet } from "../../src/lab/netns.ts";
import type { Net } from "../../src/lab/netns.ts";
import { announcerIn } from "./support/announcer.ts";
import { arping, ndisc } from "./support/wire.ts";

const VIP = "192.0.2.100";
const VIP6 = "2001:db8::64";

it("tshark finds nothing malformed in what is sent", async function () {
  this.timeout(120_000);
  if ((await execa("tshark", ["--version"], { reject: false })).failed) this.skip();
  const directory = await mkdtemp(join(tmpdir(), "ferrolb-capture-"));
  const net: Net = createNet();
  try {
    const [node, client] = [await net.namespace("n1"), await net.namespace("c1")];
    await net.veth(
      { ns: node, dev: "eth0", addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
      { ns: client, dev: "eth0", addresses: ["192.0.2.9/24", "2001:db8::9/64"] },
    );
    const file = join(directory, "wire.pcap");
    const dump = client.spawn("tcpdump", "-Z", "root", "-U", "-i", "eth0", "-w", file);
    const announcer = await announcerIn(node, "n1", { refreshMs: 0 });
    await sleep(1000);
    announcer.announce({ [VIP]: "*", [VIP6]: "*" });
    await arping(client, "eth0", VIP, 2);
    await ndisc(client, "eth0", VIP6);
    await client.spawn("ping", "-c", "1", "-W", "1", VIP).ended;
    await client.spawn("ping", "-c", "1", "-W", "1", VIP6).ended;
    announcer.announce({});
    announcer.announce({ [VIP]: "*", [VIP6]: "*" }); // and who asked is told
    await sleep(1500);
    dump.kill("SIGINT");
    await dump.ended;
    announcer.kill();
    const count = async (filter: string): Promise<number> => {
      const { stdout } = await execa("tshark", ["-r", file, "-Y", filter]);
      return stdout.split("\n").filter((line) => line !== "").length;
    };
    expect(await count(`arp.opcode == 2 && arp.src.proto_ipv4 == ${VIP}`)).to.be.greaterThan(4);
    expect(await count(`arp.isgratuitous == 1`)).to.be.greaterThan(4);
    expect(
      await count(`icmpv6.nd.na.target_address == ${VIP6} && icmpv6.nd.na.flag.s == 1`),
    ).to.be.greaterThan(0);
    expect(
      await count(`icmpv6.nd.na.target_address == ${VIP6} && ipv6.dst == ff02::1`),
    ).to.be.greaterThan(1);
    expect(await count(`icmpv6.nd.na.target_address == ${VIP6} && ipv6.hlim != 255`)).to.equal(0);
    expect(
      await count("_ws.malformed || icmpv6.checksum.status == 0 || _ws.expert.severity == error"),
    ).to.equal(0);
  } finally {
    await net.destroy();
    await rm(directory, { recursive: true, force: true });
  }
});
