/**
 * A cluster changes over from a live MetalLB 0.16.1 and back: speaker by speaker, then the controller. No
 * address changes, no router forgets a prefix, every address has one answer before and after each step.
 * MetalLB's binaries come from `FERROLB_PEER_DIR`, or from the archive beside the project.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { KUBE_BUILD_MS, kubeBinaries } from "../support/kube.ts";
import { isRoot } from "../support/lab.ts";
import { peerDir, postSpeakerPod } from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";
import { percentile } from "../takeover/arp-watch.ts";
import type { ArpWatch } from "../takeover/arp-watch.ts";
import {
  bfdIsDown,
  bgpStatuses,
  heardSince,
  l2Statuses,
  leftovers,
  markOf,
  received,
  states,
} from "./look.ts";
import type { Kind, Node } from "./node.ts";
import { addressOf } from "./plan.ts";
import type { RouterName } from "./plan.ts";
import { startSite } from "./site.ts";
import type { Site } from "./site.ts";
import {
  addressOfService,
  allocated,
  configure,
  createService,
  createServices,
  holdings,
} from "./workload.ts";

const COUNT = Number(process.env["FERROLB_CHANGEOVER_SERVICES"] ?? 20);
const FRR = (process.env["FERROLB_CHANGEOVER_FRR"] ?? "8.4") as FrrVersion;
const LIMIT_MS = 120_000 + COUNT * 1500;
const ROUTER_NAMES: readonly RouterName[] = ["r1", "r2"];

describe(`a changeover from MetalLB and back, ${COUNT} Services, FRR ${FRR}`, function () {
  this.timeout(300_000 + COUNT * 2000);
  let site: Site;
  let arp: ArpWatch;
  let held: ReadonlyMap<string, string>;
  let prefixes: Readonly<Record<RouterName, readonly string[]>>;
  let routes: Readonly<Record<RouterName, ReadonlyMap<string, string>>>;
  let peersTold: readonly string[];
  let secret: unknown;
  const gaps = new Map<string, number[]>();
  const close: (() => unknown)[] = [];

  before(async function () {
    this.timeout(KUBE_BUILD_MS);
    if (!isRoot()) this.skip(); // namespaces need root
    const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-peers-`));
    close.push(() => rm(dir, { recursive: true, force: true }));
    const peers = await peerDir(dir);
    if (peers === null) this.skip(); // MetalLB's binaries are not given
    const bin = await kubeBinaries("kube-apiserver", "kube-controller-manager");
    if (bin === null) this.skip(); // kube-apiserver could not be built
    site = await startSite({ bin, peers, frr: FRR, closing: (step) => close.push(step) });
    await begin().catch((error: unknown) => {
      showLogs();
      throw error;
    });
  });
  after(async function () {
    this.timeout(180_000);
    for (const step of close.reverse()) await step();
  });
  const begin = async (): Promise<void> => {
    const { kube, controller, nodes } = site;
    await configure(kube);
    controller.start("metallb");
    await createServices(kube, COUNT);
    held = await allocated(kube, COUNT);
    secret = await memberlistSecret();
    await site.writeKey(keyIn(secret));
    const ips = [...held.values()].flatMap((text) => text.split(" ").slice(0, -1));
    const v4 = [...new Set(ips.filter((ip) => !ip.includes(":")))].sort();
    const v6 = [...new Set(ips.filter((ip) => ip.includes(":")))].sort();
    prefixes = {
      r1: v4.map((ip) => `${ip}/32`),
      r2: [...v4.map((ip) => `${ip}/32`), "203.0.113.0/24", ...v6.map((ip) => `${ip}/128`)],
    };
    arp = site.watch(v4);
    for (const node of nodes) await node.start("metallb");
    await arp.settled(LIMIT_MS);
    routes = await complete();
    await sleep(2000); // the End-of-RIB of both sides has to be through
    peersTold = await eventually("status of every Service", async () => {
      const told = await bgpStatuses(kube);
      return told.length >= COUNT * 2 && told.every((line) => / r\d/.test(line)) && told;
    });
  };
  const showLogs = (): void => {
    if ((site as Site | undefined) === undefined) return;
    for (const { name, log } of site.nodes) console.log(`${name}:\n${log().slice(-3000)}`);
    console.log(`controller:\n${site.controller.log().slice(-3000)}`);
  };
  afterEach(function () {
    if (this.currentTest?.state === "failed") showLogs();
  });

  const memberlistSecret = (): Promise<unknown> =>
    eventually("the membership Secret", async () => {
      const path = "/api/v1/namespaces/metallb-system/secrets/memberlist";
      const { status, body } = await site.kube.request("GET", path);
      return status === 200 && body;
    });
  const keyIn = (body: unknown): string =>
    Buffer.from((body as { data: { secretkey: string } }).data.secretkey, "base64").toString();

  /** Every prefix, fresh, from every node that should have it, at both routers. */
  const complete = async (): Promise<typeof routes> => {
    const local = [...held].filter((_, i) => i % 10 === 9).map(([, text]) => text.split(" ")[0]);
    const nodesOf = (prefix: string): number => (local.includes(prefix.split("/")[0]) ? 2 : 3);
    const look = async (name: RouterName): Promise<ReadonlyMap<string, string>> => {
      const wanted = prefixes[name].reduce((sum, prefix) => sum + nodesOf(prefix), 0);
      let seen: ReadonlyMap<string, string> = new Map();
      return await eventually(
        `all paths at ${name}`,
        async () => {
          seen = await received(site.routers[name], prefixes[name]);
          return (
            seen.size === wanted && [...seen.values()].every((v) => !v.includes("stale")) && seen
          );
        },
        LIMIT_MS,
        500,
      ).catch((cause: unknown) => {
        const text = [...seen].slice(0, 20).join("\n");
        throw new Error(`${seen.size} of ${wanted} paths at ${name}:\n${text}`, { cause });
      });
    };
    return { r1: await look("r1"), r2: await look("r2") };
  };

  /** A new Pod in place of the old one; what belonged to that goes with it. */
  const replacePod = async (node: string): Promise<void> => {
    const path = `/api/v1/namespaces/metallb-system/pods/speaker-${node}`;
    await site.kube.request("DELETE", `${path}?gracePeriodSeconds=0`);
    await postSpeakerPod(site.kube, node, addressOf(node));
  };

  /** Everything that a change must leave as it was. */
  const unchanged = async (): Promise<void> => {
    expect([...(await holdings(site.kube))]).to.deep.equal([...held]);
    const now = await complete();
    for (const name of ROUTER_NAMES)
      expect([...now[name]].sort(), name).to.deep.equal([...routes[name]].sort());
    const beganMs = Date.now();
    const seen: string[] = [];
    await eventually(
      "one ServiceBGPStatus for each Service and node",
      async () => {
        const told = await bgpStatuses(site.kube);
        const missing = peersTold.filter((line) => !told.includes(line)).length;
        seen.push(`${missing} missing of ${told.length}`);
        return told.join("\n") === peersTold.join("\n");
      },
      LIMIT_MS,
      500,
    ).catch(async () => expect(await bgpStatuses(site.kube)).to.deep.equal(peersTold));
    const owned = (): string[] => {
      const owners = arp.owners();
      return [...held].map(([service, text]) => {
        const first = text.split(" ").find((ip) => owners.has(ip)) ?? "";
        return `${service} on ${owners.get(first) ?? ""}`;
      });
    };
    await eventually(
      "one ServiceL2Status for each Service, of the node that answers",
      async () => (await l2Statuses(site.kube)).join("\n") === owned().sort().join("\n"),
      LIMIT_MS,
      500,
    ).catch(async () => expect(await l2Statuses(site.kube)).to.deep.equal(owned().sort()));
    console.log(
      `      status objects as they should be after ${Date.now() - beganMs} ms more` +
        ` (ServiceBGPStatus: ${seen.filter((one, i) => i % 10 === 0 && one !== seen[i - 1]).join(", ")})`,
    );
    expect(await states(site.kube)).to.deep.equal({
      ...{ controller: "Valid", "speaker-n1": "Valid", "speaker-n2": "Valid" },
      "speaker-n3": "Valid",
    });
    expect(keyIn(await memberlistSecret())).to.equal(keyIn(secret));
  };

  /**
   * One speaker's Pod is replaced. Where BFD is on, MetalLB's first reload after a restart ends the session that
   * has just come up, with its own Pods too: the router then waits a second for this node's paths. Towards
   * MetalLB they are printed only.
   */
  const swap = async (node: Node, to: Kind, frr: "restarts" | "stays"): Promise<void> => {
    const marks = { r1: await markOf(site.routers.r1), r2: await markOf(site.routers.r2) };
    const moved = [...arp.owners()].filter(([, owner]) => owner === node.name).map(([ip]) => ip);
    const startMs = Date.now();
    await node.stop();
    await replacePod(node.name);
    if (frr === "restarts")
      await node.freshFrr(() =>
        // A new container takes its time. An FRR that is back before BFD has missed the old one loses its new session to that.
        eventually("BFD has missed it", () => bfdIsDown(site.routers.r1, node.name), LIMIT_MS, 200),
      );
    await node.start(to);
    await sleep(1000);
    await arp.settled(LIMIT_MS);
    await complete();
    await eventually("it answers for some", () => [...arp.owners().values()].includes(node.name));
    await sleep(3000); // the routers' last word: stale paths would be gone now
    await arp.settled(LIMIT_MS);

    const { gaps: silent, overlaps } = arp.since(startMs);
    const ofMoved = moved.map((ip) => silent.get(ip) ?? 0);
    const two = [...overlaps.values()].filter((ms) => ms > 0);
    gaps.set(to, [...(gaps.get(to) ?? []), ...ofMoved]);
    console.log(
      `      ${node.name} to ${to}, its FRR ${frr}: L2 without an answer p50 ${percentile(ofMoved, 0.5)} ms, ` +
        `p99 ${percentile(ofMoved, 0.99)} ms, most ${percentile(silent.values(), 1)} ms; ` +
        `two answers for ${two.length} addresses, at most ${percentile(two, 1)} ms`,
    );
    for (const name of ROUTER_NAMES) {
      const lost = site.routers[name].kernel.since(marks[name].ms);
      const heard = await heardSince(site.routers[name], marks[name]);
      console.log(
        `      ${name}: ${lost.prefixes.length} prefixes and ${lost.paths.length} paths lost, ` +
          `${heard.withdrawn.length} withdrawals, ${heard.downs.length} sessions down, ${heard.ups.length} up, ` +
          `${lost.events} route events`,
      );
      expect(lost.prefixes, `prefixes lost at ${name}`).to.deep.equal([]);
      if (to === "ferrolb") expect(lost.paths, `paths lost at ${name}`).to.deep.equal([]);
      if (frr === "stays") expect(heard.downs, `sessions of ${name}`).to.deep.equal([]);
    }
    await unchanged();
  };

  /** A Service that comes and goes is served in between. */
  const serves = async (name: string): Promise<void> => {
    const { kube, routers } = site;
    const path = "/api/v1/namespaces/default/services";
    const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    await createService(kube, name);
    // MetalLB's controller first writes every Service again, some twenty a second.
    const ip = await eventually("an address", () => addressOfService(kube, name), LIMIT_MS);
    await eventually("its route", () => routers.r1.kernel.now().has(ip), LIMIT_MS);
    await kube.request("DELETE", `${path}/${name}`);
    await kube.request("DELETE", `${slices}/${name}`);
    await eventually("its route is gone", () => !routers.r1.kernel.now().has(ip), LIMIT_MS);
  };

  it("MetalLB alone: the routers' kernels have every route", () => {
    for (const name of ROUTER_NAMES) {
      const kernel = site.routers[name].kernel.now();
      for (const prefix of prefixes[name])
        expect([...kernel.keys()], name).to.include(prefix.replace(/\/(?:32|128)$/, ""));
    }
  });

  it("MetalLB alone: one of its Pods restarts, to compare", () =>
    swap(site.nodes[2]!, "metallb", "restarts"));
  it("n1 to FerroLB, beside an FRR that runs on: its configuration is adopted, no session falls", () =>
    swap(site.nodes[0]!, "ferrolb", "stays"));
  it("n2 to FerroLB, as a new Pod", () => swap(site.nodes[1]!, "ferrolb", "restarts"));
  it("n3 to FerroLB, as a new Pod", () => swap(site.nodes[2]!, "ferrolb", "restarts"));

  it("the controller to FerroLB: nothing moves, the Secret stays, a new Service is served", async () => {
    await site.controller.stop();
    site.controller.start("ferrolb");
    await sleep(3000);
    await unchanged();
    await serves("new-1");
    await unchanged();
  });

  it("n1 back to MetalLB, as a new Pod", () => swap(site.nodes[0]!, "metallb", "restarts"));
  it("n2 back to MetalLB, as a new Pod", () => swap(site.nodes[1]!, "metallb", "restarts"));
  it("n3 back to MetalLB, as a new Pod", () => swap(site.nodes[2]!, "metallb", "restarts"));

  it("the controller back to MetalLB: nothing moves, and nothing of FerroLB is left", async () => {
    await site.controller.stop();
    site.controller.start("metallb");
    await sleep(3000);
    await unchanged();
    await serves("new-2");
    await unchanged();
    expect(await leftovers(site.kube)).to.deep.equal([]);
    for (const [kind, values] of gaps)
      console.log(
        `      L2 gap towards ${kind}: p50 ${percentile(values, 0.5)} ms, p95 ${percentile(values, 0.95)} ms, ` +
          `p99 ${percentile(values, 0.99)} ms, most ${percentile(values, 1)} ms, of ${values.length}`,
      );
  });
});
