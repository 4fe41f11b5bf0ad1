/**
 * Secrets of a running system stay where they belong: controller and speakers at debug level, sessions with passwords on a real
 * FRR of each generation, encrypted gossip, errors on the way; then everything that was written anywhere is searched.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { execa } from "execa";
import { NODES } from "../../src/lab/plan.ts";
import { ferrolb, isRoot, startTestLab } from "../support/lab.ts";
import type { TestLab } from "../support/lab.ts";
import { bgpAdvertisement, l2Advertisement, nodes, pool, router1, router2, secret, service } from "../support/lab-manifests.ts"; // prettier-ignore
import { eventually } from "../support/wait.ts";

const PLANTED = {
  bySecret: "Pl4nted-by-secret/&",
  direct: "Pl4nted-direct-pw",
  wrong: "Pl4nted-never-right",
  changed: "Pl4nted-after-change",
  extras: "Pl4nted-in-extras",
  gossip: "Pl4nted-gossip-key-of-32-octets!",
} as const;

const spellings = (text: string): readonly string[] => [
  text,
  JSON.stringify(text).slice(1, -1),
  Buffer.from(text).toString("base64").replace(/=+$/, ""),
  encodeURIComponent(text),
  Buffer.from(text).toString("hex"),
];

/** Names of the secrets that a text holds. */
const heldIn = (text: string): readonly string[] =>
  Object.entries(PLANTED)
    .filter(([, planted]) => spellings(planted).some((spelled) => text.includes(spelled)))
    .map(([name]) => name);

const goneByNow = (error: unknown): null => {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
};

describe("secrets of a running system", function () {
  this.timeout(240_000);
  let lab: TestLab;
  let keys = "";

  before(async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    keys = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-keys-`));
    await writeFile(join(keys, "secretkey"), PLANTED.gossip, { mode: 0o600 });
    lab = await startTestLab({
      backends: false,
      routers: { r1: { password: PLANTED.bySecret }, r2: { password: PLANTED.direct } },
      speakerFlags: ["--log-level", "debug", "--ml-secret-key-path", keys],
      manifests: {
        nodes: nodes(),
        secret: [secret("router-1", PLANTED.bySecret)],
        peers: [
          router1({ passwordSecret: { name: "router-1" } }),
          router2({ password: PLANTED.direct }),
        ],
        pools: [pool("routed", ["203.0.113.0/24"]), pool("local", ["198.51.100.200/28"], { autoAssign: false })], // prettier-ignore
        advertisements: [
          bgpAdvertisement("routed", { ipAddressPools: ["routed"] }),
          l2Advertisement("local", { ipAddressPools: ["local"] }),
        ],
        services: [
          ...service("web", { ip: "203.0.113.10" }),
          ...service("near", { ip: "198.51.100.201" }),
        ],
      },
    });
  });
  after(async () => {
    await lab.stop();
    await rm(keys, { recursive: true, force: true });
  });

  it("work: sessions with their passwords carry the route", async () => {
    for (const router of ["r1", "r2"] as const) await lab.routed(router, "203.0.113.10/32", NODES);
  });

  it("meet errors: a wrong password, a refused line beside one, a broken object, a lost FRR", async () => {
    await lab.write("peers", router1({ passwordSecret: { name: "router-1" } }), router2({ password: PLANTED.wrong })); // prettier-ignore
    await lab.routed("r2", "203.0.113.10/32", []);
    await lab.write("extras", {
      ...{ apiVersion: "v1", kind: "ConfigMap" },
      metadata: { name: "bgpextras", namespace: "metallb-system" },
      data: {
        extras: `router bgp 64500\n neighbor 192.0.2.99 remote-as 64999\n neighbor 192.0.2.99 password ${PLANTED.extras}\n neighbor 192.0.2.99 passwrd ${PLANTED.extras}\nexit\n`,
      },
    });
    await lab.write("broken", {
      ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer" },
      metadata: { name: "broken", namespace: "metallb-system" },
      spec: { myASN: 64500, peerASN: "x", peerAddress: "y", password: { value: PLANTED.wrong } },
    });
    await writeFile(
      join(lab.manifests, "cut.yaml"),
      `kind: Secret\nstringData: {password: ${PLANTED.wrong}\n`,
    );
    await lab.nodes.n2.frr.kill("bgpd");
    await lab.write("secret", secret("router-1", PLANTED.changed));
    await lab.routed("r1", "203.0.113.10/32", []);
    await lab.nodes.n2.frr.start("bgpd");
    await lab.nodes.n3.speaker.stop("SIGKILL");
    lab.nodes.n3.speaker.start();
    await lab.write("secret", secret("router-1", PLANTED.bySecret));
    await lab.remove("extras");
    await lab.remove("broken");
    await rm(join(lab.manifests, "cut.yaml"));
    await lab.write("peers", router1({ passwordSecret: { name: "router-1" } }), router2({ password: PLANTED.direct })); // prettier-ignore
    for (const router of ["r1", "r2"] as const) await lab.routed(router, "203.0.113.10/32", NODES);
    await eventually("the logs say debug", async () =>
      (await lab.logOf("n1")).includes('"level":"debug"'),
    );
  });

  it("are in frr.conf alone, which others may not read", async () => {
    for (const node of NODES) {
      const { confFile } = lab.nodes[node].frr;
      expect(heldIn(await readFile(confFile, "utf8"))).to.have.members(["bySecret", "direct"]);
      expect((await stat(confFile)).mode & 0o007).to.equal(0);
    }
  });

  it("are in no log, state file, status object, report, or file left beside", async () => {
    const files = (await readdir(lab.dir, { recursive: true, withFileTypes: true })).filter((f) =>
      f.isFile(),
    );
    let searched = 0;
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name).slice(lab.dir.length + 1);
      const isOwn =
        /^r\d\//.test(path) || // the routers are the other side
        /^manifests\/[^.]/.test(path) || // where people wrote them
        path.endsWith("/frr/etc/frr.conf");
      if (isOwn) continue;
      // What was being written when we listed has its lasting name by now.
      const text = await readFile(join(lab.dir, path), "latin1").catch(goneByNow);
      if (text === null) continue;
      searched++;
      expect(heldIn(text), path).to.deep.equal([]);
    }
    expect(searched).to.be.greaterThan(20);
    const logs = await Promise.all(NODES.map((node) => lab.logOf(node)));
    expect(logs.join("").length).to.be.greaterThan(10_000);
  });

  it("are not in arguments or environments of processes", async () => {
    for (const daemon of [lab.controller, ...NODES.map((n) => lab.nodes[n].speaker)])
      for (const file of ["cmdline", "environ"])
        expect(
          heldIn(await readFile(`/proc/${daemon.pid() ?? 0}/${file}`, "latin1")),
          `${daemon.name} ${file}`,
        ).to.deep.equal([]);
  });

  it("are not in metrics, the page, or what commands print", async () => {
    const [program = "", ...words] = await ferrolb();
    const seen: Record<string, string> = {};
    const run = async (name: string, ...args: readonly string[]): Promise<void> => {
      const { stdout, stderr } = await execa(program, [...words, ...args], { reject: false });
      seen[name] = stdout + stderr;
    };
    const curl = (place: "n1" | "wire", url: string): Promise<string> =>
      lab.places[place].exec("curl", "-sS", "--noproxy", "*", "--max-time", "5", url);
    for (const url of ["http://127.0.0.1:9120/metrics", "http://127.0.0.1:17472/readyz"])
      seen[url] = await curl("n1", url).catch(() => "");
    for (const path of ["/", "/page.js", "/explain?service=default/web"])
      seen[path] = await curl("wire", `http://127.0.0.1:17473${path}`);
    // A stream that never ends: what comes within a moment.
    seen["/events"] =
      (await execa("ip", [...["netns", "exec", lab.places.wire.name], ...["curl", "-sS", "--max-time", "3", "http://127.0.0.1:17473/events"]], { reject: false })) // prettier-ignore
      .stdout;
    for (const kind of ["status", "validate", "announce", "render"])
      await run(kind, kind, ...(kind === "announce" || kind === "render" ? ["--node", "n1"] : []), "-f", lab.manifests); // prettier-ignore
    await run("explain", "explain", "service", "default/web", "-f", lab.manifests);
    await run("json", "explain", "peer", "router-1", "-f", lab.manifests, "-o", "json");
    const frr = lab.nodes.n1.frr;
    await run("diff", "diff", "--node", "n1", "-f", lab.manifests, "--vtysh", frr.vtyshPath, "--vty-dir", frr.vtyDir); // prettier-ignore
    await mkdir(join(keys, "out"));
    const bundle = join(keys, "out", "bundle.tar.gz");
    await run("support", "support", "-f", lab.manifests, "--frr", "--vtysh", frr.vtyshPath, "--vty-dir", frr.vtyDir, "--logs", lab.nodes.n1.speaker.log, "--to", bundle); // prettier-ignore
    seen["bundle"] = gunzipSync(await readFile(bundle)).toString("latin1");
    for (const [name, text] of Object.entries(seen)) expect(heldIn(text), name).to.deep.equal([]);
    const expected = ["/", "/events", "status", "explain", "render", "bundle"] as const;
    for (const name of expected) expect(seen[name], name).to.have.length.greaterThan(100);
    expect(Object.values(seen).join("")).to.contain("metallb_");
  });
});
