/** No secret leaves by a log or a support bundle: planted ones are looked for, in every spelling. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Ajv } from "ajv";
import { expect } from "chai";
import { execa } from "execa";
import { createNet } from "../../src/lab/netns.ts";
import type { Net } from "../../src/lab/netns.ts";
import { ensureBundle, FERROLB, ferrolb } from "../support/bundle.ts";
import { pool, service, yaml } from "../support/manifests.ts";
import { eventually } from "../support/wait.ts";

const PLANTED = {
  peer: "Plant3d-peer!x",
  secret: 'Plant3d/secret&"y"',
  key: "Plant3d-membership-key",
  extras: "Plant3d-extras-z",
  env: "Plant3d-env-token",
  refused: "Plant3d-refused-w",
} as const;

const spellings = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64"),
  encodeURIComponent(secret),
];
const expectNone = (text: string, where: string): void => {
  for (const [name, secret] of Object.entries(PLANTED))
    for (const spelled of spellings(secret))
      expect(text.includes(spelled), `${name} as ${spelled} in ${where}`).to.equal(false);
};

const peer = (name: string, spec: object) => ({
  apiVersion: "metallb.io/v1beta2",
  kind: "BGPPeer",
  metadata: { name, namespace: "metallb-system" },
  spec: { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.250", ...spec },
});
const secret = (name: string, over: object) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "metallb-system" },
  ...over,
});
const OBJECTS = [
  { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } },
  pool("p", "203.0.113.0/24"),
  service("web"),
  peer("direct", { password: PLANTED.peer }),
  peer("by-secret", { peerAddress: "192.0.2.251", passwordSecret: { name: "bgp" } }),
  peer("refused", { peerAddress: "192.0.2.252", password: { not: PLANTED.refused } }),
  secret("bgp", {
    type: "kubernetes.io/basic-auth",
    data: { password: Buffer.from(PLANTED.secret).toString("base64") },
  }),
  secret("memberlist", { stringData: { secretkey: PLANTED.key } }),
  secret("broken", { stringData: { password: [PLANTED.refused] } }),
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "bgpextras", namespace: "metallb-system" },
    data: { extras: `router bgp 64500\n neighbor 192.0.2.250 password ${PLANTED.extras}\n` },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "controller",
      namespace: "metallb-system",
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ x: PLANTED.env }),
      },
    },
    spec: {
      template: {
        spec: { containers: [{ image: "x", env: [{ name: "API_TOKEN", value: PLANTED.env }] }] },
      },
    },
  },
];

describe("secrets stay inside", function () {
  this.timeout(120_000);
  let dir = "";
  let net: Net;

  before(async () => {
    await ensureBundle();
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-secrets-`));
    await mkdir(join(dir, "manifests"));
    await writeFile(join(dir, "manifests", "all.yaml"), yaml(...OBJECTS));
    await writeFile(join(dir, "secretkey"), PLANTED.key);
    net = createNet();
  });
  after(async () => {
    await net.destroy();
    await rm(dir, { recursive: true, force: true });
  });

  it("in a support bundle of a directory, with a log that says too much", async () => {
    const log = join(dir, "noisy.log");
    await writeFile(
      log,
      Object.values(PLANTED)
        .filter((s) => s !== PLANTED.extras)
        .map((s) => `{"msg":"x","v":${JSON.stringify(s)}}`)
        .join("\n"),
    );
    const to = join(dir, "bundle.tar.gz");
    const args = ["support", "-f", join(dir, "manifests"), "--logs", log, "--frr"];
    const frr = ["--vty-dir", join(dir, "no-frr"), "--to", to, "-o", "json"];
    const { stdout, stderr, exitCode } = await ferrolb([...args, ...frr]);
    expect(exitCode, stderr).to.equal(0);
    const fits = new Ajv().compile(
      JSON.parse(readFileSync("docs/schemas/support.schema.json", "utf8")) as object,
    );
    const answer = JSON.parse(stdout) as { file: string; parts: string[] };
    expect(fits(answer)).to.equal(true);
    // Whole, and readable by the tar of the machine.
    await mkdir(join(dir, "out"));
    await execa("tar", ["-xzf", to, "-C", join(dir, "out")]);
    const listed = (await execa("tar", ["-tzf", to])).stdout.split("\n");
    expect(listed).to.deep.equal(answer.parts);
    for (const name of ["doctor.txt", "doctor.json", "status.txt", "validate.json", "version.txt"])
      expect(listed).to.include(`ferrolb-support/${name}`);
    expect(listed).to.include.members([
      "ferrolb-support/objects/BGPPeer.yaml",
      "ferrolb-support/objects/Secret.yaml",
      "ferrolb-support/frr/show-running-config.txt",
      "ferrolb-support/logs/noisy.log",
    ]);
    for (const name of listed) expectNone(await readFile(join(dir, "out", name), "utf8"), name);
    expectNone(gunzipSync(await readFile(to)).toString("latin1"), "the archive");
    const peers = await readFile(join(dir, "out/ferrolb-support/objects/BGPPeer.yaml"), "utf8");
    expect(peers).to.contain("peerAddress: 192.0.2.250").and.to.contain("<masked>");
  });

  it("in the logs of both daemons at debug, with broken objects among the good; the level changes at run time", async () => {
    const ns = await net.namespace("n1");
    const common = [
      "--manifests",
      join(dir, "manifests"),
      "--health-probe-port",
      "0",
      "--port",
      "0",
    ];
    const controller = ns.spawn(
      FERROLB,
      ...["controller", ...common, "--state-dir", join(dir, "c"), "--log-level", "all"],
    );
    const speaker = ns.spawn(
      FERROLB,
      ...["speaker", ...common, "--node-name", "n1", "--state-dir", join(dir, "s")],
      ...["--log-level", "warn", "--ml-bindaddr", "127.0.0.1", "--ml-secret-key-path", dir],
      ...["--frr-config", join(dir, "frr.conf"), "--vty-dir", join(dir, "no-frr")],
    );
    const said = { controller: "", speaker: "" };
    for (const [name, { stdout, stderr }] of Object.entries({ controller, speaker }))
      for (const stream of [stdout, stderr])
        stream.on("data", (d: Buffer) => (said[name as keyof typeof said] += d.toString()));
    await eventually(
      "both speak",
      () => said.controller.includes("manifest problem") && said.speaker !== "",
    );
    expect(said.speaker).not.to.match(/"level":"(debug|info)"/);
    const asked = said.speaker.length;
    // The process of the namespace is `ip`, which became the launcher, which became node.
    process.kill(speaker.pid, "SIGUSR2");
    await eventually("it says that it says more", () =>
      /"logLevel":"debug","msg":"log level changed"/.test(said.speaker.slice(asked)),
    );
    await writeFile(
      join(dir, "manifests", "more.yaml"),
      yaml(peer("more", { peerAddress: "192.0.2.253", password: PLANTED.peer, holdTime: "1s" })),
    );
    process.kill(speaker.pid, "SIGUSR2");
    await eventually("and less again", () => said.speaker.includes('"logLevel":"warn"'));
    controller.kill();
    speaker.kill();
    await Promise.all([controller.ended, speaker.ended]);
    for (const [name, text] of Object.entries(said)) expectNone(text, `the log of the ${name}`);
    for (const line of said.speaker.split("\n").filter(Boolean))
      expect(Object.keys(JSON.parse(line) as object)).to.include.members(["level", "ts", "msg"]);
  });
});
