/** Speakers on one wire, each in a namespace, and a client that asks for their addresses all the time. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createWriteStream, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { ferrolb } from "../support/lab.ts";
import { yaml } from "../support/manifests.ts";
import { watchArp } from "./arp-watch.ts";
import type { ArpWatch } from "./arp-watch.ts";

export interface Ring extends Omit<ArpWatch, "stop"> {
  readonly nodes: readonly string[];
  readonly ips: readonly string[];
  /** The speaker's own process, not the command that entered the namespace. */
  signal(node: string, signal: NodeJS.Signals): Promise<void>;
  start(node: string): Promise<void>;
  link(node: string, up: boolean): Promise<void>;
  /** Cuts the wire between these nodes and the others with the client, at once and without touching a link. */
  split(apart: readonly string[] | null): Promise<void>;
  log(node: string): string;
  /** The manifests that the speakers follow. */
  readonly manifests: string;
  /** Where the client is, for more of its kind. */
  readonly client: Netns;
  close(): Promise<void>;
}

/** What runs on a node: words of a command, started inside its namespace. */
export type Launch = (node: string, around: Around) => readonly string[];

export interface Around {
  /** Of the test; removed in the end. */
  readonly dir: string;
  readonly space: Netns;
  readonly addressOf: (node: string) => string;
  /** The words that run FerroLB. */
  readonly ferrolb: readonly string[];
}

export interface RingOptions {
  readonly nodes: number;
  readonly addresses: number;
  readonly periodMs?: number;
  readonly flags?: readonly string[];
  /** Instead of FerroLB on a directory of manifests. */
  readonly launch?: Launch;
  /** Before the first node starts. */
  readonly prepare?: (spaces: ReadonlyMap<string, Around>) => Promise<void>;
}

/** A speaker on the directory of manifests that the ring writes. */
export const onManifests =
  (flags: readonly string[]): Launch =>
  (node, { dir, addressOf, ferrolb: words }) => [
    ...words,
    ...["speaker", "--manifests", join(dir, "manifests"), "--node-name", node, "--allocate"],
    ...["--state-dir", join(dir, node), "--port", "0", "--health-probe-port", "0"],
    ...["--ml-bindaddr", addressOf(node), "--ml-secret-key-path", join(dir, "key")],
    ...["--exclude-interfaces", join(dir, "none"), ...flags],
  ];

const CLIENT = "192.0.2.250";

export async function startRing(options: RingOptions): Promise<Ring> {
  const periodMs = options.periodMs ?? 25;
  const words = await ferrolb();
  const launch = options.launch ?? onManifests(options.flags ?? []);
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-ring-`));
  const net = createNet();
  const nodes = Array.from({ length: options.nodes }, (_, i) => `n${i + 1}`);
  const ips = Array.from({ length: options.addresses }, (_, i) => `198.51.100.${i + 1}`);
  const addressOf = (node: string): string => `192.0.2.${10 + Number(node.slice(1))}`;
  const spaces = new Map<string, Netns>();
  const running = new Map<string, Running>();
  const macs = new Map<string, string>();
  let watch: ArpWatch | null = null;

  const close = async (): Promise<void> => {
    watch?.stop();
    for (const process of running.values()) process.kill("SIGKILL");
    await net.destroy();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const lan = await net.namespace("lan");
    for (const bridge of ["br0", "br1"]) await net.bridge(lan, bridge);
    for (const node of nodes) {
      const ns = await net.namespace(node);
      spaces.set(node, ns);
      await net.veth(
        { ns, dev: "eth0", addresses: [`${addressOf(node)}/24`] },
        { ns: lan, dev: `to-${node}`, bridge: "br0" },
      );
      const mac = JSON.parse(await ns.exec("ip", "-j", "link", "show", "eth0")) as [
        { address: string },
      ];
      macs.set(mac[0].address, node);
    }
    const client = await net.namespace("c1");
    await net.veth(
      { ns: client, dev: "eth0", addresses: [`${CLIENT}/24`] },
      { ns: lan, dev: "to-c1", bridge: "br0" },
    );

    await mkdir(join(dir, "manifests"));
    await writeFile(join(dir, "manifests/all.yaml"), manifests(nodes, addressOf, ips));
    await mkdir(join(dir, "key"));
    await writeFile(join(dir, "key/secretkey"), "0123456789abcdefghijkl");

    const start = (node: string): Promise<void> => {
      const ns = spaces.get(node);
      if (ns === undefined) throw new Error(`no node ${node}`);
      const around = { dir, space: ns, addressOf, ferrolb: words };
      const [program = "", ...args] = launch(node, around);
      const child = ns.spawn(program, ...args);
      const log = createWriteStream(join(dir, `${node}.log`), { flags: "a" });
      child.stdout.pipe(log);
      child.stderr.pipe(log);
      running.set(node, child);
      return Promise.resolve();
    };
    await options.prepare?.(
      new Map(
        [...spaces].map(([node, space]) => [node, { dir, space, addressOf, ferrolb: words }]),
      ),
    );
    for (const node of nodes) await start(node);

    const heard = watchArp({ client, device: "eth0", own: CLIENT, periodMs, ips, nodes: macs });
    watch = heard;

    const pidOf = async (node: string): Promise<number> => {
      const pids = await spaces
        .get(node)
        ?.exec("ip", "netns", "pids", spaces.get(node)?.name ?? "");
      const isSpeaker = (pid: string): boolean => {
        let words: string;
        try {
          words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return false; // a helper of it that ended meanwhile
        }
        const [program = "", ...args] = words.split("\0");
        return program.endsWith("metallb-speaker") || args.includes("speaker");
      };
      const own = (pids ?? "").split("\n").filter(Boolean).find(isSpeaker);
      if (own === undefined) throw new Error(`nothing runs on ${node}`);
      return Number(own);
    };
    return {
      nodes,
      ips,
      manifests: join(dir, "manifests"),
      client,
      signal: async (node, signal) => {
        process.kill(await pidOf(node), signal);
      },
      start,
      link: async (node, up) => {
        await lan.exec("ip", "link", "set", `to-${node}`, up ? "up" : "down");
      },
      split: async (apart) => {
        const script = nodes.map(
          (node) =>
            `link set to-${node} master ${apart?.includes(node) === true ? "br1" : "br0"}\n`,
        );
        await writeFile(join(dir, "split"), script.join(""));
        await lan.exec("ip", "-batch", join(dir, "split"));
      },
      settled: heard.settled,
      owners: heard.owners,
      since: heard.since,
      log: (node) => readFileSync(join(dir, `${node}.log`), "utf8"),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function manifests(
  nodes: readonly string[],
  addressOf: (node: string) => string,
  ips: readonly string[],
): string {
  const named = (i: number): string => `web-${String(i).padStart(3, "0")}`;
  return yaml(
    ...nodes.map((name) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name },
      status: { addresses: [{ type: "InternalIP", address: addressOf(name) }] },
    })),
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "IPAddressPool",
      metadata: { name: "ring", namespace: "metallb-system" },
      spec: { addresses: [`198.51.100.1-198.51.100.${ips.length}`] },
    },
    {
      apiVersion: "metallb.io/v1beta1",
      kind: "L2Advertisement",
      metadata: { name: "ring", namespace: "metallb-system" },
    },
    ...ips.flatMap((_, i) => [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          name: named(i),
          namespace: "default",
          creationTimestamp: "2026-01-01T00:00:00Z",
        },
        spec: {
          type: "LoadBalancer",
          clusterIP: "10.96.0.1",
          clusterIPs: ["10.96.0.1"],
          ports: [{ port: 80 }],
        },
      },
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          name: named(i),
          namespace: "default",
          labels: { "kubernetes.io/service-name": named(i) },
        },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.244.0.9"], nodeName: nodes[0], conditions: { ready: true } }],
      },
    ]),
  );
}
