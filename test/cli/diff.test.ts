import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";

const SCHEMA: unknown = JSON.parse(readFileSync("docs/schemas/diff.schema.json", "utf8"));
const validate = new Ajv({ allErrors: true }).compile(SCHEMA as object);

interface Answer {
  commands: string[];
  sessionsReset: { peer: string; why: string }[];
  prefixesAdded: string[];
  prefixesWithdrawn: string[];
  vipsMoved: string[];
}

const manifests = (services: readonly string[], peer = "") => `
apiVersion: v1
kind: Node
metadata: { name: worker-1 }
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: { name: pool, namespace: metallb-system }
spec: { addresses: [203.0.113.0/24] }
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: { name: all, namespace: metallb-system }
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: { name: tor, namespace: metallb-system }
spec: { myASN: 64500, peerASN: 64501, peerAddress: 192.0.2.2${peer} }
${services
  .map(
    (address) => `---
apiVersion: v1
kind: Service
metadata: { name: s${address.split(".")[3] ?? ""}, namespace: default }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
status: { loadBalancer: { ingress: [{ ip: ${address} }] } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: s${address.split(".")[3] ?? ""}
  namespace: default
  labels: { kubernetes.io/service-name: s${address.split(".")[3] ?? ""} }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1], nodeName: worker-1, conditions: { ready: true } }]
`,
  )
  .join("")}`;

describe("ferrolb diff", function () {
  this.timeout(60_000);
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "ferrolb-diff-"));
  });
  after(() => rm(dir, { recursive: true }));

  const run = async (now: string, flags: readonly string[], input = "") => {
    const file = join(dir, "now.yaml");
    await writeFile(file, now);
    const args = ["--import", "tsx", "src/cli/main.ts", "diff", "--node", "worker-1", "-f", file];
    return execa("node", [...args, ...flags], { input, reject: false });
  };
  const answerOf = async (
    now: string,
    flags: readonly string[],
    input?: string,
  ): Promise<Answer> => {
    const { stdout, stderr } = await run(now, [...flags, "-o", "json"], input);
    const answer: unknown = JSON.parse(stdout === "" ? `"${stderr}"` : stdout);
    expect(validate(answer), JSON.stringify(validate.errors)).to.equal(true);
    return answer as Answer;
  };
  const before_ = async (old: string): Promise<readonly string[]> => {
    const file = join(dir, "old.yaml");
    await writeFile(file, old);
    return ["--from", file];
  };

  it("says one line for one Service, from manifests", async () => {
    const old = await before_(manifests(["203.0.113.1"]));
    const answer = await answerOf(manifests(["203.0.113.1", "203.0.113.2"]), old);
    expect(answer.commands.filter((line) => line.includes("network"))).to.have.length(1);
    expect(answer.commands).to.have.length(3); // two contexts and the line
    expect(answer.prefixesAdded).to.deep.equal(["203.0.113.2/32"]);
    expect(answer.prefixesWithdrawn).to.deep.equal([]);
    expect(answer.sessionsReset).to.deep.equal([]);
  });

  it("says nothing where nothing changes", async () => {
    const old = await before_(manifests(["203.0.113.1"]));
    expect((await answerOf(manifests(["203.0.113.1"]), old)).commands).to.deep.equal([]);
  });

  it("reads the manifests before from files and directories, like -f", async () => {
    const [base, ...services] = manifests(["203.0.113.1", "203.0.113.2"]).split(/^---\n/m);
    const folder = join(dir, "before");
    await mkdir(folder);
    await writeFile(join(dir, "first.yaml"), [base, ...services.slice(0, 3)].join("---\n"));
    await writeFile(join(folder, "rest.yaml"), services.slice(3).join("---\n"));
    const old = ["--from", join(dir, "first.yaml"), "--from", folder];
    const now = manifests(["203.0.113.1", "203.0.113.2"]);
    expect((await answerOf(now, old)).commands).to.deep.equal([]);
    expect((await answerOf(now, old.slice(0, 2))).prefixesAdded).not.to.deep.equal([]);
  });

  it("keeps the addresses that were given before, and names those that move at L2", async () => {
    const l2 = `---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: { name: l2, namespace: metallb-system }
spec: { nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: WINNER } }] }
---
apiVersion: v1
kind: Node
metadata: { name: worker-1, labels: { kubernetes.io/hostname: worker-1 } }
---
apiVersion: v1
kind: Node
metadata: { name: worker-2, labels: { kubernetes.io/hostname: worker-2 } }
`;
    const all = manifests(["203.0.113.7", "203.0.113.8"])
      .replace(/^apiVersion: v1\nkind: Node\n.*\n---\n/m, "")
      .replace(/nodeName: worker-1/g, "nodeName: worker-2")
      .replace(/^status: .*\n/gm, "");
    const side = (winner: string, services: string): string =>
      services + l2.replace("WINNER", winner);
    const onlySecond = all.replace(
      /---\napiVersion: v1\nkind: Service\nmetadata: \{ name: s7,[^]*?(?=---)/,
      "",
    );
    expect(onlySecond).not.to.equal(all);
    const old = await before_(side("worker-1", onlySecond));
    const answer = await answerOf(side("worker-2", all), [...old, "--allocate"]);
    // s8 had the first address of the pool; s7, though before it by name, gets the next one.
    expect(answer.prefixesAdded).to.deep.equal(["203.0.113.1/32"]);
    expect(answer.prefixesWithdrawn).to.deep.equal([]);
    expect(answer.vipsMoved).to.deep.equal(["203.0.113.0"]);
    const still = await answerOf(side("worker-1", all), [...old, "--allocate"]);
    expect(still.vipsMoved).to.deep.equal([]);
  });

  it("predicts a reset and hides the password that causes it", async () => {
    const old = await before_(manifests([], ", password: before"));
    const answer = await answerOf(manifests([], ", password: behind"), old);
    expect(answer.sessionsReset).to.deep.equal([
      { peer: "192.0.2.2", why: "the password changes" },
    ]);
    expect(JSON.stringify(answer)).not.to.match(/before|behind/);
  });

  it("reads a running configuration from standard input", async () => {
    const answer = await answerOf(
      manifests(["203.0.113.1"]),
      ["--running", "-"],
      "frr version 8.4.4\nrouter bgp 64999\n neighbor 192.0.2.9 remote-as 64501\nexit\n",
    );
    expect(answer.commands).to.include("no router bgp 64999").and.include("router bgp 64500");
    expect(answer.commands.indexOf(" no neighbor 192.0.2.9")).to.be.lessThan(
      answer.commands.indexOf("no router bgp 64999"),
    );
  });

  it("wants to know what runs now", async () => {
    expect((await run(manifests([]), [])).exitCode).to.equal(2);
  });

  it("says when no FRR answers", async () => {
    const { exitCode } = await run(manifests([]), ["--vtysh", join(dir, "missing")]);
    expect(exitCode).to.equal(3);
  });
});
