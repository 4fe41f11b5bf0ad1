/** Real routers for tests: an FRR in a namespace of its own, and what it says as JSON. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFrr, type FrrInstance, type FrrOptions } from "../../src/lab/frr-instance.ts";
import type { FrrVersion } from "../../src/lab/frr-root.ts";
import { createNet, type Net } from "../../src/lab/netns.ts";
import { eventually } from "./wait.ts";

/** A net with a temporary directory; `close` stops every FRR started in it and removes all of it. */
export interface TestNet {
  readonly net: Net;
  readonly dir: string;
  frr(options: Omit<FrrOptions, "dir"> & { readonly name: string }): Promise<FrrInstance>;
  close(): Promise<void>;
}

export async function startTestNet(): Promise<TestNet> {
  const net = createNet();
  const dir = await mkdtemp(join(tmpdir(), `${net.prefix}-`));
  const started: FrrInstance[] = [];
  return {
    net,
    dir,
    async frr({ name, ...options }) {
      const instance = await startFrr({ ...options, dir: join(dir, name) });
      started.push(instance);
      return instance;
    },
    async close() {
      await Promise.all(started.map((instance) => instance.stop()));
      await net.destroy();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** An FRR on the node's side of the wire, 192.0.2.1 at `eth0`, with nobody at the other end. */
export async function loneNode(
  lab: TestNet,
  version: FrrVersion,
  config: string,
): Promise<FrrInstance> {
  const ns = await lab.net.namespace("node");
  await lab.net.veth({ ns, dev: "eth0", addresses: ["192.0.2.1/24"] }, { ns, dev: "eth1" });
  return lab.frr({ name: "node", netns: ns.name, version, config, listen: false });
}

/** A node and a router on one wire: 192.0.2.1 and 192.0.2.2, 2001:db8::1 and 2001:db8::2, `eth0` both. */
export interface Pair extends TestNet {
  readonly node: FrrInstance;
  readonly router: FrrInstance;
  readonly nodeNs: string;
  readonly routerNs: string;
}

export async function startPair(
  version: FrrVersion,
  configs: { readonly node: string; readonly router: string; readonly routerVersion?: FrrVersion },
): Promise<Pair> {
  const lab = await startTestNet();
  try {
    const [a, b] = [await lab.net.namespace("node"), await lab.net.namespace("router")];
    await lab.net.veth(
      { ns: a, dev: "eth0", addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
      { ns: b, dev: "eth0", addresses: ["192.0.2.2/24", "2001:db8::2/64"] },
    );
    const [node, router] = await Promise.all([
      lab.frr({ name: "node", netns: a.name, version, config: configs.node, listen: false }),
      lab.frr({
        name: "router",
        netns: b.name,
        version: configs.routerVersion ?? version,
        config: configs.router,
      }),
    ]);
    return { ...lab, node, router, nodeNs: a.name, routerNs: b.name };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** What a show command prints as JSON; `json` is appended. */
export async function showJson<T>(frr: FrrInstance, command: string): Promise<T> {
  return JSON.parse(await frr.vtysh(`${command} json`)) as T;
}

/** One path as a router received it. */
export interface ReceivedPath {
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
  readonly path?: string;
  readonly locPrf?: number;
  readonly peerId?: string;
}

/** Prefixes a router holds in one family, with their paths. */
export async function routes(
  frr: FrrInstance,
  family: "ipv4" | "ipv6",
  vrf?: string,
): Promise<ReadonlyMap<string, readonly ReceivedPath[]>> {
  const where = vrf === undefined ? "" : ` vrf ${vrf}`;
  const shown = await showJson<{ routes?: Record<string, ReceivedPath[]> }>(
    frr,
    `show bgp${where} ${family} unicast`,
  );
  return new Map(Object.entries(shown.routes ?? {}));
}

/** Waits until every neighbour of the default instance (or only `peers`) is Established. */
export async function established(frr: FrrInstance, ...peers: readonly string[]): Promise<void> {
  await eventually(`${peers.join(", ") || "all neighbours"} Established`, async () => {
    const shown = await showJson<Record<string, { bgpState?: string }>>(frr, "show bgp neighbors");
    const names = peers.length > 0 ? peers : Object.keys(shown);
    return names.length > 0 && names.every((p) => shown[p]?.bgpState === "Established");
  });
}
