/** `ferrolb doctor --node` from inside nodes: real speakers that gossip, real ports, nft as the firewall. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { Diagnosis } from "../../src/explain/doctor/doctor.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Net, Netns, Running } from "../../src/lab/netns.ts";
import { ensureBundle, FERROLB } from "../support/bundle.ts";
import { pool, yaml } from "../support/manifests.ts";
import { eventually } from "../support/wait.ts";

const node = (name: string, last: number) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name },
  status: { addresses: [{ type: "InternalIP", address: `192.0.2.${last}` }] },
});
const resource = (kind: string, name: string, spec: object) => ({
  apiVersion: kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1",
  kind,
  metadata: { name, namespace: "metallb-system" },
  spec,
});

describe("ferrolb doctor --node, from inside", function () {
  this.timeout(180_000);
  let net: Net;
  let dir = "";
  const spaces = new Map<string, Netns>();
  const running: Running[] = [];
  const at = (name: string): Netns => spaces.get(name) ?? expect.fail(name);

  const asked = async (): Promise<Diagnosis> => {
    const { stdout, stderr } = await execa(
      "ip",
      [
        ...["netns", "exec", at("n1").name, FERROLB, "doctor", "--node", "n1"],
        ...["-f", join(dir, "manifests"), "--ml-secret-key-path", dir],
        ...["--vty-dir", join(dir, "vty"), "--timeout", "1500", "-o", "json"],
      ],
      { reject: false },
    );
    expect(stdout, stderr).not.to.equal("");
    return JSON.parse(stdout) as Diagnosis;
  };
  const codes = async (): Promise<string[]> =>
    (await asked()).findings.map((f) => `${f.code} ${f.path}`).sort();

  before(async () => {
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-doctor-`));
    net = createNet();
    const hub = await net.namespace("sw");
    await net.bridge(hub, "br0");
    for (const [name, last] of [
      ["n1", 1],
      ["n2", 2],
      ["r1", 250],
    ] as const) {
      const ns = await net.namespace(name);
      await net.veth(
        { ns, dev: "eth0", addresses: [`192.0.2.${last}/24`] },
        { ns: hub, dev: name, bridge: "br0" },
      );
      spaces.set(name, ns);
    }
    const manifests = join(dir, "manifests");
    await execa("mkdir", ["-p", manifests, join(dir, "vty")]);
    await writeFile(join(dir, "secretkey"), "a secret of the membership");
    await writeFile(
      join(manifests, "all.yaml"),
      yaml(
        node("n1", 1),
        node("n2", 2),
        pool("p", "203.0.113.0/24"),
        resource("L2Advertisement", "l", { interfaces: ["eth0"] }),
      ),
    );
    for (const [name, last] of [
      ["n1", 1],
      ["n2", 2],
    ] as const)
      running.push(
        at(name).spawn(
          FERROLB,
          ...["speaker", "--manifests", manifests, "--node-name", name, "--log-level", "none"],
          ...["--state-dir", join(dir, name), "--ml-bindaddr", `192.0.2.${last}`],
          ...["--ml-secret-key-path", dir, "--port", "0", "--health-probe-port", "0"],
        ),
      );
    await eventually("all is well", async () => (await codes()).length === 0, 60_000, 500);
  });
  after(async () => {
    for (const one of running) one.kill("SIGKILL");
    await net.destroy();
    await rm(dir, { recursive: true, force: true });
  });

  const blocked = async (rule: string, run: () => Promise<void>): Promise<void> => {
    const n2 = at("n2");
    await n2.exec("nft", "add table inet t");
    await n2.exec("nft", "add chain inet t c { type filter hook input priority 0; }");
    await n2.exec("nft", `add rule inet t c ${rule}`);
    try {
      await run();
    } finally {
      await n2.exec("nft", "delete table inet t");
    }
  };

  for (const protocol of ["tcp", "udp"])
    it(`names 7946/${protocol} when that alone is blocked`, async () => {
      await blocked(`${protocol} dport 7946 drop`, async () => {
        const { findings } = await asked();
        expect(findings.map((f) => [f.code, f.path, f.object?.name])).to.deep.equal([
          ["membershipBlocked", `7946/${protocol}`, "n2"],
        ]);
        expect(findings[0]?.evidence).to.deep.equal([
          `n1 to n2 (192.0.2.2) 7946/${protocol}: no answer`,
        ]);
      });
      expect(await codes()).to.deep.equal([]);
    });

  it("names a member that has another key, since its pings go unanswered", async () => {
    await writeFile(join(dir, "secretkey"), "another secret");
    try {
      expect(await codes()).to.deep.equal(["membershipBlocked 7946/udp"]);
    } finally {
      await writeFile(join(dir, "secretkey"), "a secret of the membership");
    }
  });

  it("kube-ipvs0 with a Service address and arp_ignore 0; silent with arp_ignore 1", async () => {
    const n1 = at("n1");
    await net.bridge(n1, "kube-ipvs0");
    await n1.exec("ip", "addr", "add", "203.0.113.10/32", "dev", "kube-ipvs0");
    expect(await codes()).to.deep.equal(["arpIgnoreOff net.ipv4.conf.all.arp_ignore"]);
    const { findings } = await asked();
    const command = findings[0]?.fixes[0]?.command ?? "";
    await n1.exec("sh", "-c", command);
    expect(await codes()).to.deep.equal([]);
    await n1.exec("ip", "link", "del", "kube-ipvs0");
    await n1.exec("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0");
  });

  it("an interface without carrier, a small MTU, a gateway inside the pool", async () => {
    const n1 = at("n1");
    await n1.exec("ip", "link", "set", "eth0", "mtu", "1300");
    await n1.exec("ip", "addr", "add", "203.0.113.250/24", "dev", "eth0");
    await n1.exec("ip", "route", "add", "default", "via", "203.0.113.1");
    expect(await codes()).to.deep.equal([
      "mtuTooSmall eth0",
      "poolHoldsGateway spec.addresses",
      "poolHoldsNodeAddress spec.addresses",
    ]);
    await n1.exec("ip", "addr", "del", "203.0.113.250/24", "dev", "eth0");
    await n1.exec("ip", "link", "set", "eth0", "mtu", "1500");
    await n1.exec("ip", "link", "set", "eth0", "down");
    expect(await codes()).to.include("interfaceDown spec.interfaces");
    await n1.exec("ip", "link", "set", "eth0", "up");
    await eventually("gossip is back", async () => (await codes()).length === 0, 60_000, 500);
  });

  it("a peer that refuses, one that is silent, one that answers; and no FRR here", async () => {
    const peer = join(dir, "manifests", "peer.yaml");
    const spec = { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.250" };
    await writeFile(peer, yaml(resource("BGPPeer", "router", spec)));
    try {
      expect(await codes()).to.include.members([
        "frrUnreachable vtysh",
        "peerRefuses spec.peerAddress",
      ]);
      const r1 = at("r1");
      const listener = r1.spawn("node", "-e", "require('net').createServer().listen(179)");
      running.push(listener);
      await eventually(
        "it listens",
        async () => !(await codes()).join().includes("peer"),
        30_000,
        300,
      );
      await r1.exec("nft", "add table inet t");
      await r1.exec("nft", "add chain inet t c { type filter hook input priority 0; }");
      await r1.exec("nft", "add rule inet t c tcp dport 179 drop");
      expect(await codes()).to.include("peerSilent spec.peerAddress");
    } finally {
      await rm(peer);
    }
  });
});
