/** ARP on the wire: who answers for an address, where, and that nobody answers for any other. */
import { expect } from "chai";
import type { NodeName } from "../../src/lab/plan.ts";
import { addressOf } from "../../src/lab/plan.ts";
import { LIMIT_MS, startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { l2Advertisement, nodes, pool, service } from "../support/lab-manifests.ts";
import { eventually } from "../support/wait.ts";

const WORKERS = { matchLabels: { "node-role.kubernetes.io/worker": "" } };
const VIPS = Array.from({ length: 12 }, (_, i) => `198.51.100.${200 + i}`);

describe("an address announced with ARP", function () {
  this.timeout(180_000);
  let lab: TestLab;
  /** Names of those who answer on an interface of the client. */
  const owners = async (address: string, dev: "eth0" | "eth1" = "eth0") =>
    (await lab.eyes.arp(dev, address)).map(lab.eyes.nameOf);
  const ownedBy = (address: string, nodes: readonly string[]): Promise<string> =>
    eventually(
      `${address} answered by one of ${nodes.join(" ")}`,
      async () => {
        const [owner, ...more] = await owners(address);
        return owner !== undefined && more.length === 0 && nodes.includes(owner) && owner;
      },
      LIMIT_MS,
    );
  before(async () => {
    lab = await startTestLab({
      manifests: {
        nodes: nodes(),
        pools: [
          pool("lan", ["198.51.100.200-198.51.100.239"]),
          l2Advertisement("workers", { nodeSelectors: [WORKERS], interfaces: ["eth0"] }),
        ],
        services: VIPS.flatMap((ip, i) => service(`web-${i}`, { ip })),
      },
    });
  });
  after(() => lab.stop());

  it("has exactly one MAC, of a node that may announce it", async () => {
    for (const ip of VIPS) await ownedBy(ip, ["n2", "n3"]);
  });

  it("is spread over the nodes by the election", async () => {
    const all = await Promise.all(VIPS.map((ip) => ownedBy(ip, ["n2", "n3"])));
    expect([...new Set(all)].sort()).to.deep.equal(["n2", "n3"]);
  });

  it("is silent on the interface that is not listed", async () => {
    for (const ip of VIPS.slice(0, 3)) expect(await owners(ip, "eth1"), ip).to.deep.equal([]);
    // The wire itself works: a node's own address is answered there.
    expect(await owners(addressOf("n2", "storage"), "eth1")).to.deep.equal(["n2"]);
  });

  it("is silent for every other address", async () => {
    for (const ip of ["198.51.100.199", "198.51.100.212", "198.51.100.239", "198.51.100.240"])
      expect(await owners(ip), ip).to.deep.equal([]);
  });

  it("reaches a backend for the client", async () => {
    const answer = await eventually("an answer", async () => (await lab.eyes.ask(VIPS[0]!, 80)) ?? false); // prettier-ignore
    expect(answer.backend).to.match(/^n[123]$/);
  });

  it("with externalTrafficPolicy Local is where its endpoint is, and follows it", async () => {
    const on = (where: NodeName) =>
      lab.write("local", ...service("local", { ip: "198.51.100.230", local: true, on: [where] }));
    for (const where of ["n2", "n3", "n2"] as const) {
      await on(where);
      await ownedBy("198.51.100.230", [where]);
    }
    const answer = await eventually("an answer", async () => (await lab.eyes.ask("198.51.100.230", 80)) ?? false); // prettier-ignore
    expect(answer).to.deep.equal({ backend: "n2", client: addressOf("c1", "lan") });
  });

  it("goes silent when its Service is deleted", async () => {
    await lab.remove("local");
    await eventually("silence", async () => (await owners("198.51.100.230")).length === 0);
  });
});
