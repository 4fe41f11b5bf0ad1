import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import type { AnnounceAnswer } from "../../src/cli/announce.ts";

const MANIFESTS = `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: pool, namespace: metallb-system}
spec: {addresses: [192.0.2.0/24]}
---
apiVersion: metallb.io/v1beta1
kind: Community
metadata: {name: well-known, namespace: metallb-system}
spec: {communities: [{name: no-export, value: "65535:65281"}]}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: hosts, namespace: metallb-system}
spec: {localPref: 150, communities: [no-export, "64500:7", "large:64500:1:2"]}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: aggregate, namespace: metallb-system}
spec: {aggregationLength: 26, peers: [router-1]}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: l2, namespace: metallb-system}
spec: {interfaces: [eth1]}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: router-1, namespace: metallb-system}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 198.51.100.1, password: correct-horse}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: router-2, namespace: metallb-system}
spec:
  myASN: 64500
  peerASN: 64502
  peerAddress: 198.51.100.2
  nodeSelectors: [{matchLabels: {rack: b}}]
---
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {rack: b, node.kubernetes.io/exclude-from-external-load-balancers: ""}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: [{addresses: [10.1.1.1], nodeName: n1}]
`;
const TAGGED = {
  localPref: 150,
  communities: ["64500:7", "65535:65281"],
  largeCommunities: ["64500:1:2"],
};
const HOST = { prefix: "192.0.2.0/32", ...TAGGED };
const NETWORK = { prefix: "192.0.2.0/26", localPref: 0, communities: [], largeCommunities: [] };

describe("ferrolb announce and render", function () {
  this.timeout(60_000);
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "ferrolb-announce-"));
    await writeFile(join(dir, "all.yaml"), MANIFESTS);
  });
  after(() => rm(dir, { recursive: true }));

  const ferrolb = (...args: string[]) =>
    execa("node", ["--import", "tsx", "src/cli/main.ts", ...args, "-f", dir], { reject: false });
  const announce = async (...args: string[]): Promise<AnnounceAnswer> => {
    const { stdout, exitCode } = await ferrolb("announce", "-o", "json", ...args);
    expect(exitCode).to.equal(0);
    const schema = JSON.parse(
      await readFile("docs/schemas/announce.schema.json", "utf8"),
    ) as object;
    const validate = new Ajv({ strict: false }).compile(schema);
    const answer: unknown = JSON.parse(stdout);
    expect(validate(answer), JSON.stringify(validate.errors)).to.equal(true);
    return answer as AnnounceAnswer;
  };

  it("says that a Service without an address is announced nowhere", async () => {
    const answer = await announce("--node", "n1");
    expect(answer.l2["default/web"]?.reason).to.equal("noIPAllocated");
    expect(answer.bgp.sessions).to.deep.equal({ "router-1": [] });
  });

  it("--allocate gives addresses first", async () => {
    const answer = await announce("--node", "n1", "--allocate");
    expect(answer.bgp.sessions).to.deep.equal({ "router-1": [NETWORK, HOST] });
    expect(answer.l2["default/web"]).to.deep.equal({
      announce: true,
      interfaces: ["eth1"],
      reason: "",
    });
  });

  it("honours the exclude label, or not", async () => {
    const honoured = await announce("--node", "n2", "--allocate");
    expect(honoured.bgp.sessions).to.deep.equal({ "router-1": [], "router-2": [] });
    const ignored = await announce("--node", "n2", "--allocate", "--ignore-exclude-lb");
    expect(ignored.bgp.sessions).to.deep.equal({
      "router-1": [NETWORK, HOST],
      "router-2": [HOST],
    });
  });

  it("--speakers names those alive", async () => {
    const answer = await announce("--node", "n1", "--allocate", "--speakers", "n2");
    expect(answer.l2["default/web"]?.announce).to.equal(false);
  });

  it("reads addresses from .status", async () => {
    const place = join(dir, ".status", "Service", "default");
    await mkdir(place, { recursive: true });
    const status = { loadBalancer: { ingress: [{ ip: "192.0.2.77" }] } };
    await writeFile(join(place, "web.json"), JSON.stringify({ status }));
    const { stdout } = await ferrolb("announce", "--node", "n1");
    await rm(join(dir, ".status"), { recursive: true });
    expect(stdout).to.contain("192.0.2.77/32");
  });

  it("prints frr.conf without its passwords, or with them", async () => {
    const masked = await ferrolb("render", "--node", "n1", "--allocate");
    expect(masked.exitCode).to.equal(0);
    expect(masked.stdout).to.contain("neighbor 198.51.100.1 password ********");
    expect(`${masked.stdout}${masked.stderr}`).not.to.contain("correct-horse");
    const shown = await ferrolb("render", "--node", "n1", "--allocate", "--show-secrets");
    expect(shown.stdout).to.contain("neighbor 198.51.100.1 password correct-horse");
    expect(shown.stdout).to.match(/^ {2}network 192\.0\.2\.0\/32 route-map ferrolb-class-\d+$/m);
  });

  it("renders host name and log level as asked", async () => {
    const { stdout } = await ferrolb(
      "render",
      "--node",
      "n1",
      "--hostname",
      "h",
      "--log-level",
      "debug",
    );
    expect(stdout).to.match(/^log stdout debugging$/m);
    expect(stdout).to.match(/^debug bgp updates$/m);
    expect(stdout).to.match(/^hostname h$/m);
    expect((await ferrolb("render", "--node", "n1", "--log-level", "loud")).exitCode).to.equal(2);
  });

  it("goes on without what has errors, names it and exits 1", async () => {
    const bad = join(dir, "bad.yaml");
    await writeFile(
      bad,
      JSON.stringify({
        apiVersion: "metallb.io/v1beta2",
        kind: "BGPPeer",
        metadata: { name: "evil", namespace: "metallb-system" },
        spec: {
          myASN: 64500,
          peerASN: 64503,
          peerAddress: "198.51.100.9",
          password: "x\n neighbor y",
        },
      }),
    );
    const { stdout, stderr, exitCode } = await ferrolb("render", "--node", "n1");
    await rm(bad);
    expect(exitCode).to.equal(1);
    expect(stdout)
      .to.contain("neighbor 198.51.100.1 remote-as 64501")
      .and.not.to.contain("198.51.100.9");
    expect(stderr).to.contain("BGPPeer metallb-system/evil").and.not.to.contain("neighbor y");
  });
});
