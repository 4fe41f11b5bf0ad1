import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ensureBundle, ferrolb } from "../support/bundle.ts";
import { pool, service, yaml } from "../support/manifests.ts";

const SCHEMAS = "docs/schemas";

describe("the command line, as the launcher runs it", function () {
  this.timeout(120_000);
  let dir: string;
  const path = (name: string): string => join(dir, name);

  before(async () => {
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-cli-`));
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } };
    const l2 = {
      apiVersion: "metallb.io/v1beta1",
      kind: "L2Advertisement",
      metadata: { name: "all", namespace: "metallb-system" },
    };
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "web-1",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "web" },
      },
      endpoints: [{ addresses: ["192.0.2.9"], nodeName: "n1" }],
    };
    const good = [pool("p", "203.0.113.0/24"), l2, node, slice, service("web")];
    await writeFile(path("good.yaml"), yaml(...good));
    await writeFile(path("bad.yaml"), yaml(pool("q", "no address")));
    await writeFile(path("broken.yaml"), "a: [\n");
    await writeFile(path("other.yaml"), yaml({ apiVersion: "apps/v1", kind: "Deployment" }));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("prints its version, and the commands there are", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect((await ferrolb(["--version"])).stdout).to.equal(version);
    const { stdout, exitCode } = await ferrolb(["--help"]);
    expect(exitCode).to.equal(0);
    for (const name of Object.keys(COMMANDS))
      expect(stdout).to.match(new RegExp(`^ +${name}`, "m"));
  });

  for (const name of Object.keys(COMMANDS)) {
    it(`${name} --help shows an example`, async () => {
      const { stdout, exitCode } = await ferrolb([name, "--help"]);
      expect(exitCode).to.equal(0);
      expect(stdout).to.match(/Examples?:\n +\$ ferrolb/);
    });
    it(`${name} refuses a flag it does not know`, async () => {
      const { stderr, stdout, exitCode } = await ferrolb([name, "--no-such-flag"]);
      expect([exitCode, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/no-such-flag|required option/);
    });
  }

  const runs: [given: string, args: string[], code: number, stderr: RegExp][] = [
    ["good manifests", ["validate", "-f", "good.yaml"], 0, /^$/],
    ["an object with an error", ["validate", "-f", "good.yaml", "-f", "bad.yaml"], 1, /^$/],
    ["a file that is no YAML", ["validate", "-f", "broken.yaml"], 2, /broken\.yaml:\d+: /],
    ["a file that is not there", ["validate", "-f", "nowhere.yaml"], 2, /nowhere\.yaml: ENOENT/],
    ["no file", ["validate"], 2, /-f PATH/],
    ["another kind", ["validate", "-f", "other.yaml"], 0, /^note: .*Deployment \(apps\/v1\)$/],
    ["a format it does not print", ["validate", "-f", "good.yaml", "-o", "xml"], 2, /xml/],
    ["an unknown command", ["announcements"], 2, /announcements/],
    ["a speaker without a name", ["speaker", "--manifests", "."], 2, /--node-name/],
    ["a log level it does not have", ["controller", "--log-level", "loud"], 2, /loud/],
    ["a port that is none", ["speaker", "--port", "99999"], 2, /not a port/],
    ["a bad debounce", ["speaker", "--bgp-debounce-timeout", "0"], 2, /positive integer/],
  ];
  for (const [given, args, code, words] of runs)
    it(`${given} -> exit ${code}`, async () => {
      const placed = args.map((a) => (a.endsWith(".yaml") ? path(a) : a));
      const { exitCode, stderr } = await ferrolb(placed);
      expect(exitCode, stderr).to.equal(code);
      expect(stderr.trim()).to.match(words);
    });

  it("refuses a BGP type that does not exist, before anything starts", async () => {
    const env = { METALLB_BGP_TYPE: "quagga" };
    const { exitCode, stderr } = await ferrolb(["controller", "--manifests", dir], { env });
    expect([exitCode, stderr]).to.deep.equal([
      2,
      'ferrolb: METALLB_BGP_TYPE must be native, frr or frr-k8s, not "quagga"',
    ]);
  });

  it("overlays the status of a directory", async () => {
    const place = join(dir, ".status/Service/default");
    const { mkdir } = await import("node:fs/promises");
    await mkdir(place, { recursive: true });
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.77" }] } };
    await writeFile(join(place, "web.json"), JSON.stringify({ status }));
    await rm(path("broken.yaml"));
    const answer = await ferrolb(["allocate", "-f", dir, "-o", "json"]);
    const { services } = JSON.parse(answer.stdout) as {
      services: Record<string, { ingress: string[] }>;
    };
    expect(services["default/web"]?.ingress).to.deep.equal(["203.0.113.77"]);
    await rm(join(dir, ".status"), { recursive: true });
    await writeFile(path("broken.yaml"), "a: [\n");
  });

  describe("-o json", () => {
    const commands: Record<string, string[]> = {
      validate: [],
      allocate: [],
      announce: ["--node", "n1", "--allocate"],
    };
    for (const [name, flags] of Object.entries(commands))
      it(`${name}: one document, to its schema`, async () => {
        const schema: unknown = JSON.parse(
          await readFile(join(SCHEMAS, `${name}.schema.json`), "utf8"),
        );
        const validate = new Ajv({ allErrors: true }).compile(schema as object);
        const args = [name, "-f", path("good.yaml"), "-o", "json", ...flags];
        const { stdout, exitCode, stderr } = await ferrolb(args);
        expect(exitCode, stderr).to.equal(0);
        expect(validate(JSON.parse(stdout)), JSON.stringify(validate.errors)).to.equal(true);
      });

    it("announce says what the node answers for, and follows --speakers", async () => {
      const args = [
        "announce",
        "--node",
        "n1",
        "--allocate",
        "-f",
        path("good.yaml"),
        "-o",
        "json",
      ];
      const l2 = async (...more: string[]) =>
        (
          JSON.parse((await ferrolb([...args, ...more])).stdout) as {
            l2: Record<string, unknown>;
          }
        ).l2["default/web"];
      expect(await l2()).to.deep.equal({ announce: true, interfaces: ["*"], reason: "" });
      expect(await l2("--speakers", "n2")).to.deep.equal({
        ...{ announce: false, interfaces: [], reason: "notOwner" },
      });
    });
  });

  it("has a schema for each shape, and each compiles", async () => {
    const files = (await readdir(SCHEMAS)).filter((f) => f.endsWith(".schema.json"));
    expect(files.length).to.be.greaterThan(4);
    const readme = await readFile(join(SCHEMAS, "README.md"), "utf8");
    for (const file of files) {
      const schema: unknown = JSON.parse(await readFile(join(SCHEMAS, file), "utf8"));
      new Ajv({ allErrors: true }).compile(schema as object);
      expect(readme).to.contain(file);
    }
  });
});
