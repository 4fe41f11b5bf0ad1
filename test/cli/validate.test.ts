import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { adv, bfd, l2, node, peer, pool, secret } from "../config/support.ts";
import { yaml } from "../support/manifests.ts";
import { readInput } from "../../src/cli/input.ts";
import { validateAnswer } from "../../src/cli/validate.ts";
import type { ValidateAnswer } from "../../src/cli/validate.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCHEMA: unknown = JSON.parse(readFileSync("docs/schemas/validate.schema.json", "utf8"));
const validShape = new Ajv({ strict: false, allErrors: true }).compile(SCHEMA as object);

const run = (command: string, manifests: string, ...flags: string[]) =>
  execa("node", ["--import", "tsx", "src/cli/main.ts", command, "-f", "-", ...flags], {
    input: manifests,
    reject: false,
  });

async function answerOf(...docs: unknown[]): Promise<{ answer: ValidateAnswer; code: number }> {
  const { stdout, exitCode = -1 } = await run("validate", yaml(...docs), "-o", "json");
  const answer: unknown = JSON.parse(stdout);
  expect(validShape(answer), JSON.stringify(validShape.errors)).to.equal(true);
  return { answer: answer as ValidateAnswer, code: exitCode };
}

const EVERYTHING = [
  node("n1", "r: a"),
  pool(
    "a",
    'addresses: [10.0.0.0/24, "2001:db8::/64"], serviceAllocation: {priority: 1, namespaces: [x], serviceSelectors: [{matchLabels: {a: b}}]}',
  ),
  l2("l", "nodeSelectors: [{matchLabels: {r: a}}], interfaces: [eth0]"),
  adv(
    "v",
    'communities: ["1:2", "large:1:2:3"], serviceSelectors: [{matchExpressions: [{key: k, operator: Exists}]}]',
  ),
  bfd("b", "detectMultiplier: 5"),
  peer("p", "bfdProfile: b, holdTime: 3500ms, keepaliveTime: 1s, passwordSecret: {name: s}"),
  secret("s", "type: kubernetes.io/basic-auth, stringData: {password: hunter2}"),
];

describe("ferrolb validate", function () {
  this.timeout(120_000);

  it("exits 0 and prints what is in force, times in seconds, no password", async () => {
    const { answer, code } = await answerOf(...EVERYTHING);
    expect(code).to.equal(0);
    expect(answer.valid).to.equal(true);
    expect(answer.config.pools[0]).to.deep.include({
      cidrs: ["10.0.0.0/24", "2001:db8::/64"],
      serviceAllocation: {
        priority: 1,
        namespaces: ["x"],
        serviceSelectors: [{ matchLabels: { a: "b" } }],
      },
    });
    expect(answer.config.pools[0]!.bgpAdvertisements[0]!.communities).to.deep.equal([
      "large:1:2:3",
      "1:2",
    ]);
    expect(answer.config.peers[0]).to.include({
      holdTime: 3.5,
      keepaliveTime: 1,
      hasPassword: true,
    });
    expect(JSON.stringify(answer)).not.to.include("hunter2");
  });

  it("exits 1 on an error and still prints the rest", async () => {
    const { answer, code } = await answerOf(...EVERYTHING, pool("z", "addresses: [10.0.0.0/25]"));
    expect(code).to.equal(1);
    expect(answer.valid).to.equal(false);
    expect(answer.problems.map((p) => [p.rule, p.object.name, p.path])).to.deep.equal([
      ["V30", "z", "spec.addresses[0]"],
    ]);
    expect(answer.config.pools.map((p) => p.name)).to.deep.equal(["a"]);
  });

  it("exits 0 with warnings alone", async () => {
    const { answer, code } = await answerOf(l2("l", "ipAddressPools: [nope]"));
    expect([code, answer.valid, answer.problems[0]?.rule]).to.deep.equal([0, true, "V39"]);
  });

  it("names the rule of a manifest without a name and of two with one", async () => {
    const nameless = { ...pool("", "addresses: [10.0.0.0/24]"), metadata: {} };
    const { answer } = await answerOf(
      nameless,
      pool("a", "addresses: [10.0.1.0/24]"),
      pool("a", "addresses: [10.0.2.0/24]"),
    );
    expect(answer.problems.map((p) => p.rule)).to.have.members(["V24", "V31"]);
  });

  it("prints a table for people, exit code 2 for what cannot be read", async () => {
    const table = await run("validate", yaml(pool("z", "addresses: [x]")));
    expect(table.stdout).to.match(/^SEVERITY +RULE/);
    expect(table.stdout).to.include("V26");
    expect((await run("validate", "a: [")).exitCode).to.equal(2);
    expect((await run("validate", "", "--nope")).exitCode).to.equal(2);
  });

  it("judges 1000 Services and 200 resources in well under a second of CPU after start", async () => {
    const docs: object[] = [];
    for (let i = 0; i < 1000; i++)
      docs.push({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `s${i}`, namespace: "default" },
        spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
      });
    for (let i = 0; i < 70; i++)
      docs.push(pool(`a${i}`, `addresses: [10.${i}.0.0/24, 10.${i}.1.1-10.${i}.1.200]`));
    for (let i = 0; i < 60; i++)
      docs.push(adv(`v${i}`, `ipAddressPools: [a${i}], communities: ["1:${i}"]`));
    for (let i = 0; i < 60; i++) docs.push(peer(`p${i}`, `peerAddress: 192.0.2.${i + 1}`));
    for (let i = 0; i < 10; i++) docs.push(l2(`l${i}`, `ipAddressPools: [a${i}]`));
    const dir = await mkdtemp(join(tmpdir(), "ferrolb-validate-"));
    try {
      await writeFile(join(dir, "all.yaml"), yaml(...docs));
      const before = process.cpuUsage();
      const answer = validateAnswer(
        await readInput({ filename: [dir], namespace: "metallb-system" }),
      );
      const { user, system } = process.cpuUsage(before);
      expect(answer.problems).to.deep.equal([]);
      expect(answer.config.pools).to.have.length(70);
      expect((user + system) / 1e6, "seconds of CPU").to.be.below(3); // 0.6 here; the machine may be slower
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("ferrolb admit", function () {
  this.timeout(120_000);
  const review = (object: object) => ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "u",
      kind: { group: "metallb.io", version: "v1beta1", kind: "IPAddressPool" },
      operation: "CREATE",
      name: "b",
      namespace: "metallb-system",
      object,
    },
  });

  const admitted = async (request: unknown, ...flags: string[]) => {
    const dir = await mkdtemp(join(tmpdir(), "ferrolb-admit-"));
    try {
      await writeFile(join(dir, "review.json"), JSON.stringify(request));
      return await run(
        "admit",
        yaml(pool("a", "addresses: [10.0.0.0/24]")),
        "--request",
        join(dir, "review.json"),
        ...flags,
      );
    } finally {
      await rm(dir, { recursive: true });
    }
  };

  it("prints an AdmissionReview and exits 0 whatever the verdict", async () => {
    const shape = new Ajv({ strict: false }).compile(
      JSON.parse(readFileSync("docs/schemas/admit.schema.json", "utf8")) as object,
    );
    for (const [addresses, allowed] of [
      ["10.0.1.0/24", true],
      ["10.0.0.0/25", false],
    ] as const) {
      const { stdout, exitCode } = await admitted(
        review(pool("b", `addresses: [${addresses}]`)),
        "-o",
        "json",
      );
      const answer = JSON.parse(stdout) as { response: { allowed: boolean; uid: string } };
      expect(shape(answer), JSON.stringify(shape.errors)).to.equal(true);
      expect([exitCode, answer.response.allowed, answer.response.uid]).to.deep.equal([
        0,
        allowed,
        "u",
      ]);
    }
  });

  it("exits 2 for what is no review", async () =>
    expect((await admitted({ kind: "Pod" })).exitCode).to.equal(2));
});
