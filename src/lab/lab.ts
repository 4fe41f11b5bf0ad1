/**
 * The whole lab: wires, routers, nodes with an FRR and a speaker each, pods with a backend, the
 * controller. What it is made of can be taken out and put back one by one: that is what labs are for.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { backendCommand } from "./backend.ts";
import type { LabCluster } from "./cluster.ts";
import { daemon } from "./daemon.ts";
import type { Daemon } from "./daemon.ts";
import { startFrr } from "./frr-instance.ts";
import type { FrrInstance } from "./frr-instance.ts";
import type { FrrVersion } from "./frr-root.ts";
import { relayCommand } from "./relay.ts";
import { createNet } from "./netns.ts";
import { NODES, POD_NETWORKS, ROUTERS, addressOf } from "./plan.ts";
import type { NodeName, RouterName } from "./plan.ts";
import { routerConfig } from "./router-config.ts";
import type { RouterOptions } from "./router-config.ts";
import { layWires } from "./topology.ts";
import type { Places } from "./topology.ts";

export interface LabOptions {
  /** Of the namespaces' names, `ferrolb-...`. */
  readonly prefix: string;
  /** The lab's own directory: FRR's files, logs, state. Made when missing, removed by `stop`. */
  readonly dir: string;
  /** Directory of manifests that controller and speakers follow. */
  readonly manifests: string;
  /** The words that run FerroLB: `[node, bin/ferrolb]`. */
  readonly ferrolb: readonly string[];
  readonly frr?: Partial<Readonly<Record<RouterName | NodeName, FrrVersion>>>;
  readonly routers?: Partial<Readonly<Record<RouterName, RouterOptions>>>;
  /** More flags for every speaker. */
  readonly speakerFlags?: readonly string[];
  /** Default true; `false` leaves the pods empty. */
  readonly backends?: boolean;
  /** Controller and speakers read this API server instead of the directory, and kube-proxy runs on the nodes. */
  readonly cluster?: LabCluster;
  /** Told after each step: what was done, and how long it took. */
  readonly onStep?: (what: string, tookMs: number) => void;
  readonly onCrash?: (name: string, exitCode: number | undefined) => void;
  /** What crashed is started again so long after it; absent: it stays down. */
  readonly restartMs?: number;
}

export interface LabNode {
  readonly name: NodeName;
  readonly frr: FrrInstance;
  readonly speaker: Daemon;
}

export interface Lab {
  readonly dir: string;
  readonly manifests: string;
  readonly places: Places;
  readonly routers: Readonly<Record<RouterName, FrrInstance>>;
  readonly nodes: Readonly<Record<NodeName, LabNode>>;
  readonly controller: Daemon;
  /** Ends everything and removes namespaces and directory; safe to call twice. */
  stop(): Promise<void>;
}

/** FRR 8.4 and 10.3 on either side, so that both are seen at once. */
const DEFAULT_FRR: Readonly<Record<RouterName | NodeName, FrrVersion>> = {
  r1: "8.4",
  r2: "10.3",
  n1: "8.4",
  n2: "10.3",
  n3: "8.4",
};

/** @throws AppError `ERR_ENVIRONMENT` for anyone else */
export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new AppError("ERR_ENVIRONMENT", "the lab needs root, for its network namespaces");
}

/** @throws AppError `ERR_ENVIRONMENT` when the machine cannot carry it; nothing is left then. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { prefix, dir, manifests, onStep } = options;
  requireRoot();
  const net = createNet(prefix);
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await net.destroy();
    await rm(dir, { recursive: true, force: true });
  };
  const step = async <T>(
    what: string | ((result: T) => Promise<string>),
    work: () => Promise<T> | T,
  ): Promise<T> => {
    const began = performance.now();
    const result = await work();
    const tookMs = performance.now() - began;
    onStep?.(typeof what === "string" ? what : await what(result), tookMs);
    return result;
  };
  const versionOf = (place: RouterName | NodeName): FrrVersion =>
    options.frr?.[place] ?? DEFAULT_FRR[place];
  try {
    await mkdir(dir, { recursive: true });
    const places = await step("wires: 9 namespaces, 3 bridges", () => layWires(net));
    const frrOf = async <P extends RouterName | NodeName>(place: P, config: string) => {
      const instance = await startFrr({
        netns: places[place].name,
        version: versionOf(place),
        dir: join(dir, place, "frr"),
        config,
        listen: (ROUTERS as readonly string[]).includes(place),
        detached: true, // Ctrl-C in a terminal is for the lab alone
      });
      closers.push(() => instance.stop());
      return [place, instance] as const;
    };
    const routers = await step(
      async ({ r1, r2 }) =>
        `routers: r1 with FRR ${await releaseOf(r1)}, r2 with FRR ${await releaseOf(r2)}`,
      async () =>
        Object.fromEntries(
          await Promise.all(ROUTERS.map((r) => frrOf(r, routerConfig(r, options.routers?.[r])))),
        ) as Record<RouterName, FrrInstance>,
    );
    const sidecars = await step(
      async (all) => {
        const said = all.map(async ([name, frr]) => `${name} ${await releaseOf(frr)}`);
        return `FRR sidecars: ${(await Promise.all(said)).join(", ")}`;
      },
      () => Promise.all(NODES.map((node) => frrOf(node, ""))),
    );
    const started = (one: Daemon): Daemon => {
      closers.push(() => one.stop());
      one.start();
      return one;
    };
    const crash = {
      ...(options.onCrash === undefined ? {} : { onCrash: options.onCrash }),
      ...(options.restartMs === undefined ? {} : { restartMs: options.restartMs }),
    };
    const { cluster } = options;
    if (cluster !== undefined)
      await step("ways to the API server", () => {
        for (const place of ["wire", ...NODES] as const)
          started(
            daemon({
              name: `relay-${place}`,
              netns: places[place].name,
              log: join(dir, `relay-${place}.log`),
              command: relayCommand(cluster.port, cluster.socket),
              ...crash,
            }),
          );
      });
    const { kubeProxy = null, kubeconfig = "" } = cluster ?? {};
    if (kubeProxy !== null)
      await step("kube-proxy on n1, n2, n3", () => {
        for (const node of NODES)
          started(
            daemon({
              name: `kube-proxy-${node}`,
              netns: places[node].name,
              log: join(dir, node, "kube-proxy.log"),
              command: kubeProxyCommand(kubeProxy, kubeconfig, node),
              ...crash,
            }),
          );
      });
    const source = (pod: string): readonly string[] =>
      cluster === undefined
        ? ["--manifests", manifests]
        : ["--kubeconfig", cluster.identities?.speaker ?? cluster.kubeconfig, "--pod-name", pod];
    const controller = await step("controller", () =>
      started(
        daemon({
          name: "controller",
          netns: places.wire.name,
          log: join(dir, "controller.log"),
          command: [
            ...options.ferrolb,
            "controller",
            ...(cluster === undefined ? ["--manifests", manifests] : clusterFlags(cluster)),
            ...["--state-dir", join(dir, "controller-state")],
          ],
          ...crash,
        }),
      ),
    );
    const nodes = await step("speakers on n1, n2, n3", () =>
      Object.fromEntries(
        sidecars.map(([name, frr]) => {
          const speaker = daemon({
            name: `speaker-${name}`,
            netns: places[name].name,
            log: join(dir, name, "speaker.log"),
            env: {
              METALLB_ML_BIND_ADDR: addressOf(name, "lan"),
              METALLB_ML_LABELS: "app=metallb,component=speaker",
            },
            command: [
              ...[...options.ferrolb, "speaker", "--node-name", name, ...source(`speaker-${name}`)],
              ...["--frr-config", frr.confFile, "--vtysh", frr.vtyshPath, "--vty-dir", frr.vtyDir],
              ...["--state-dir", join(dir, name, "state"), ...(options.speakerFlags ?? [])],
            ],
            ...crash,
          });
          return [name, { name, frr, speaker: started(speaker) }];
        }),
      ),
    );
    if (options.backends !== false)
      await step("a backend on each node", () => {
        for (const { node, pod } of POD_NETWORKS)
          started(
            daemon({
              name: `backend-${node}`,
              netns: places[pod].name,
              log: join(dir, node, "backend.log"),
              command: backendCommand(node),
              ...crash,
            }),
          );
      });
    return {
      dir,
      manifests,
      places,
      routers,
      nodes: nodes as Record<NodeName, LabNode>,
      controller,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of a controller: nobody calls its webhooks. */
export const clusterFlags = ({ identities, kubeconfig }: LabCluster): readonly string[] => [
  ...["--kubeconfig", identities?.controller ?? kubeconfig, "--webhook-mode", "disabled"],
];

/** The real one, in its nftables mode; its connection-tracking limits are the host's, which stay. */
const kubeProxyCommand = (
  program: string,
  kubeconfig: string,
  node: NodeName,
): readonly string[] => [
  program,
  ...["--proxy-mode=nftables", `--kubeconfig=${kubeconfig}`],
  ...[`--hostname-override=${node}`, "--conntrack-max-per-core=0"],
  ...["--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"],
];

/** As FRR says it: on another Debian the installed FRR is another release than the one asked for. */
const releaseOf = async (frr: FrrInstance): Promise<string> =>
  /FRRouting (\S+)/.exec(await frr.vtysh("show version"))?.[1] ?? frr.version;
