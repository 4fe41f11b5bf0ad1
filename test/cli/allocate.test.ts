import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";

const SCHEMA: unknown = JSON.parse(readFileSync("docs/schemas/allocate.schema.json", "utf8"));
const validate = new Ajv({ allErrors: true }).compile(SCHEMA as object);

interface Answer {
  services: Record<
    string,
    { ingress: string[]; pool: string | null; events: { reason: string; message: string }[] }
  >;
  pools: Record<string, Record<string, number>>;
}

async function run(manifests: string, ...flags: string[]) {
  const args = ["--import", "tsx", "src/cli/main.ts", "allocate", "-f", "-", ...flags];
  return execa("node", args, { input: manifests, reject: false });
}

async function answerOf(manifests: string, ...flags: string[]): Promise<Answer> {
  const { stdout } = await run(manifests, "-o", "json", ...flags);
  const answer: unknown = JSON.parse(stdout);
  expect(validate(answer), JSON.stringify(validate.errors)).to.equal(true);
  return answer as Answer;
}

const POOL = (name: string, addresses: string, more = "") => `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: ${name}
  namespace: metallb-system
spec:
  addresses: [${addresses}]
${more}
---`;

const SERVICE = (name: string, spec: string, annotations = "{}") => `
apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: default
  annotations: ${annotations}
spec:
  type: LoadBalancer
  ${spec}
---`;

describe("ferrolb allocate", () => {
  it("public-pool and internal-pool side by side: eleven fit, the twelfth does not overflow", async () => {
    const pools =
      POOL("public-pool", "203.0.113.10-203.0.113.20") +
      POOL("internal-pool", "198.51.100.200-198.51.100.250", "  autoAssign: false");
    const names = Array.from({ length: 12 }, (_, i) => `s${i.toString().padStart(2, "0")}`);
    const asked = SERVICE(
      "x",
      "ports: [{port: 80}]",
      "{metallb.universe.tf/address-pool: internal-pool}",
    );
    const { services, pools: counters } = await answerOf(
      pools + names.map((n) => SERVICE(n, "ports: [{port: 80}]")).join("") + asked,
    );
    expect(names.map((n) => services[`default/${n}`]!.ingress[0])).to.deep.equal([
      ...Array.from({ length: 11 }, (_, i) => `203.0.113.${10 + i}`),
      undefined,
    ]);
    expect(services["default/s11"]!.events.map((e) => e.reason)).to.deep.equal([
      "AllocationFailed",
    ]);
    expect(services["default/x"]).to.deep.include({
      ingress: ["198.51.100.200"],
      pool: "internal-pool",
    });
    expect(counters["public-pool"]).to.deep.equal({
      assignedIPv4: 11,
      assignedIPv6: 0,
      availableIPv4: 0,
      availableIPv6: 0,
    });
  });

  it("writes counters beyond 2^53 with every digit, and ends with 0 when a Service stays pending", async () => {
    const { stdout, exitCode } = await run(
      POOL("p", '"2001:db8::/64"') + SERVICE("v4", "clusterIPs: [10.96.0.1]"),
      "-o",
      "json",
    );
    expect(exitCode).to.equal(0);
    expect(stdout).to.contain('"availableIPv6": 18446744073709551616');
  });

  it("ends with 1 and names the pool that cannot be read; the others serve", async () => {
    const manifests = POOL("bad", "192.0.2.9-192.0.2.1") + POOL("good", "192.0.2.16/30");
    const { stdout, stderr, exitCode } = await run(
      manifests + SERVICE("a", "ports: [{port: 80}]"),
      "-o",
      "json",
    );
    expect(exitCode).to.equal(1);
    expect(stderr).to.contain("IPAddressPool metallb-system/bad: spec.addresses[0]");
    expect((JSON.parse(stdout) as Answer).services["default/a"]!.ingress).to.deep.equal([
      "192.0.2.16",
    ]);
  });

  it("serves one class alone with --lb-class", async () => {
    const manifests =
      POOL("p", "192.0.2.16/30") +
      SERVICE("mine", "loadBalancerClass: example.org/x") +
      SERVICE("other", "ports: [{port: 80}]");
    const { services } = await answerOf(manifests, "--lb-class", "example.org/x");
    expect(Object.keys(services)).to.deep.equal(["default/mine"]);
  });

  it("shows people a table with the reason", async () => {
    const { stdout } = await run(POOL("p", "192.0.2.16/32") + SERVICE("a", "") + SERVICE("b", ""));
    expect(stdout).to.match(/default\/a +192\.0\.2\.16 +p\n/);
    expect(stdout).to.match(
      /default\/b +- +- +no available IPs: pool "p": it has no free IPv4 address/,
    );
    expect(stdout).to.match(/p +1 +0 +0 +0/);
  });
});
