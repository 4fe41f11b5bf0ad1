/** The Kubernetes API as a `Store`: reflectors behind one snapshot, status written by patch. */
import { setMaxListeners } from "node:events";
import type { KubeObject } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { emptySnapshot } from "../api/snapshot.ts";
import type { Store } from "../api/store.ts";
import { AppError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { KubeClient } from "./client.ts";
import { kubeEvents } from "./events.ts";
import { reflector } from "./reflector.ts";
import type { Reflector } from "./reflector.ts";
import { kubeReports } from "./reports.ts";
import { METALLB_V1BETA1, RESOURCES, keepFor } from "./resources.ts";
import type { ListName } from "./resources.ts";

/** Structured log, as a port. */
export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ClusterStoreOptions {
  readonly client: KubeClient;
  /** METALLB_NAMESPACE */
  readonly namespace: string;
  /** What this component reads; anything else stays empty in its snapshot. */
  readonly lists: readonly ListName[];
  /** Of which nobody here reads the status: that it changed is no change. */
  readonly blind?: readonly ListName[];
  /** Further query of a list, such as a label selector on Pods. */
  readonly queries?: Partial<Readonly<Record<ListName, Readonly<Record<string, string>>>>>;
  readonly pod: { readonly name: string; readonly uid: string } | null;
  /** Node or Pod name, for events. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: StoreLog;
}

export const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";
/** The API server refuses what is no int64; a /64 has more addresses. */
const MOST = 2n ** 63n - 1n;
const BACKOFF = { minMs: 100, maxMs: 10_000 };

export function openClusterStore(o: ClusterStoreOptions): Store {
  const { client, clock, log } = o;
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal); // every reflector that waits listens
  const listeners = new Set<() => void>();
  const reflectors = new Map<ListName, Reflector<KubeObject>>();
  let cached: Snapshot | null = null;

  const changed = (): void => {
    cached = null;
    for (const listener of listeners) listener();
  };

  for (const list of o.lists) {
    const { path, query } = RESOURCES[list];
    const fields = { resource: list };
    reflectors.set(
      list,
      reflector({
        client,
        path: path(o.namespace),
        query: { ...query, ...o.queries?.[list] },
        keep: keepFor(list, o.blind),
        clock,
        random: o.random,
        backoff: BACKOFF,
        onChange: changed,
        onFailure: (err) =>
          log.warn(
            { ...fields, err: err.message, code: err.code },
            "cannot follow a resource; its last state stands",
          ),
        onRecovery: () => log.info(fields, "follows the resource again"),
      }),
    );
  }
  const running = Promise.all([...reflectors.values()].map((r) => r.run(stopped.signal)));

  const assemble = (): Snapshot | null => {
    const lists: Partial<Record<ListName, readonly KubeObject[]>> = {};
    for (const [list, followed] of reflectors) {
      const found = followed.objects();
      if (found === null) return null;
      lists[list] = found;
    }
    return { ...emptySnapshot(o.namespace), ...lists } as Snapshot;
  };

  const writer = { namespace: o.namespace, pod: o.pod };
  const reports = kubeReports(client, writer, clock, stopped.signal);
  const events = kubeEvents(client, clock, o.instance, (err) =>
    log.warn({ err: err.message, code: err.code }, "cannot record an event"),
  );

  return {
    snapshot: () => (cached ??= assemble()),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    problems: () => [],
    async writeServiceStatus(key, { ips, pool }) {
      const [namespace = "", name = ""] = key.split("/");
      const known = reflectors.get("services")?.object(key);
      const resourceVersion = known?.metadata.resourceVersion;
      if (resourceVersion === undefined)
        throw new AppError("ERR_KUBE_CONFLICT", `Service ${key} is gone`);
      // Annotation and status in one write: the API server takes metadata through the status subresource.
      await client.patch(`/api/v1/namespaces/${namespace}/services/${name}/status`, {
        metadata: { resourceVersion, annotations: { [POOL_ANNOTATION]: pool } },
        status: {
          loadBalancer: { ingress: ips.length === 0 ? null : ips.map((ip) => ({ ip })) },
        },
      });
    },
    async writePoolStatus(name, counters) {
      const path = `/apis/${METALLB_V1BETA1}/namespaces/${o.namespace}/ipaddresspools/${name}/status`;
      const status = Object.entries(counters).map(([k, v]) => [k, v > MOST ? MOST : v] as const);
      await client.patch(path, { status: Object.fromEntries(status) });
    },
    recordEvent: (event) => events.record(event),
    writeReports: (owner, wanted) => reports.write(owner, wanted),
    async close() {
      const limit = new Promise<void>((resolve) => clock.after(2000, resolve));
      await Promise.race([events.flush(), limit]);
      stopped.abort();
      await running;
      client.close();
    },
  };
}
