/** Speakers on one wire, each in a namespace, and a client that asks for their addresses all the time. */
import { createInterface } from "node:readline";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createWriteStream, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createNet } from "../../src/lab/netns.ts";
import type { Netns, Running } from "../../src/lab/netns.ts";
import { ferrolb } from "../support/lab.ts";
import { yaml } from "../support/manifests.ts";
import { eventually } from "../support/wait.ts";

export interface Ring {
  readonly nodes: readonly string[];
  readonly ips: readonly string[];
  /** The speaker's own process, not the command that entered the namespace. */
  signal(node: string, signal: NodeJS.Signals): Promise<void>;
  start(node: string): Promise<void>;
  link(node: string, up: boolean): Promise<void>;
  /** Cuts the wire between two sets of nodes; the client stays with the first. */
  split(apart: readonly string[] | null): Promise<void>;
  /** Every address is answered by one node, over some rounds in a row. */
  settled(limitMs?: number): Promise<void>;
  /** Owner of each address as last heard. */
  owners(): ReadonlyMap<string, string>;
  /** What happened to the addresses from a moment on. */
  since(ms: number): Report;
  log(node: string): string;
  close(): Promise<void>;
}

export interface Report {
  /** Longest time without an answer, per address, in ms. */
  readonly gaps: ReadonlyMap<string, number>;
  /** Time from the first to the last round in which two nodes answered, per address, in ms. */
  readonly overlaps: ReadonlyMap<string, number>;
  /** Changes of owner. */
  readonly moves: number;
}

interface Round {
  readonly ms: number;
  readonly answers: ReadonlyMap<string, readonly string[]>;
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
  const rounds: Round[] = [];
  const macs = new Map<string, string>();
  let watcher: Running | null = null;

  const close = async (): Promise<void> => {
    watcher?.kill("SIGKILL");
    for (const process of running.values()) process.kill("SIGKILL");
    await net.destroy();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const [left, right] = [await net.namespace("left"), await net.namespace("right")];
    await net.bridge(left, "br0");
    await net.bridge(right, "br0");
    await net.veth(
      { ns: left, dev: "trunk", bridge: "br0" },
      { ns: right, dev: "trunk", bridge: "br0" },
    );
    for (const node of nodes) {
      const ns = await net.namespace(node);
      spaces.set(node, ns);
      await net.veth(
        { ns, dev: "eth0", addresses: [`${addressOf(node)}/24`] },
        { ns: left, dev: `to-${node}`, bridge: "br0" },
      );
      const mac = JSON.parse(await ns.exec("ip", "-j", "link", "show", "eth0")) as [
        { address: string },
      ];
      macs.set(mac[0].address, node);
    }
    const client = await net.namespace("c1");
    await net.veth(
      { ns: client, dev: "eth0", addresses: [`${CLIENT}/24`] },
      { ns: left, dev: "to-c1", bridge: "br0" },
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

    watcher = client.spawn(
      process.execPath,
      ...["--import", "tsx", resolve(import.meta.dirname, "arp-watch-main.ts")],
      ...["eth0", CLIENT, String(periodMs), ...ips],
    );
    createInterface({ input: watcher.stdout }).on("line", (line) => {
      const [ms = "", ...answers] = line.split(" ").filter(Boolean);
      rounds.push({
        ms: Number(ms),
        answers: new Map(
          answers.map((word) => {
            const [ip = "", list = ""] = word.split("=");
            return [ip, list.split("+").map((mac) => macs.get(mac) ?? mac)];
          }),
        ),
      });
      if (rounds.length > 40_000) rounds.splice(0, 10_000);
    });

    const pidOf = async (node: string): Promise<number> => {
      const pids = await spaces
        .get(node)
        ?.exec("ip", "netns", "pids", spaces.get(node)?.name ?? "");
      const isSpeaker = (pid: string): boolean => {
        const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return program.endsWith("metallb-speaker") || args.includes("speaker");
      };
      const own = (pids ?? "").split("\n").filter(Boolean).find(isSpeaker);
      if (own === undefined) throw new Error(`nothing runs on ${node}`);
      return Number(own);
    };
    return {
      nodes,
      ips,
      signal: async (node, signal) => {
        process.kill(await pidOf(node), signal);
      },
      start,
      link: async (node, up) => {
        await left.exec("ip", "link", "set", `to-${node}`, up ? "up" : "down");
      },
      split: async (apart) => {
        for (const node of nodes) {
          const to = apart?.includes(node) === true ? right : left;
          const from = to === right ? left : right;
          const there = await to
            .exec("ip", "-o", "link")
            .then((text) => text.includes(`to-${node}@`));
          if (!there) {
            await from.exec("ip", "link", "set", `to-${node}`, "netns", to.name);
            await to.exec("ip", "link", "set", `to-${node}`, "master", "br0", "up");
          }
        }
        await left.exec("ip", "link", "set", "trunk", apart === null ? "up" : "down");
      },
      settled: async (limitMs = 30_000) => {
        const fromMs = Date.now();
        await eventually(
          "one owner for each address",
          () => {
            const last = rounds.slice(-12);
            return (
              last.length === 12 &&
              (last[0]?.ms ?? 0) >= fromMs &&
              last.slice(2).every((r) => ips.every((ip) => r.answers.get(ip)?.length === 1)) &&
              ips.every(
                (ip) => new Set(last.slice(2).map((r) => r.answers.get(ip)?.[0])).size === 1,
              )
            );
          },
          limitMs,
        );
      },
      owners: () => {
        const last = rounds.at(-1);
        return new Map(ips.map((ip) => [ip, last?.answers.get(ip)?.[0] ?? ""]));
      },
      since: (ms) => reportOf(rounds, ips, ms),
      log: (node) => readFileSync(join(dir, `${node}.log`), "utf8"),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function reportOf(rounds: readonly Round[], ips: readonly string[], fromMs: number): Report {
  const relevant = rounds.filter((r) => r.ms >= fromMs);
  const gaps = new Map<string, number>();
  const overlaps = new Map<string, number>();
  let moves = 0;
  for (const ip of ips) {
    let lastMs = fromMs;
    let longest = 0;
    let owner = "";
    let firstTwo: number | null = null;
    let lastTwo = 0;
    for (const { ms, answers } of relevant) {
      const who = answers.get(ip) ?? [];
      if (who.length > 0) {
        longest = Math.max(longest, ms - lastMs);
        lastMs = ms;
      }
      if (who.length > 1) {
        firstTwo ??= ms;
        lastTwo = ms;
      }
      if (who.length === 1 && who[0] !== undefined && who[0] !== owner) {
        if (owner !== "") moves++;
        owner = who[0];
      }
    }
    gaps.set(ip, Math.max(longest, (relevant.at(-1)?.ms ?? fromMs) - lastMs));
    overlaps.set(ip, firstTwo === null ? 0 : lastTwo - firstTwo);
  }
  return { gaps, overlaps, moves };
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

export const percentile = (values: Iterable<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
};
