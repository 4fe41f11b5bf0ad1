/** The place where both systems are measured: an API server, a router whose kernel is watched, nodes with their FRR, a client. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFrr } from "../../src/lab/frr-instance.ts";
import type { FrrInstance } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns } from "../../src/lab/netns.ts";
import { relayCommand, relayTo } from "../../src/lab/relay.ts";
import { startKube } from "../../test/support/kube.ts";
import type { Kube } from "../../test/support/kube.ts";
import { createAudit } from "./audit.ts";
import type { Audit } from "./audit.ts";
import { watchKernel } from "./kernel-watch.ts";
import type { KernelWatch } from "./kernel-watch.ts";
import { configure } from "./objects.ts";
import {
  address6Of,
  addressOf,
  CLIENT_ADDRESSES,
  ROUTER,
  routerText,
  SERVICE_CIDRS,
} from "./plan.ts";
import type { NodeName } from "./plan.ts";
import { tailOf } from "../support/tail.ts";
import type { Tail } from "../support/tail.ts";

export interface SiteNode {
  readonly name: NodeName;
  readonly space: Netns;
  readonly frr: FrrInstance;
  readonly mac: string;
}

export interface Site {
  readonly dir: string;
  readonly kube: Kube;
  /** Of use inside the namespaces. */
  readonly kubeconfig: string;
  readonly audit: Audit;
  readonly router: { readonly kernel: KernelWatch; readonly log: Tail };
  readonly client: Netns;
  /** Laid on the first call; its FRR has nothing but its first configuration. */
  node(name: NodeName): Promise<SiteNode>;
  /** Those that were asked for so far. */
  laid(): Promise<readonly SiteNode[]>;
  /** Takes a node off the wire, or puts it back. */
  link(name: NodeName, up: boolean): Promise<void>;
}

const PORT = 6443;
const FIRST_CONF = "deploy/frr-startup/frr.conf";

/** What is started is closed by the steps handed to `closing`, last first, also when starting fails. */
export async function startSite(options: {
  /** With kube-apiserver. */
  readonly bin: string;
  readonly frr: FrrVersion;
  readonly closing: (step: () => unknown) => void;
}): Promise<Site> {
  const { bin, frr, closing } = options;
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-bench-`));
  closing(() => rm(dir, { recursive: true, force: true }));
  const audit = await createAudit(dir);
  const kube = await startKube(bin, [`--service-cluster-ip-range=${SERVICE_CIDRS}`, ...audit.args]);
  closing(() => kube.stop());
  const socket = join(dir, "api.sock");
  const relay = relayTo(Number(new URL(kube.server).port), socket);
  closing(() => relay.close());
  const kubeconfig = join(dir, "kubeconfig");
  const text = await readFile(kube.kubeconfig, "utf8");
  await writeFile(kubeconfig, text.replace(kube.server, `https://127.0.0.1:${PORT}`), {
    mode: 0o600,
  });
  await mkdir(join(dir, "key"));
  await writeFile(join(dir, "key/secretkey"), "0123456789abcdefghijkl", { mode: 0o600 });

  const net = createNet();
  closing(() => net.destroy());
  const wire = await net.namespace("wire");
  await net.bridge(wire, "br0");
  const join1 = async (name: string, ...addresses: readonly string[]): Promise<Netns> => {
    const ns = await net.namespace(name);
    await net.veth({ ns, dev: "eth0", addresses }, { ns: wire, dev: `to-${name}`, bridge: "br0" });
    return ns;
  };
  const open = (space: Netns): void => {
    const [command = "", ...args] = relayCommand(PORT, socket);
    space.spawn(command, ...args);
  };
  const frrIn = async (space: Netns, version: FrrVersion, config: string, listen: boolean) => {
    const instance = await startFrr({
      ...{ netns: space.name, version, config, listen },
      dir: join(dir, `frr-${space.name}`),
    });
    closing(() => instance.stop());
    return instance;
  };
  const r1 = await join1("r1", `${ROUTER.address}/24`, `${ROUTER.address6}/64`);
  const kernel = watchKernel(r1);
  closing(() => kernel.stop());
  const routerFrr = await frrIn(r1, "8.4", routerText(), true);
  const client = await join1("c1", ...CLIENT_ADDRESSES);
  open(client);
  await configure(kube);

  const lay = async (name: NodeName): Promise<SiteNode> => {
    const space = await join1(name, `${addressOf(name)}/24`, `${address6Of(name)}/64`);
    open(space);
    const [link] = JSON.parse(await space.exec("ip", "-j", "link", "show", "eth0")) as [
      { address: string },
    ];
    const instance = await frrIn(space, frr, await readFile(FIRST_CONF, "utf8"), false);
    return { name, space, frr: instance, mac: link.address };
  };
  const nodes = new Map<NodeName, Promise<SiteNode>>();
  return {
    ...{ dir, kube, kubeconfig, audit, client },
    router: { kernel, log: tailOf(join(routerFrr.vtyDir, "frr.log")) },
    node(name) {
      const laid = nodes.get(name) ?? lay(name);
      nodes.set(name, laid);
      return laid;
    },
    laid: () => Promise.all(nodes.values()),
    link: async (name, up) => {
      await wire.exec("ip", "link", "set", `to-${name}`, up ? "up" : "down");
    },
  };
}

/** What a new Pod finds. */
export async function freshFrr({ frr }: SiteNode): Promise<void> {
  await frr.stop();
  await writeFile(frr.confFile, await readFile(FIRST_CONF, "utf8"));
  await frr.restart();
}
