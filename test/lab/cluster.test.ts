/** The lab on a real API server with the real kube-proxy: its claims, kubectl's words, an API server that goes away, a leader that dies. */
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect } from "chai";
import type { KubeObject, Service } from "../../src/api/objects.ts";
import type { Store } from "../../src/api/store.ts";
import { backendCommand } from "../../src/lab/backend.ts";
import { startCluster, followCluster } from "../../src/lab/cluster.ts";
import type { Cluster } from "../../src/lab/cluster.ts";
import { applyObjects } from "../../src/lab/cluster-objects.ts";
import { daemon } from "../../src/lab/daemon.ts";
import type { Daemon } from "../../src/lab/daemon.ts";
import { startLab } from "../../src/lab/lab.ts";
import type { Lab } from "../../src/lab/lab.ts";
import { eyesOf } from "../../src/lab/observe.ts";
import type { Eyes } from "../../src/lab/claims.ts";
import { NODES, POD_NETWORKS } from "../../src/lab/plan.ts";
import { startControllerManager } from "../support/controller-manager.ts";
import { ferrolb, isRoot } from "../support/lab.ts";
import { bgpAdvertisement, l2Advertisement, nodes, pool, router1, router2, service } from "../support/lab-manifests.ts"; // prettier-ignore
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { recordEvents } from "../support/router-events.ts";
import { eventually } from "../support/wait.ts";

/** Services made while watches are cut; as many as a fifth of them, and some more, are there before. */
const MANY = Number(process.env["FERROLB_CLUSTER_SERVICES"] ?? 150);
const BEFORE = Math.ceil(MANY / 5) + 40;
const ALL = BEFORE + MANY;
/** Cuts, a second apart, when all is done: memory is to stay where it is. */
const CUTS = Number(process.env["FERROLB_WATCH_CUTS"] ?? 8);
const OUTAGE_S = Number(process.env["FERROLB_OUTAGE_S"] ?? 20);
const KILLS = Number(process.env["FERROLB_LEADER_KILLS"] ?? 3);
const LIMIT_MS = 120_000;

const nameOf = (i: number): string => `many-${`${i}`.padStart(3, "0")}`;
/** Half of them in each family: documentation ranges are small. */
const six = (i: number): boolean => i >= 200;
const crowd = (i: number): readonly KubeObject[] => {
  const made = service(nameOf(i), {
    annotations: { "metallb.io/address-pool": "crowd" },
    ...(six(i) && { ip: "2001:db8::" }),
  });
  const [svc, slice] = made as unknown as [Service, KubeObject];
  const { loadBalancerIP: _, ...spec } = svc.spec ?? {};
  const families = six(i) ? { ipFamilies: ["IPv6"], ipFamilyPolicy: "SingleStack" } : {};
  return [{ ...svc, spec: { ...spec, ...families } } as Service, slice];
};

const mb = (each: readonly number[]): string => each.map(Math.round).join(" ");

describe("the lab on an API server", function () {
  this.timeout(LIMIT_MS * 3 + (OUTAGE_S + CUTS) * 1000 + KILLS * 20_000 + MANY * 600);
  let cluster: Cluster;
  let lab: Lab;
  let made = ALL;
  let eyes: Eyes;
  let store: Store;
  let bin: string;
  let second: Daemon;
  const close: (() => Promise<unknown>)[] = [];

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    if (!isRoot()) this.skip(); // namespaces need root
    const found = await kubeBinaries(
      "kube-apiserver",
      "kube-controller-manager",
      "kube-proxy",
      "kubectl",
    );
    if (found === null) this.skip(); // Kubernetes' programs could not be built: no Go
    bin = found;
    const prefix = `ferrolb-${process.pid}-cl`;
    const dir = await mkdtemp(join(tmpdir(), `${prefix}-`));
    const objects = [
      ...nodes(),
      router1({ dualStackAddressFamily: true }),
      router2({ dualStackAddressFamily: true }),
      pool("default-pool", ["198.51.100.200-198.51.100.210"]),
      l2Advertisement("default", { ipAddressPools: ["default-pool"] }),
      pool("crowd", ["203.0.113.0/24", "2001:db8:0:f::/64"], { autoAssign: false }),
      bgpAdvertisement("crowd", { ipAddressPools: ["crowd"] }),
    ] as unknown as readonly KubeObject[];
    cluster = await startCluster({ dir: join(dir, "cluster"), bin, crds: "deploy/kustomize/crds", objects }); // prettier-ignore
    close.push(() => cluster.stop());
    const words = await ferrolb();
    const { forLab } = cluster;
    lab = await startLab({
      ...{ prefix, dir, manifests: dir, ferrolb: words, cluster: forLab, restartMs: 500 },
      routers: { r1: { record: true }, r2: { record: true } },
    });
    close.push(() => lab.stop());
    second = daemon({
      name: "controller-2",
      netns: lab.places.wire.name,
      log: join(dir, "controller-2.log"),
      command: [
        ...[...words, "controller", "--kubeconfig", forLab.kubeconfig, "--webhook-mode"],
        ...["disabled", "--port", "0", "--health-probe-port", "0", "--state-dir", join(dir, "c2")],
      ],
      restartMs: 500,
    });
    second.start();
    close.push(() => second.stop());
    eyes = await eyesOf(lab);
    store = followCluster(cluster.api.kubeconfig, "metallb-system");
    close.push(() => store.close());
    await eventually("the store", () => store.snapshot() !== null, LIMIT_MS);
  });
  after(async function () {
    this.timeout(60_000);
    for (const step of close.reverse()) await step();
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed")
      for (const { name, log } of [lab.controller, second, lab.nodes.n1.speaker])
        console.log(`${name}:\n${(await readFile(log, "utf8")).slice(-2000)}`);
  });

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const env = { KUBECONFIG: cluster.api.kubeconfig };
    return (await execa(join(bin, "kubectl"), args, { env })).stdout;
  };
  const ipsOf = (): ReadonlyMap<string, readonly string[]> =>
    new Map(
      (store.snapshot()?.services ?? []).map((s) => [
        s.metadata.name,
        (s.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
      ]),
    );
  const ofCrowd = (): readonly (readonly string[])[] =>
    [...ipsOf()].flatMap(([name, ips]) => (name.startsWith("many-") ? [ips] : []));
  const duplicates = (): readonly string[] => {
    const all = [...ipsOf().values()].flat();
    return all.filter((ip, i) => all.indexOf(ip) !== i);
  };
  const inParallel = async (from: number, to: number, work: (i: number) => Promise<void>) => {
    let next = from;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < to; i = next++) await work(i);
    };
    await Promise.all(Array.from({ length: 8 }, worker));
  };
  const rssMb = async (one: Daemon): Promise<number> => {
    const status = await readFile(`/proc/${one.pid() ?? 0}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  };

  /** What scheduler and kubelet would do: the Pods of Deployments run on n1, where a server answers. */
  const runPods = async (app: string): Promise<boolean> => {
    const pods = "/api/v1/namespaces/default/pods";
    const { items } = (await cluster.client.request("GET", `${pods}?labelSelector=app%3D${app}`)) as { items: readonly KubeObject[] }; // prettier-ignore
    const ip = POD_NETWORKS[0]?.v4.pod;
    for (const { metadata } of items) {
      const target = { apiVersion: "v1", kind: "Node", name: "n1" };
      await cluster.client.request("POST", `${pods}/${metadata.name}/binding`, {
        ...{ apiVersion: "v1", kind: "Binding", metadata: { name: metadata.name }, target },
      });
      await cluster.client.patch(`${pods}/${metadata.name}/status`, {
        status: {
          ...{ phase: "Running", podIP: ip, podIPs: [{ ip }] },
          conditions: [{ type: "Ready", status: "True" }],
        },
      });
    }
    return items.length > 0;
  };
  const assigned = (): bigint | number | undefined =>
    store.snapshot()?.pools.find((p) => p.metadata.name === "default-pool")?.status?.assignedIPv4;

  it("kubectl's own words: created, an address appears once, curl gets 200, deleted, silent", async () => {
    const controllers = ["deployment-controller", "replicaset-controller", "endpointslice-controller"]; // prettier-ignore
    const manager = startControllerManager(bin, cluster.api, controllers);
    close.push(() => manager.stop());
    const server = daemon({
      ...{ name: "nginx", netns: lab.places.p1.name, log: join(cluster.api.dir, "nginx.log") },
      command: backendCommand("n1", 80),
    });
    server.start();
    close.push(() => server.stop());
    const env = { KUBECONFIG: cluster.api.kubeconfig };
    const watching = execa(join(bin, "kubectl"), ["get", "svc", "--watch"], { env, reject: false });
    let said = "";
    watching.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await eventually("the watch", () => said.includes("kubernetes"), LIMIT_MS);

    await kubectl("create", "deployment", "test-web", "--image=nginx");
    await eventually("a Pod", () => runPods("test-web"), LIMIT_MS, 200);
    const exposedMs = performance.now();
    await kubectl("expose", "deployment", "test-web", "--type=LoadBalancer", "--port=80");
    const ip = await eventually("an address", () => ipsOf().get("test-web")?.[0], LIMIT_MS);
    const assignedMs = performance.now();
    await eventually("reachable", async () => (await eyes.ask(ip, 80)) !== null, LIMIT_MS, 200);
    const reachableMs = performance.now();
    const code = ["curl", "-s", "-o", "/dev/null", "-m", "30", "-w", "%{http_code}"] as const;
    expect(await lab.places.c1.exec(...code, `http://${ip}`)).to.equal("200");
    await eventually("counted", () => assigned() === 1, LIMIT_MS);
    await sleep(1000); // for an address that would come and go
    const shown = said.split("\n").filter((line) => line.startsWith("test-web ")).map((line) => line.split(/\s+/)[3] ?? ""); // prettier-ignore
    expect(shown.filter((one, i) => one !== shown[i - 1])).to.deep.equal(["<pending>", ip]);
    watching.kill();
    await watching;

    await kubectl("delete", "svc", "test-web");
    const deletedMs = performance.now();
    await eventually("silent", async () => (await eyes.arp("eth0", ip)).length === 0, LIMIT_MS);
    const silentMs = performance.now();
    await eventually("back in the pool", () => assigned() === 0, LIMIT_MS);
    await kubectl("delete", "deployment", "test-web");
    const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
    console.log(
      `      address ${s(assignedMs - exposedMs)} after kubectl expose began, reachable ${s(reachableMs - assignedMs)} ` +
        `later; silent ${s(silentMs - deletedMs)} after kubectl delete`,
    );
  });

  it("an API server that goes away, an etcd that forgets, watches cut each second: nothing is withdrawn", async () => {
    await inParallel(0, BEFORE, (i) => applyObjects(cluster.client, crowd(i)));
    const routed = async (count: number): Promise<boolean> => {
      const all = await eyes.routes("r1");
      const mine = ofCrowd().flatMap((ips) => ips[0] ?? []);
      const through = (ip: string) => all.get(`${ip}/${ip.includes(":") ? 128 : 32}`)?.length;
      return mine.length === count && mine.every((ip) => through(ip) === NODES.length);
    };
    await eventually("the first ones routed", () => routed(BEFORE), LIMIT_MS, 500);
    const all = [lab.controller, ...NODES.map((n) => lab.nodes[n].speaker)];
    const before = await Promise.all(all.map(rssMb));
    const events = await recordEvents(lab, "r1");

    await cluster.api.kill();
    const taken = cluster.relay.taken();
    await sleep(OUTAGE_S * 1000);
    const perSecond = (cluster.relay.taken() - taken) / OUTAGE_S;
    expect(perSecond, "connections a second while nobody answers").to.be.lessThan(100);
    expect(await routed(BEFORE)).to.equal(true);
    await cluster.api.start();
    await cluster.api.compact();
    const creation = { ended: false };
    const making = inParallel(BEFORE, ALL, async (i) => {
      for (let tries = 0; tries < 50; tries++)
        try {
          await applyObjects(cluster.client, crowd(i));
          return;
        } catch {
          await sleep(200);
        }
      throw new Error(`${nameOf(i)} could not be made`);
    }).finally(() => (creation.ended = true));
    let cuts = 0;
    for (; cuts < 8 || !creation.ended; cuts++) {
      await sleep(1000);
      cluster.relay.cut();
    }
    await cluster.api.compact();
    await making;
    await eventually("all of them routed", () => routed(ALL), LIMIT_MS, 500);
    expect(duplicates()).to.deep.equal([]);
    const seen = await events();
    expect(seen.filter(({ kind }) => kind !== "announced")).to.deep.equal([]);
    const after = await Promise.all(all.map(rssMb));
    const cutOn = async (times: number): Promise<readonly number[]> => {
      for (let i = 0; i < times; i++) {
        await sleep(1000);
        cluster.relay.cut();
      }
      await sleep(3000);
      return await Promise.all(all.map(rssMb));
    };
    const calmed = await cutOn(CUTS / 2);
    const later = await cutOn(CUTS / 2);
    const perSecondNow = async (): Promise<number> => {
      const idle = cluster.relay.taken();
      await sleep(3000);
      return (cluster.relay.taken() - idle) / 3;
    };
    let calm = 0;
    await eventually("few connections once what was missed is written", async () => (calm = await perSecondNow()) < 10, LIMIT_MS); // prettier-ignore
    console.log(
      `      ${perSecond.toFixed(1)} connections a second while away, ${calm.toFixed(1)} after; ` +
        `${cuts} cuts while ${MANY} Services were made; resident MB with ${BEFORE} Services ${mb(before)}, ` +
        `with ${ALL} ${mb(after)}, ${CUTS / 2} cuts later ${mb(calmed)}, after as many again ${mb(later)}`,
    );
    for (const [i, now] of later.entries()) {
      expect(now, "for the Services that came").to.be.lessThan((before[i] ?? 0) + 80);
      expect(now, "for the cuts").to.be.lessThan((calmed[i] ?? 0) + 25);
    }
  });

  it("kill -9 on the leader while Services come and go: none lost, no address twice", async () => {
    /** Who holds the Lease and lives: a holder that was killed keeps its name there until it has run out. */
    const leader = async (): Promise<Daemon | undefined> => {
      const path =
        "/apis/coordination.k8s.io/v1/namespaces/metallb-system/leases/ferrolb-controller";
      const lease = (await cluster.client.request("GET", path)) as {
        readonly spec?: { readonly holderIdentity?: string };
      };
      const pid = Number(lease.spec?.holderIdentity?.split("-").at(-1) ?? 0);
      return [lab.controller, second].find((one) => one.pid() === pid);
    };
    const churn = { goes: true, next: made };
    const seen: string[] = [];
    const churning = (async () => {
      while (churn.goes) {
        const i = churn.next++;
        made = churn.next; // a second attempt goes on where the first one ended
        await applyObjects(cluster.client, crowd(i));
        const gone = `/api/v1/namespaces/default/services/${nameOf(i - 40)}`;
        await cluster.client.request("DELETE", gone);
        seen.push(...duplicates());
      }
    })();
    try {
      for (let round = 0; round < KILLS; round++) {
        const one = await eventually("a leader that lives", leader, LIMIT_MS, 100);
        const pid = one.pid();
        if (pid === null) throw new Error("the leader ended by itself");
        process.kill(pid, "SIGKILL");
        const known = new Set(ipsOf().keys());
        const served = () => [...ipsOf()].every(([name, ips]) => !known.has(name) || !name.startsWith("many-") || ips.length === 1); // prettier-ignore
        await eventually("another one leads", async () => {
          const now = await leader();
          return now !== undefined && now.pid() !== null && now.pid() !== pid && served();
        }, LIMIT_MS, 100); // prettier-ignore
      }
    } finally {
      churn.goes = false;
      await churning;
    }
    await eventually("each has one address", () => ofCrowd().length === ALL && ofCrowd().every((ips) => ips.length === 1), LIMIT_MS); // prettier-ignore
    expect(duplicates()).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
    console.log(`      ${KILLS} kills, ${churn.next - ALL} Services made meanwhile`);
  });
});

describe("ferrolb lab --cluster", function () {
  this.timeout(300_000);

  it("--check shows every claim of the plain lab", async function () {
    if (!isRoot()) this.skip(); // namespaces need root
    if ((await kubeBinaries("kube-apiserver", "kube-proxy")) === null) this.skip(); // no Go
    const [program = "", ...words] = await ferrolb();
    const args = ["lab", "--cluster", "--check", "--name", `t${process.pid}c`];
    const { exitCode, all } = await execa(program, [...words, ...args], {
      reject: false,
      all: true,
    });
    expect(exitCode, all).to.equal(0);
    const lines = all.split("\n").filter((line) => /^(ok|FAIL) /.test(line));
    expect(lines.filter((line) => line.startsWith("FAIL"))).to.deep.equal([]);
    expect(lines.length).to.be.greaterThan(20);
    expect(all).to.match(/reaches a backend, which sees the client's address/);
  });
});
