import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns } from "../../src/lab/netns.ts";
import { parseExcludes, SHIPPED_EXCLUDES } from "../../src/l2/excludes.ts";
import { portsOf } from "../../src/l2/interfaces.ts";
import type { Link } from "../../src/l2/interfaces.ts";
import { openPacketSocket, readLinks } from "../../src/l2/socket.ts";
import { parseIp } from "../../src/net/ip.ts";
import { parseMac } from "../../src/net/mac.ts";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
interface State {
  readonly descriptors: number;
  readonly mappings: number;
  readonly residentMiB: number;
}

describe("packet sockets", function () {
  this.timeout(3_600_000);
  let net: Net;
  let ns: Netns;

  before(async () => {
    net = createNet();
    ns = await net.namespace("n1");
    const peer = await net.namespace("c1");
    await net.veth({ ns, dev: "eth0" }, { ns: peer, dev: "eth0" });
  });
  after(() => net.destroy());

  const inside = (...command: readonly string[]) =>
    execa("ip", ["netns", "exec", ns.name, ...command], { reject: false });
  const main = here("support/sockets-main.ts");
  const node = [process.execPath, "--expose-gc", "--import", "tsx"];

  // The kernel waits for a grace period at each close: 10,000 take minutes, and belong to the soak.
  const cycles = Number(process.env["SOAK_CYCLES"] ?? 200);
  it(`opened and closed ${cycles} times leave nothing behind`, async () => {
    const { stdout } = await inside(...node, main, `${cycles}`);
    const { before, after } = JSON.parse(stdout) as { before: State; after: State };
    console.log(`      before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    expect(after.descriptors).to.equal(before.descriptors);
    expect(after.mappings - before.mappings).to.be.lessThan(100);
    expect(after.residentMiB - before.residentMiB).to.be.lessThan(64);
  });

  it("without CAP_NET_RAW the announcer says what it needs, and does not start", async () => {
    const drop = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"];
    const { exitCode, stderr } = await inside(
      ...drop,
      ...node,
      here("support/announcer-main.ts"),
      '{"node":"n1"}',
    );
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/AppError.*CAP_NET_RAW is needed/);
    expect(stderr).to.include("ERR_NO_CAPABILITY");
  });

  it("an interface that does not exist is an error of the socket", () => {
    const open = () =>
      openPacketSocket(
        { ifindex: 999_999, etherType: 0x0806, filter: [{ code: 6, jt: 0, jf: 0, k: 0 }] },
        () => undefined,
        () => undefined,
      );
    expect(open).to.throw().with.property("code", "ERR_PACKET_SOCKET");
  });

  it("a program that is no filter is refused by the kernel", () => {
    const { index } = readLinks()[0]!;
    const open = () =>
      openPacketSocket(
        { ifindex: index, etherType: 0x0806, filter: [{ code: 0xff, jt: 0, jf: 0, k: 0 }] },
        () => undefined,
        () => undefined,
      );
    expect(open).to.throw().with.property("code", "ERR_PACKET_SOCKET");
  });

  it("lists the loopback interface", () =>
    expect(readLinks().find((l) => l.name === "lo")).to.include({ isEthernet: false, index: 1 }));
});

describe("which interfaces answer (behaviour reference 3.3)", () => {
  const [UP, BROADCAST, RUNNING, NOARP] = [0x1, 0x2, 0x40, 0x80];
  const link = (more: Partial<Link>): Link => ({
    index: 2,
    name: "eth0",
    flags: UP | BROADCAST | RUNNING,
    isEthernet: true,
    mac: parseMac("02:00:00:00:00:01"),
    enslaved: false,
    kind: "",
    linkLocal: parseIp("fe80::1"),
    ...more,
  });
  const cases: [given: string, link: Partial<Link>, then: string][] = [
    ["Ethernet, up", {}, "arp ndp"],
    ["without carrier", { flags: UP | BROADCAST }, "arp ndp, not running"],
    ["down", { flags: BROADCAST | RUNNING }, "nothing"],
    ["NOARP", { flags: UP | BROADCAST | RUNNING | NOARP }, "nothing"],
    ["a member of a bridge or bond", { enslaved: true }, "nothing"],
    ["without broadcast", { flags: UP | RUNNING }, "ndp"],
    ["without a link-local address", { linkLocal: null }, "arp"],
    ["without a MAC", { mac: null }, "nothing"],
    ["a tunnel", { isEthernet: false }, "nothing"],
    ["excluded by name", { name: "cali123" }, "nothing"],
    ["excluded by the anchored name alone", { name: "lo0" }, "arp ndp"],
  ];
  const shipped = parseExcludes(
    `announcedInterfacesToExclude: ${JSON.stringify(SHIPPED_EXCLUDES)}`,
  );
  for (const [given, more, then] of cases)
    it(`${given} -> ${then}`, async () => {
      const [port] = portsOf([link(more)], await shipped);
      const said = [port?.arp === true && "arp", port?.linkLocal != null && "ndp"].filter(Boolean);
      const text = said.length === 0 ? "nothing" : said.join(" ");
      expect(port?.running === false ? `${text}, not running` : text).to.equal(then);
    });

  const lists: [given: string, text: string, then: number | "ERR_UNREADABLE_INPUT"][] = [
    ["two expressions", "announcedInterfacesToExclude: ['^a', 'b$']", 2],
    ["an empty file", "", 0],
    ["no such key", "other: 1", 0],
    ["no list", "announcedInterfacesToExclude: eth0", "ERR_UNREADABLE_INPUT"],
    ["a number in it", "announcedInterfacesToExclude: [1]", "ERR_UNREADABLE_INPUT"],
    ["no regular expression", "announcedInterfacesToExclude: ['(']", "ERR_UNREADABLE_INPUT"],
    ["what Go does not take", "announcedInterfacesToExclude: ['(?=a)']", "ERR_UNREADABLE_INPUT"],
    ["no YAML", "{", "ERR_UNREADABLE_INPUT"],
    ["a list at the top", "[]", "ERR_UNREADABLE_INPUT"],
  ];
  for (const [given, text, then] of lists)
    it(`excludel2.yaml with ${given} -> ${then}`, async () => {
      const outcome = await parseExcludes(text).then(
        (tests) => tests.length,
        (error: unknown) => error,
      );
      if (typeof then === "number") expect(outcome).to.equal(then);
      else expect(outcome).to.have.property("code", then);
    });

  const dialect: [expression: string, name: string, then: boolean][] = [
    ["^docker.*", "docker0", true],
    ["eth", "myeth0", true],
    ["(?i)^DOCKER", "docker0", true],
    ["^[[:alpha:]]+\\z", "eth", true],
    ["^[[:alpha:]]+\\z", "eth0", false],
    ["(?P<vlan>\\.\\d+)$", "eth0.7", true],
    ["^(eth|ens)\\d+$", "ens12", true],
    ["\\Qa.b\\E", "axb", false],
    ["(((a*)*)*)*b$", "aaaaaaaaaaaaaaa", false], // 2^45 steps and more where an expression backtracks
  ];
  for (const [expression, name, then] of dialect)
    it(`${expression} ${then ? "excludes" : "leaves"} ${name}, as in Go`, async () => {
      const text = `announcedInterfacesToExclude: ${JSON.stringify([expression])}`;
      const [test] = await parseExcludes(text);
      expect(test?.test(name)).to.equal(then);
    });
});
