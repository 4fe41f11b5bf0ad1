/**
 * Three speakers of MetalLB 0.16.1 and three of FerroLB in one cluster: one answer per address, through kills of
 * either kind. MetalLB's binaries come from `FERROLB_PEER_DIR`, or from the archive beside the project.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { applyCrds, post } from "../support/crds.ts";
import { isRoot } from "../support/lab.ts";
import { KUBE_BUILD_MS, kubeBinaries, startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import {
  mergeStatus,
  METALLB,
  peerDir,
  postSpeakerPod,
  speakerEnvironment,
  startRelay,
} from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";
import { percentile } from "./arp-watch.ts";
import { startRing } from "./ring.ts";
import type { Launch, Ring } from "./ring.ts";

const ADDRESSES = 100;
const THEIRS = ["n1", "n2", "n3"];

describe("MetalLB and FerroLB in one ring", function () {
  this.timeout(240_000);
  let ring: Ring;
  let kube: Kube | null = null;
  let dir = "";
  const close: (() => Promise<unknown>)[] = [];

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    if (!isRoot()) this.skip(); // namespaces need root
    dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-mixed-`));
    close.push(() => rm(dir, { recursive: true, force: true }));
    const peers = await peerDir(dir);
    if (peers === null) this.skip(); // MetalLB's binaries are not given
    const bin = await kubeBinaries("kube-apiserver");
    if (bin === null) this.skip(); // kube-apiserver could not be built
    kube = await startKube(bin);
    const api = kube;
    close.push(() => api.stop());
    const relay = await startRelay(api, dir);
    close.push(() => {
      relay.close();
      return Promise.resolve();
    });
    const { kubeconfig } = relay;

    const launch: Launch = (node, { dir: own, addressOf, ferrolb }) => [
      ...speakerEnvironment({
        ...{ kubeconfig, node, address: addressOf(node), key: join(own, "key"), bgp: "native" },
      }),
      ...(THEIRS.includes(node)
        ? [join(peers, "metallb-speaker"), "--port", "7472", "--health-probe-port", "17472"]
        : [
            ...[...ferrolb, "speaker", "--state-dir", join(own, node), "--port", "0"],
            ...["--health-probe-port", "0", "--exclude-interfaces", join(own, "none")],
          ]),
    ];
    ring = await startRing({
      nodes: 6,
      addresses: ADDRESSES,
      launch,
      prepare: async (spaces) => {
        for (const [, { space }] of spaces) relay.open(space);
        const [first] = spaces.values();
        await fill(api, [...spaces.keys()], (node) => first?.addressOf(node) ?? "");
      },
    });
    close.push(() => ring.close());
    // Whoever starts later answers for nothing before it has joined: one answer each is not yet everybody.
    await eventually("all six own some", () => new Set(ring.owners().values()).size === 6, 90_000);
    await ring.settled(90_000);
  });
  after(async function () {
    this.timeout(60_000);
    for (const step of close.reverse()) await step();
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed")
      for (const node of ["n1", "n4", "n5"])
        console.log(`${node}:\n${ring.log(node).slice(-2500)}`);
  });

  it("one answer for each address, and both kinds have some", () => {
    const owners = new Set(ring.owners().values());
    expect([...owners].some((n) => THEIRS.includes(n))).to.equal(true);
    expect([...owners].some((n) => !THEIRS.includes(n))).to.equal(true);
  });

  for (const [what, victim] of [
    ["a FerroLB speaker is killed", "n5"],
    ["a MetalLB speaker is killed", "n2"],
  ] as const)
    it(`${what}: the others take over, and give back`, async () => {
      const lost = [...ring.owners()].filter(([, owner]) => owner === victim).map(([ip]) => ip);
      expect(lost.length).to.be.greaterThan(0);
      const startMs = Date.now();
      await ring.signal(victim, "SIGKILL");
      await ring.settled(60_000);
      const { gaps, overlaps } = ring.since(startMs);
      const gap = lost.map((ip) => gaps.get(ip) ?? 0);
      console.log(
        `      ${what}: without an answer p50 ${percentile(gap, 0.5)} ms, most ${percentile(gap, 1)} ms; ` +
          `two answers at most ${percentile(overlaps.values(), 1)} ms`,
      );
      expect([...ring.owners().values()]).not.to.include(victim);
      await ring.start(victim);
      await eventually(
        "it has its addresses again",
        () => [...ring.owners().values()].includes(victim),
        90_000,
      );
      await ring.settled(60_000);
    });
});

/** CRDs, nodes, speaker Pods, a pool and a hundred Services that hold its addresses. */
async function fill(
  kube: Kube,
  nodes: readonly string[],
  addressOf: (node: string) => string,
): Promise<void> {
  await applyCrds(kube);
  for (const name of nodes) {
    await post(kube, "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
    await postSpeakerPod(kube, name, addressOf(name));
  }
  await post(kube, `${METALLB}/ipaddresspools`, {
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata: { name: "ring" },
    spec: { addresses: [`198.51.100.1-198.51.100.${ADDRESSES}`] },
  });
  await post(kube, `${METALLB}/l2advertisements`, {
    apiVersion: "metallb.io/v1beta1",
    kind: "L2Advertisement",
    metadata: { name: "ring" },
    spec: {},
  });
  for (let i = 1; i <= ADDRESSES; i++) {
    const name = `web-${String(i).padStart(3, "0")}`;
    await post(kube, "/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    });
    await mergeStatus(kube, `/api/v1/namespaces/default/services/${name}`, {
      loadBalancer: { ingress: [{ ip: `198.51.100.${i}` }] },
    });
    await post(kube, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.244.0.9"], nodeName: nodes[0], conditions: { ready: true } }],
      ports: [],
    });
  }
}
