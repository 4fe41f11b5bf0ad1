/** Blocks that look around on a node or ask a segment: run in a namespace, whose neighbour serves the address. */
import { expect } from "chai";
import { execa } from "execa";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns, Running } from "../../src/lab/netns.ts";
import { ensureBundle } from "../support/bundle.ts";
import { isRoot } from "../support/lab.ts";
import { eventually } from "../support/wait.ts";
import { blocksRunBy } from "./blocks.ts";

const SERVED = "203.0.113.10";
const SERVER = `require("node:http").createServer((_, a) => a.end()).listen(80, "${SERVED}")`;

describe("documentation that is read on a node", function () {
  this.timeout(120_000);
  let net: Net;
  let node: Netns;
  let server: Running;
  before(async function () {
    if (!isRoot()) this.skip(); // network namespaces
    await ensureBundle();
    net = createNet();
    const hub = await net.namespace("sw");
    await net.bridge(hub, "br0");
    const host = async (name: string, address: string): Promise<Netns> => {
      const ns = await net.namespace(name);
      await net.veth(
        { ns, dev: "eth0", addresses: [address] },
        { ns: hub, dev: name, bridge: "br0" },
      );
      return ns;
    };
    node = await host("w1", "203.0.113.2/24");
    const owner = await host("o1", `${SERVED}/24`);
    server = owner.spawn(process.execPath, "-e", SERVER);
    await eventually("a server", async () => {
      const { exitCode } = await execa("ip", ["netns", "exec", node.name, "curl", "-s", `http://${SERVED}/`], { reject: false }); // prettier-ignore
      return exitCode === 0;
    });
  });
  after(async () => {
    server.kill("SIGTERM");
    await net.destroy();
  });

  it("every block", async () => {
    const blocks = await blocksRunBy("node");
    expect(blocks.length).to.be.greaterThan(0);
    for (const { page, line, content, exit, output } of blocks) {
      const env = { PATH: `${process.cwd()}/bin:${process.env["PATH"] ?? ""}` };
      const words = ["netns", "exec", node.name, "bash", "-c", content];
      const ended = await execa("ip", words, { env, reject: false });
      expect(ended.exitCode, `${page}:${line}: ${ended.stderr}`).to.equal(exit);
      if (output !== null) expect(ended.stdout, `${page}:${line}`).to.equal(output);
    }
  });
});
