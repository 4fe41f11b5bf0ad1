import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";

const SCHEMA: unknown = JSON.parse(readFileSync("docs/schemas/validate.schema.json", "utf8"));
const validate = new Ajv({ allErrors: true, strict: false }).compile(SCHEMA as object);

const POOL = (addresses: string, annotations = "{}") => `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: p, namespace: metallb-system, annotations: ${annotations} }
spec: { addresses: [${addresses}] }
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: l2, namespace: metallb-system }
spec: {}
---`;
const SERVICE = (name: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
---`;
const SERVICES = SERVICE("a") + SERVICE("b");

describe("ferrolb validate --against", () => {
  let dir = "";
  before(() => (dir = mkdtempSync(join(tmpdir(), "ferrolb-against-"))));
  after(() => rmSync(dir, { recursive: true, force: true }));

  const run = async (old: string, now: string, ...flags: string[]) => {
    const [oldFile, newFile] = [join(dir, "old.yaml"), join(dir, "new.yaml")];
    writeFileSync(oldFile, old);
    writeFileSync(newFile, now);
    const args = ["--import", "tsx", "src/cli/main.ts", "validate", "-f", newFile];
    return execa("node", [...args, "--against", oldFile, ...flags], { reject: false });
  };

  it("names the Service that a smaller pool would move, as JSON that keeps to the schema", async () => {
    const { stdout, exitCode } = await run(
      POOL("192.0.2.0/30") + SERVICES,
      POOL("192.0.2.1-192.0.2.3") + SERVICES,
      "-o",
      "json",
    );
    const answer = JSON.parse(stdout) as {
      moves: { service: string; from: string[]; to: string[] }[];
    };
    expect(validate(answer), JSON.stringify(validate.errors)).to.equal(true);
    expect(answer.moves.map((m) => [m.service, ...m.from, ...m.to])).to.deep.equal([
      ["default/a", "192.0.2.0", "192.0.2.2"],
    ]);
    expect(exitCode).to.equal(0);
  });

  it("takes the Services of the other side where only the configuration is given", async () => {
    const { stdout } = await run(POOL("192.0.2.0/30") + SERVICES, POOL("198.51.100.0/30"));
    expect(stdout).to.match(/default\/a +192\.0\.2\.0 \(p\) +198\.51\.100\.0 \(p\)/);
    expect(stdout).to.contain("2 Services would change address");
    expect(stdout).to.contain('ferrolb.io/drain: "true"');
  });

  it("nothing moves when the part to be given up is reserved instead", async () => {
    const reserved = POOL("192.0.2.0/30", '{ ferrolb.io/reserved-addresses: "192.0.2.0/31" }');
    const { stdout } = await run(POOL("192.0.2.0/30") + SERVICES, reserved);
    expect(stdout).to.contain("no address in use would move");
  });

  it("without --against there is no such field", async () => {
    const file = join(dir, "one.yaml");
    writeFileSync(file, POOL("192.0.2.0/30"));
    const args = ["--import", "tsx", "src/cli/main.ts", "validate", "-f", file, "-o", "json"];
    expect(JSON.parse((await execa("node", args)).stdout)).to.have.keys(
      "valid",
      "problems",
      "config",
    );
  });
});
