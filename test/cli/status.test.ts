/** `ferrolb status`, what-ifs and completion on manifests, as the launcher runs them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { age, bar } from "../../src/cli/status-text.ts";
import { ensureBundle, ferrolb } from "../support/bundle.ts";
import { eventually } from "../support/wait.ts";

const LAB = "hack/kind-frr-lab/manifests";

async function holdsTo(schema: string, value: unknown): Promise<void> {
  const text = await readFile(`docs/schemas/${schema}.schema.json`, "utf8");
  const fits = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
    JSON.parse(text) as object,
  );
  expect(fits(value), JSON.stringify(fits.errors)).to.equal(true);
}

interface Shown {
  readonly pools: readonly { readonly name: string; readonly usedPercent: number }[];
  readonly services: readonly {
    readonly name: string;
    readonly owner: string | null;
    readonly nextHops: readonly string[];
  }[];
  readonly sessions: readonly { readonly state: string | null; readonly since: string | null }[];
  readonly members: readonly { readonly node: string; readonly alive: boolean }[];
}

describe("ferrolb status", function () {
  this.timeout(120_000);
  let dir: string;
  before(async () => {
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-status-`));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("shows pools, sessions, Services and members of manifests, to its schema", async () => {
    const { stdout, exitCode } = await ferrolb(["status", "-f", LAB, "-o", "json"]);
    expect(exitCode).to.equal(0);
    const status = JSON.parse(stdout) as Shown;
    await holdsTo("status", status);
    expect(status.pools.map((p) => p.name)).to.include("public-pool");
    expect(status.services.find((s) => s.name === "internal-web")?.owner).to.be.oneOf(["n2", "n3"]);
    expect(status.services.find((s) => s.name === "test-web")?.nextHops).to.deep.equal([
      "n1",
      "n2",
      "n3",
    ]);
    expect(status.sessions.map((s) => s.state)).to.deep.equal(Array(6).fill(null));
    const yaml = await ferrolb(["status", "-f", LAB, "-o", "yaml"]);
    expect(parse(yaml.stdout)).to.deep.equal(status);
  });

  it("shows what speakers reported, from a directory and from a dump alike", async () => {
    const report = {
      apiVersion: "ferrolb.io/v1alpha1",
      kind: "SpeakerReport",
      metadata: { name: "speaker-n1", namespace: "metallb-system" },
      status: {
        node: "n1",
        members: ["n1", "n2"],
        sessions: [
          { peer: "router-1", neighbor: "198.51.100.1", state: "Established", since: "2026-01-01T00:00:00Z", prefixesSent: 5 }, // prettier-ignore
          { peer: "router-2", neighbor: "198.51.100.2", state: "Active", reason: "wrongAS", message: "the router says Bad Peer AS" }, // prettier-ignore
        ],
      },
    };
    const of = async (...args: string[]): Promise<Shown> => {
      const { stdout, stderr } = await ferrolb(["status", ...args, "-o", "json"]);
      expect(stderr).to.equal("");
      const status = JSON.parse(stdout) as Shown;
      await holdsTo("status", status);
      return status;
    };
    const dump = join(dir, "dump.yaml");
    await writeFile(dump, JSON.stringify({ apiVersion: "v1", kind: "List", items: [report] }));
    const fromDump = await of("-f", LAB, "-f", dump);
    expect(fromDump.sessions[0]).to.include({
      state: "Established",
      since: "2026-01-01T00:00:00Z",
    });
    expect(fromDump.members).to.deep.include({ node: "n3", alive: false, reason: "memberMissing" });
    const store = join(dir, "store");
    await mkdir(join(store, ".status/SpeakerReport/metallb-system"), { recursive: true });
    await writeFile(
      join(store, ".status/SpeakerReport/metallb-system/speaker-n1.json"),
      JSON.stringify(report),
    );
    expect(await of("-f", LAB, "-f", store)).to.deep.equal(fromDump);
    const wide = await ferrolb(["status", "-f", LAB, "-f", dump, "-o", "wide"]);
    expect(wide.stdout).to.match(
      /router-2 +n1 .*Active +- +- +wrongAS +the router says Bad Peer AS/,
    );
  });

  it("--watch prints what changed, and ends on a signal", async () => {
    const manifests = join(dir, "watched");
    await mkdir(manifests);
    const pool = (range: string): Promise<void> =>
      writeFile(
        join(manifests, "pool.yaml"),
        `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: p}\nspec: {addresses: [${range}]}\n`,
      );
    await pool("192.0.2.0/30");
    const child = execa(resolve("bin/ferrolb"), ["status", "-f", manifests, "--watch"], {
      reject: false,
    });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await eventually("the first status", () => Promise.resolve(said.includes("0/4")), 60_000, 50);
    await pool("192.0.2.0/29");
    await eventually("the change", () => Promise.resolve(said.includes("0/8")), 60_000, 50);
    child.kill("SIGTERM");
    expect((await child).exitCode).to.equal(0);
  });

  it("refuses to keep one document live, and two sources at once", async () => {
    expect((await ferrolb(["status", "-f", LAB, "-w", "-o", "json"])).exitCode).to.equal(2);
    expect((await ferrolb(["status", "-f", LAB, "--context", "x"])).exitCode).to.equal(2);
    const env = { KUBECONFIG: "", HOME: dir, KUBERNETES_SERVICE_HOST: "" };
    const neither = await ferrolb(["status"], { env });
    expect([neither.exitCode, neither.stdout]).to.deep.equal([2, ""]);
  });

  it("draws bars and ages that a person expects", () => {
    expect([bar(0), bar(1), bar(100)]).to.deep.equal([
      `[${".".repeat(20)}]`,
      `[#${".".repeat(19)}]`,
      `[${"#".repeat(20)}]`,
    ]);
    const at = (ms: number): string => age("2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1) + ms);
    expect([0, 119e3, 120e3, 7200e3, 172_800e3].map(at)).to.deep.equal(["0s", "119s", "2m", "2h", "2d"]); // prettier-ignore
    expect([age(null, 0), age("soon", 0)]).to.deep.equal(["-", "-"]);
  });
});

describe("ferrolb explain, beside Services", function () {
  this.timeout(120_000);
  before(ensureBundle);

  const cases: [args: string, code: number, schema: string, line: RegExp][] = [
    ["pool public-pool", 0, "explain-subject", /public-pool is fine: poolFree: .*4 in use, 7 free/],
    ["pool nowhere", 1, "explain-subject", /nowhere is not fine: unknownPool/],
    ["peer router-1", 0, "explain-subject", /router-1 is fine: session: Node n1/],
    ["peer nobody", 1, "explain-subject", /nobody is not fine: noPeer/],
    ["address 203.0.113.18", 0, "explain-subject", /203\.0\.113\.18 is fine: bgp: .*service-a is served/],
    ["address 203.0.113.19", 0, "explain-subject", /203\.0\.113\.19 is fine: addressFree/],
    ["address 192.0.2.200", 1, "explain-subject", /192\.0\.2\.200 is not fine: notInPool/],
    ["node n3 --if-down", 1, "explain-node-down", /without n3: 1 Services lost/],
    ["node n1 --if-down", 0, "explain-node-down", /without n1: 0 Services lost/],
    ["peer router-1 --if-down", 0, "explain-peer-down", /0 Services lost, 6 with fewer ways/],
  ]; // prettier-ignore
  for (const [args, code, schema, line] of cases)
    it(`${args} -> exit ${code}`, async () => {
      const words = ["explain", ...args.split(" "), "-f", LAB];
      const people = await ferrolb(words);
      expect(people.exitCode, people.stderr).to.equal(code);
      expect(people.stdout.split("\n")[0]).to.match(line);
      const json = await ferrolb([...words, "-o", "json"]);
      expect(json.exitCode).to.equal(code);
      await holdsTo(schema, JSON.parse(json.stdout));
    });

  it("a router or node that is not there is a wrong question", async () => {
    for (const what of ["node", "peer"])
      expect(
        (await ferrolb(["explain", what, "nobody", "--if-down", "-f", LAB])).exitCode,
      ).to.equal(2);
  });
});
