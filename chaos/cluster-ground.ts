/** A real API server: daemons with the rights of an installation, a second controller, and faults of the server itself. */
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../src/api/objects.ts";
import { KubeError } from "../src/kube/client.ts";
import { startCluster } from "../src/lab/cluster.ts";
import type { Cluster } from "../src/lab/cluster.ts";
import { NAMESPACE, applyObjects, pathOf } from "../src/lab/cluster-objects.ts";
import { daemon } from "../src/lab/daemon.ts";
import type { Daemon } from "../src/lab/daemon.ts";
import { clusterFlags } from "../src/lab/lab.ts";
import type { CLUSTER_KINDS } from "./cluster-kinds.ts";
import { brokenVersion, refusedVersion } from "./broken-objects.ts";
import type { Ground, Heal } from "./ground.ts";
import { COMPONENTS, bindingsIn, identitiesAt, rightsOf } from "./identities.ts";
import type { Component } from "./identities.ts";
import type { StatusFile } from "./status.ts";
import { ADVERTISED } from "./world.ts";
import type { Manifest } from "./world.ts";

export interface ClusterOptions {
  readonly dir: string;
  /** With kube-apiserver. */
  readonly bin: string;
  /** The words that run FerroLB. */
  readonly ferrolb: readonly string[];
  /** What is there from the start, by name. */
  readonly objects: ReadonlyMap<string, readonly Manifest[]>;
  /** Once it is aborted, nobody waits for an API server that does not answer. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 300;
/** Longer than any fault and the start of an API server. */
const RETRIES = 300;
const NOTHING_TO_HEAL: Heal = () => Promise.resolve();

/** @throws AppError `ERR_ENVIRONMENT` when no API server can be started */
export async function clusterGround(o: ClusterOptions): Promise<Ground> {
  const rights = Object.fromEntries(
    await Promise.all(COMPONENTS.map(async (c) => [c, await rightsOf(c)] as const)),
  ) as Readonly<Record<Component, readonly KubeObject[]>>;
  const first = [...o.objects.values()].flat().map(asObject);
  const cluster = await startCluster({
    ...{ dir: o.dir, bin: o.bin, crds: resolve(import.meta.dirname, "../deploy/kustomize/crds") },
    objects: [...Object.values(rights).flat(), ...first],
  });
  try {
    return await groundOn(cluster, o, rights);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function groundOn(
  cluster: Cluster,
  o: ClusterOptions,
  rights: Readonly<Record<Component, readonly KubeObject[]>>,
): Promise<Ground> {
  const { api, client, relay } = cluster;
  const server = `https://127.0.0.1:${cluster.forLab.port}`;
  const ca = join(api.dir, "certs/apiserver.crt");
  const identities = await identitiesAt(client, { dir: o.dir, server, ca });
  const forLab = { ...cluster.forLab, kubeProxy: null, identities };
  const written = new Map(o.objects);
  const others: Daemon[] = [];

  const apply = (objects: readonly KubeObject[]): Promise<void> =>
    untilItAnswers(() => applyObjects(client, objects), o.signal);
  const remove = (objects: readonly KubeObject[]): Promise<void> =>
    untilItAnswers(async () => {
      for (const object of objects) {
        const path = pathOf(object);
        if (path !== null) await client.request("DELETE", path).catch(unlessGone);
      }
    }, o.signal);
  const gone = async (name: string): Promise<Heal> => {
    const objects = (written.get(name) ?? []).map(asObject);
    await remove(objects);
    return () => apply(objects);
  };
  const rightless = async (component: Component): Promise<Heal> => {
    const bindings = bindingsIn(rights[component]);
    await remove(bindings);
    relay.cut(); // a watch that is open is not asked for its rights again
    return () => apply(bindings);
  };
  const paused = (): Heal => {
    const pid = api.pid();
    if (pid === null) return NOTHING_TO_HEAL;
    process.kill(pid, "SIGSTOP");
    return () => {
      process.kill(pid, "SIGCONT");
      return Promise.resolve();
    };
  };

  const faults: Readonly<Record<keyof typeof CLUSTER_KINDS, (dice: number) => Promise<Heal>>> = {
    async "object-refused"(dice) {
      const { good, bad } = refusedVersion(written, dice);
      const isRefused = await applyObjects(client, [asObject(bad)]).then(
        () => false,
        (error: unknown) => {
          if (!isAnswer(error) && !isOfWrongType(error)) throw error;
          return true;
        },
      );
      if (isRefused) return NOTHING_TO_HEAL;
      await apply([asObject(good)]);
      throw new Error("the API server took it");
    },
    async "object-broken"(dice) {
      const { good, bad } = brokenVersion(written, dice);
      await apply([asObject(bad)]);
      return () => apply([asObject(good)]);
    },
    "bgp-advertisement-gone": () => gone(ADVERTISED.bgp),
    "l2-advertisement-gone": () => gone(ADVERTISED.l2),
    "rbac-speaker": () => rightless("speaker"),
    "rbac-controller": () => rightless("controller"),
    async "apiserver-kill"() {
      await api.kill();
      return () => api.start();
    },
    "apiserver-pause": () => Promise.resolve(paused()),
    "watch-cut"() {
      relay.cut();
      return Promise.resolve(NOTHING_TO_HEAL);
    },
  };

  return {
    follow: { manifests: o.dir, cluster: forLab },
    join({ places, dir, controller }) {
      const second = daemon({
        name: "controller-2",
        netns: places.wire.name,
        log: join(dir, "controller-2.log"),
        command: [
          ...[...o.ferrolb, "controller", ...clusterFlags(forLab)],
          ...["--port", "0", "--health-probe-port", "0"],
          ...["--state-dir", join(dir, "controller-2-state")],
        ],
        restartMs: 1000,
      });
      second.start();
      others.push(second);
      return [controller, second];
    },
    async put(name, objects) {
      written.set(name, objects);
      await apply(objects.map(asObject));
    },
    drop: (name) => remove((written.get(name) ?? []).map(asObject)),
    statuses: () => statusesAt(cluster),
    inject({ kind, dice }) {
      const make = Object.entries(faults).find(([name]) => name === kind)?.[1];
      if (make === undefined) throw new Error(`${kind} needs a directory of manifests`);
      return make(dice);
    },
    async close() {
      await Promise.all(others.map((one) => one.stop()));
      await cluster.stop();
    },
  };
}

/** A manifest is loose, what is applied has a name: those of a run do. */
const asObject = (manifest: Manifest): KubeObject => manifest as unknown as KubeObject;

/** The API server's word, as against none, or one that starts and does not know its own resources yet. */
const isAnswer = (error: unknown): boolean =>
  error instanceof KubeError && error.status >= 400 && error.status < 500 && error.status !== 404;

/** Server-side apply says 500 to a field of another type. */
const isOfWrongType = (error: unknown): boolean =>
  error instanceof KubeError && error.message.includes("failed to create typed patch");

function unlessGone(error: unknown): void {
  const isGone =
    error instanceof KubeError && error.status === 404 && /" not found/.test(error.message);
  if (!isGone) throw error;
}

/** An API server that is away or starts is asked again; what it refuses is thrown. */
async function untilItAnswers(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await work();
      return;
    } catch (error) {
      if (isAnswer(error) || signal.aborted || tries === RETRIES) throw error;
      await sleep(RETRY_MS);
    }
}

const LISTS = [
  ["Service", "/api/v1/namespaces/default/services"],
  ["ServiceL2Status", `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/servicel2statuses`],
  ["ServiceBGPStatus", `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/servicebgpstatuses`],
] as const;

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: Readonly<Record<string, unknown>>;
  }[];
}

const statusesAt = async ({ client }: Cluster): Promise<readonly StatusFile[]> => {
  const lists = await Promise.all(
    LISTS.map(async ([kind, path]) => {
      const { items } = (await client.request("GET", path)) as Listed;
      return items.map(({ metadata, status = {} }) => ({ kind, status, name: metadata.name }));
    }),
  );
  return lists.flat();
};
