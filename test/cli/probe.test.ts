/** `ferrolb probe` from a client's namespace: nobody, one, two who answer, and a filter between. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import type { ProbeAnswer } from "../../src/cli/probe.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { announcerIn } from "../l2/support/announcer.ts";
import type { RemoteAnnouncer } from "../l2/support/announcer.ts";
import { macOf } from "../l2/support/wire.ts";
import { ensureBundle, FERROLB } from "../support/bundle.ts";
import { eventually } from "../support/wait.ts";

const [VIP, VIP6, TWICE, TWICE6, FAR] = [
  "192.0.2.100",
  "2001:db8::64",
  "192.0.2.77",
  "2001:db8::77",
  "203.0.113.5",
];

describe("ferrolb probe", function () {
  this.timeout(120_000);
  let net: Net;
  let hub: Netns;
  let client: Netns;
  let owner: Netns;
  let announcer: RemoteAnnouncer;
  const macs: string[] = [];
  const spaces: Netns[] = [];
  const fits = new Ajv().compile(
    JSON.parse(readFileSync("docs/schemas/probe.schema.json", "utf8")) as object,
  );

  const probe = async (...args: string[]) =>
    execa("ip", ["netns", "exec", client.name, FERROLB, "probe", ...args], { reject: false });
  const asked = async (...args: string[]): Promise<ProbeAnswer & { exitCode: number }> => {
    const {
      stdout,
      exitCode = -1,
      stderr,
    } = await probe(...args, "--timeout", "600", "-o", "json");
    expect(stdout, stderr).not.to.equal("");
    const answer = JSON.parse(stdout) as ProbeAnswer;
    expect(fits(answer), JSON.stringify(fits.errors)).to.equal(true);
    return { ...answer, exitCode };
  };
  const seen = ({ link }: ProbeAnswer): string[] => (link?.answers ?? []).map((a) => a.mac);

  before(async () => {
    await ensureBundle();
    net = createNet();
    hub = await net.namespace("sw");
    await net.bridge(hub, "br0");
    const host = async (name: string, last: number, ...more: string[]): Promise<Netns> => {
      const ns = await net.namespace(name);
      const addresses = [`192.0.2.${last}/24`, `2001:db8::${last}/64`, ...more];
      await net.veth({ ns, dev: "eth0", addresses }, { ns: hub, dev: name, bridge: "br0" });
      return ns;
    };
    client = await host("c1", 9);
    owner = await host("n1", 1);
    macs.push(await macOf(owner, "eth0"));
    for (const [name, last] of [
      ["x1", 21],
      ["x2", 22],
    ] as const) {
      const ns = await host(name, last, `${TWICE}/24`, `${TWICE6}/64`);
      spaces.push(ns);
      macs.push(await macOf(ns, "eth0"));
    }
    announcer = await announcerIn(owner, "n1", { refreshMs: 0 });
    announcer.announce({ [VIP]: "*", [VIP6]: "*", [FAR]: "*" });
    await eventually("the address answers", async () => (await asked(VIP)).ok);
  });
  after(async () => {
    announcer.kill();
    await net.destroy();
  });

  for (const [ip, protocol] of [
    [VIP, "arp"],
    [VIP6, "ndp"],
  ] as const)
    it(`${protocol}: one answers, with its MAC and how long it took`, async () => {
      const answer = await asked(ip);
      expect([answer.exitCode, answer.ok, seen(answer)]).to.deep.equal([0, true, [macs[0]]]);
      expect(answer.link).to.include({ protocol, interface: "eth0", asked: 3 });
      expect(answer.link?.answers[0]?.count).to.be.at.least(1);
      const text = await probe(ip);
      expect(text.stdout).to.match(new RegExp(`^${ip} is at ${macs[0] ?? ""} `));
    });

  it("nobody answers: exit 1", async () => {
    for (const ip of ["192.0.2.200", "2001:db8::200"]) {
      const answer = await asked(ip);
      expect([answer.exitCode, seen(answer)]).to.deep.equal([1, []]);
    }
    expect((await probe("192.0.2.200")).stdout).to.match(/^nobody answers for 192\.0\.2\.200/);
  });

  it("two answer: exit 1, and both are named", async () => {
    for (const ip of [TWICE, TWICE6]) {
      const answer = await asked(ip);
      expect([answer.exitCode, answer.ok]).to.deep.equal([1, false]);
      expect(seen(answer)).to.deep.equal(macs.slice(1).sort());
    }
    expect((await probe(TWICE)).stdout).to.match(/^2 stations answer for 192\.0\.2\.77/);
  });

  for (const [protocol, ip, flood] of [
    ["arp", VIP, "bcast_flood"],
    ["ndp", VIP6, "mcast_flood"],
  ] as const)
    it(`${protocol} that the switch keeps from the owner: nobody, while others are heard`, async () => {
      const port = (state: string) => hub.exec("bridge", "link", "set", "dev", "n1", flood, state);
      await port("off");
      try {
        const answer = await asked(ip);
        expect([answer.exitCode, seen(answer)]).to.deep.equal([1, []]);
        expect(seen(await asked(protocol === "arp" ? TWICE : TWICE6)).length).to.equal(2);
      } finally {
        await port("on");
      }
      expect((await asked(ip)).ok).to.equal(true);
    });

  it("a host whose nft drops the question does not answer: of two, one is left", async () => {
    const x1 = spaces[0] ?? expect.fail();
    await x1.exec("nft", "add table arp t");
    await x1.exec("nft", "add chain arp t c { type filter hook input priority 0; }");
    await x1.exec("nft", "add rule arp t c drop");
    const answer = await asked(TWICE);
    expect([answer.exitCode, seen(answer)]).to.deep.equal([0, macs.slice(2)]);
    await x1.exec("nft", "delete table arp t");
  });

  it("a port: open, refused, silent", async () => {
    const server = owner.spawn(
      "node",
      "-e",
      `require("net").createServer().listen(8080, "192.0.2.1")`,
    );
    try {
      await eventually("it listens", async () => (await asked("192.0.2.1", "--port", "8080")).ok);
      const refused = await asked("192.0.2.1", "--port", "8081");
      expect([refused.exitCode, refused.tcp?.state]).to.deep.equal([1, "refused"]);
      await owner.exec("nft", "add table ip t");
      await owner.exec("nft", "add chain ip t c { type filter hook input priority 0; }");
      await owner.exec("nft", "add rule ip t c tcp dport 8080 drop");
      const silent = await asked("192.0.2.1", "--port", "8080");
      expect([silent.exitCode, silent.tcp?.state]).to.deep.equal([1, "silent"]);
      expect(seen(silent)).to.deep.equal([macs[0]]);
      await owner.exec("nft", "delete table ip t");
    } finally {
      server.kill("SIGKILL");
    }
  });

  it("an address of another subnet is asked for on the interface that is named", async () => {
    const away = await probe(FAR);
    expect([away.exitCode, away.stdout]).to.deep.equal([2, ""]);
    expect(away.stderr).to.match(/--interface/);
    const answer = await asked(FAR, "--interface", "eth0");
    expect([answer.exitCode, seen(answer)]).to.deep.equal([0, [macs[0]]]);
  });

  it("wrong words: 2; no such interface, or no right to it: 3", async () => {
    expect((await probe("web")).exitCode).to.equal(2);
    expect((await probe(VIP, "--count", "0")).exitCode).to.equal(2);
    expect((await probe(VIP, "--interface", "eth9")).exitCode).to.equal(3);
    const bare = ["--bounding-set=-net_raw", "--inh-caps=-net_raw", FERROLB, "probe", VIP];
    const { exitCode, stderr } = await execa(
      "ip",
      ["netns", "exec", client.name, "setpriv", ...bare],
      { reject: false },
    );
    expect(exitCode).to.equal(3);
    expect(stderr).to.contain("CAP_NET_RAW");
  });
});
