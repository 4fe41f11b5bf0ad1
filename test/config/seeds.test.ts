import { readFileSync, readdirSync } from "node:fs";
import { expect } from "chai";
import type { Config } from "../../src/config/config.ts";
import { serviceNotes } from "../../src/config/service-notes.ts";
import { chunksOf, parseChunk } from "../../src/manifests/documents.ts";
import { prefixText } from "../../src/net/prefix.ts";
import { NAMESPACE, errorsOf, node, parsed, snapshotOf } from "./support.ts";

const DIRECTORY = "test/fixtures/seeds";

const docsOf = (...files: readonly string[]): unknown[] =>
  files.flatMap((file) =>
    chunksOf(readFileSync(`${DIRECTORY}/${file}.yaml`, "utf8")).flatMap((chunk) => {
      const { found, bad, ignored } = parseChunk(chunk.text, NAMESPACE);
      expect([bad, ignored]).to.deep.equal([[], []]);
      return found.map(({ object }) => object);
    }),
  );

const LINUX = node("n1", "kubernetes.io/os: linux");
const configOf = (...files: readonly string[]): Config => {
  const result = parsed(...docsOf(...files), LINUX);
  expect(errorsOf(result)).to.deep.equal([]);
  return result.config;
};
const cidrs = (config: Config, pool: string): string[] =>
  config.pools.find((p) => p.name === pool)!.cidrs.map(prefixText);

describe("Every fragment of the seeds means what the seed says", () => {
  it("all of them are read", () => {
    const files = readdirSync(DIRECTORY).filter((f) => f.endsWith(".yaml"));
    expect(files).to.have.length(17);
    for (const file of files) expect(docsOf(file.replace(".yaml", ""))).not.to.have.length(0);
  });

  it("worker-only: only labelled nodes announce the default pool (S18)", () => {
    const docs = docsOf("000-worker-only");
    const { config } = parsed(
      ...docs,
      node("w", 'node-role.kubernetes.io/worker: ""'),
      node("c", 'node-role.kubernetes.io/control-plane: ""'),
      ...docsOf("001-4.3-pools")
        .map((d) => ({
          ...(d as object),
          metadata: { name: "default-pool", namespace: NAMESPACE },
        }))
        .slice(0, 1),
    );
    expect(config.pools[0]!.l2Advertisements[0]!.nodes).to.deep.equal(["w"]);
  });

  it("worker-only without any worker: a warning with a way out (S19, X5)", () => {
    const { problems } = parsed(...docsOf("000-worker-only"), node("c"));
    const [note] = problems.filter((p) => p.rule === "X5");
    expect(note!.severity).to.equal("warning");
    expect(note!.message).to.include(
      "node-role.kubernetes.io/control-plane, operator: DoesNotExist",
    );
  });

  it("4.1: a range and a CIDR, assigned by themselves, without .0 and .255 (S56 to S59)", () => {
    const config = configOf("001-4.1-pool");
    expect(cidrs(config, "pool-name")).to.deep.equal([
      "198.51.100.1/32",
      "198.51.100.2/31",
      "198.51.100.4/30",
      "198.51.100.8/31",
      "192.0.2.0/28",
    ]);
    expect(config.pools[0]).to.include({ autoAssign: true, avoidBuggyIPs: true });
  });

  it("4.2: one pool, Linux nodes, one interface (S60 to S62)", () => {
    const [found] = configOf("001-4.1-pool", "001-4.2-l2").pools[0]!.l2Advertisements;
    expect(found).to.deep.include({ nodes: ["n1"], interfaces: ["eth0"], allInterfaces: false });
  });

  it("4.3: a public pool and one on request (S63)", () => {
    const flags = configOf("001-4.3-pools").pools.map((p) => [p.name, p.autoAssign]);
    expect(flags).to.deep.equal([
      ["internal-pool", false],
      ["public-pool", true],
    ]);
  });

  it("4.3 to 4.5, 6.1, 6.2: Services pass; what is deprecated is noted once (S64 to S66, X12)", () => {
    const docs = docsOf("001-4.3-service", "001-4.5-sharing", "001-6.1-policy", "001-6.2-policy");
    const notes = serviceNotes(snapshotOf(...docs).services);
    expect(notes.map((n) => [n.severity, n.code])).to.deep.equal([
      ["warning", "legacyAnnotation"],
      ["warning", "loadBalancerIpField"],
    ]);
    expect(serviceNotes(snapshotOf(...docsOf("001-4.4-service")).services)).to.have.length(1);
  });

  it("5.1: both passwords are refused, and only this peer is lost (X6)", () => {
    const result = parsed(...docsOf("001-5.1-peer", "001-5.3-peers"), LINUX);
    expect(errorsOf(result)).to.include("V76 peer-name spec.passwordSecret");
    expect(new Set(result.problems.map((p) => p.object.name))).to.deep.equal(
      new Set(["peer-name"]),
    );
    expect(result.config.peers.map((p) => p.name)).to.deep.equal(["router-1", "router-2"]);
  });

  it("5.1: with one of them it is what it says (S67 to S72)", () => {
    const [peer] = docsOf("001-5.1-peer") as [{ spec: Record<string, unknown> }];
    const { passwordSecret: _, ...spec } = peer.spec;
    const result = parsed({ ...peer, spec }, LINUX);
    expect(result.problems).to.deep.equal([]);
    expect(result.config.peers[0]).to.deep.include({
      myAsn: 64500,
      remoteAs: 64501,
      endpoint: { kind: "address", address: "192.0.2.1" },
      port: 179,
      timers: { holdTimeS: 90, keepaliveTimeS: 30, given: { holdTimeS: 90, keepaliveTimeS: 30 } },
      password: "bgp-password",
    });
  });

  it("5.2: lengths, LOCAL_PREF, community, peer (S73 to S78)", () => {
    const { config, problems } = parsed(
      ...docsOf("001-4.1-pool", "001-5.2-bgp", "001-5.3-peers"),
      LINUX,
    );
    expect(config.pools[0]!.bgpAdvertisements[0]).to.deep.include({
      aggregationLength: 32,
      aggregationLengthV6: 128,
      localPref: 100,
      communities: [{ kind: "standard", text: "65535:65281" }],
      peers: ["peer-name"],
    });
    expect(problems.map((p) => p.code)).to.deep.equal(["unknownPeer"]);
  });

  it("5.2: LOCAL_PREF towards an eBGP peer is noted (S76)", () => {
    const [given] = docsOf("001-5.2-bgp") as [{ spec: object }];
    const adv = { ...given, spec: { ...given.spec, peers: ["router-1"] } };
    const { problems } = parsed(...docsOf("001-4.1-pool", "001-5.3-peers"), adv, LINUX);
    expect(problems.map((p) => [p.severity, p.rule])).to.deep.equal([["warning", "S76"]]);
  });

  it("5.3: two peers for redundancy (S79)", () =>
    expect(configOf("001-5.3-peers").peers.map((p) => p.name)).to.deep.equal([
      "router-1",
      "router-2",
    ]));

  it("5.4: aliases by name (S80, S81)", () => {
    const config = configOf("001-4.3-pools", "001-5.4-community", "001-5.4-use");
    for (const pool of config.pools)
      expect(pool.bgpAdvertisements[0]!.communities.map((c) => c.text)).to.deep.equal([
        "65535:65281",
      ]);
    expect(errorsOf(parsed(...docsOf("001-5.4-use")))).to.deep.equal([
      "V49 by-alias spec.communities[0]",
    ]);
  });

  it("6.3: both families in one pool (S87)", () =>
    expect(cidrs(configOf("001-6.3-dual-stack"), "dual-stack-pool")).to.deep.equal([
      "198.51.100.240/29",
      "198.51.100.248/31",
      "198.51.100.250/32",
      "fd00::1/128",
      "fd00::2/127",
      "fd00::4/126",
      "fd00::8/125",
      "fd00::10/128",
    ]));

  it("6.5: the profile in milliseconds, named by a peer; what has no effect is noted (S92 to S96, X8)", () => {
    const { config, problems } = parsed(...docsOf("001-6.5-bfd", "001-6.5-use"), LINUX);
    expect(config.bfdProfiles).to.deep.equal([
      {
        name: "fast-detect",
        receiveIntervalMs: 300,
        transmitIntervalMs: 300,
        detectMultiplier: 3,
        echoIntervalMs: 50,
        echoMode: true,
        passiveMode: false,
        minimumTtl: 254,
      },
    ]);
    expect(config.peers[0]!.bfdProfile).to.equal("fast-detect");
    expect(problems.map((p) => [p.severity, p.rule, p.object.name])).to.deep.equal([
      ["warning", "X8", "with-bfd"],
    ]);
  });
});
