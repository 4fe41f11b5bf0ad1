/** The place that changes over: nodes with their FRR, routers that are watched, a client that asks, an API server. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFrr } from "../../src/lab/frr-instance.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns } from "../../src/lab/netns.ts";
import { startControllerManager } from "../support/controller-manager.ts";
import { startKube } from "../support/kube.ts";
import type { Kube } from "../support/kube.ts";
import { ferrolb } from "../support/lab.ts";
import { startRelay } from "../support/metallb.ts";
import { watchArp } from "../takeover/arp-watch.ts";
import type { ArpWatch } from "../takeover/arp-watch.ts";
import { createController } from "./controller.ts";
import type { Controller } from "./controller.ts";
import { createNode } from "./node.ts";
import type { Node } from "./node.ts";
import { address6Of, addressOf, CLIENT, NODES, ROUTERS, routerText } from "./plan.ts";
import type { RouterName } from "./plan.ts";
import { watchRoutes } from "./route-watch.ts";
import type { RouteWatch } from "./route-watch.ts";

export interface Site {
  readonly kube: Kube;
  readonly nodes: readonly Node[];
  readonly controller: Controller;
  readonly routers: Readonly<Record<RouterName, Router>>;
  /** Starts asking for these addresses. */
  watch(ips: readonly string[]): ArpWatch;
  /** What the kubelet mounts: the membership Secret's content. */
  writeKey(secret: string): Promise<void>;
}

export interface Router {
  readonly frr: FrrInstance;
  readonly kernel: RouteWatch;
  /** bgpd's own log of what it received. */
  readonly logFile: string;
}

export interface SiteOptions {
  /** With kube-apiserver and kube-controller-manager. */
  readonly bin: string;
  /** Directory of MetalLB's binaries; by the directory they may be unpacked into. */
  readonly peers: string;
  readonly frr: FrrVersion;
  readonly closing: (step: () => unknown) => void;
}

/** What is started is closed by the steps handed to `closing`, last first, also when starting fails. */
export async function startSite({ bin, peers, frr, closing }: SiteOptions): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-changeover-`));
  closing(() => rm(dir, { recursive: true, force: true }));
  const words = await ferrolb();
  const kube = await startKube(bin);
  closing(() => kube.stop());
  // What belongs to a Pod goes with it.
  const manager = startControllerManager(bin, kube, ["garbage-collector-controller"]);
  closing(() => manager.stop());
  const relay = await startRelay(kube, dir);
  closing(() => {
    relay.close();
  });

  const net = createNet();
  closing(() => net.destroy());
  const wire = await net.namespace("wire");
  await net.bridge(wire, "br0");
  const join1 = async (name: string, ...addresses: string[]): Promise<Netns> => {
    const ns = await net.namespace(name);
    await net.veth({ ns, dev: "eth0", addresses }, { ns: wire, dev: `to-${name}`, bridge: "br0" });
    return ns;
  };
  const instance = async (netns: string, version: FrrVersion, config: string, listen: boolean) => {
    const own = join(dir, netns, "frr");
    await mkdir(own, { recursive: true });
    const started = await startFrr({ netns, version, dir: own, config, listen });
    closing(() => started.stop());
    return started;
  };

  const routers = {} as Record<RouterName, Router>;
  for (const name of Object.keys(ROUTERS) as RouterName[]) {
    const { address, address6 } = ROUTERS[name];
    const ns = await join1(name, `${address}/24`, `${address6}/64`);
    const kernel = watchRoutes(ns);
    closing(() => {
      kernel.stop();
    });
    const started = await instance(ns.name, "8.4", routerText(name), true);
    routers[name] = { frr: started, kernel, logFile: join(started.vtyDir, "frr.log") };
  }
  const macs = new Map<string, string>();
  const nodes: Node[] = [];
  for (const name of NODES) {
    const space = await join1(name, `${addressOf(name)}/24`, `${address6Of(name)}/64`);
    relay.open(space);
    const [link] = JSON.parse(await space.exec("ip", "-j", "link", "show", "eth0")) as [
      { address: string },
    ];
    macs.set(link.address, name);
    const started = await instance(space.name, frr, "", false);
    const own = join(dir, name);
    await mkdir(own, { recursive: true });
    const parts = { name, space, frr: started, dir: own, peers, ferrolb: words };
    const node = await createNode({ ...parts, kubeconfig: relay.kubeconfig });
    closing(() => node.stop());
    nodes.push(node);
  }
  const client = await join1("c1", `${CLIENT}/24`);
  relay.open(client);
  const controller = createController({
    ...{ space: client, dir: join(dir, "controller"), peers, ferrolb: words },
    kubeconfig: relay.kubeconfig,
  });
  await mkdir(join(dir, "controller"));
  closing(() => controller.stop());
  return {
    ...{ kube, nodes, controller, routers },
    watch(ips) {
      const watch = watchArp({
        ...{ client, device: "eth0", own: CLIENT, periodMs: Math.max(25, ips.length) },
        ...{ ips, nodes: macs },
      });
      closing(() => {
        watch.stop();
      });
      return watch;
    },
    async writeKey(secret) {
      await mkdir(join(dir, "key"), { recursive: true });
      await writeFile(join(dir, "key/secretkey"), secret);
    },
  };
}
