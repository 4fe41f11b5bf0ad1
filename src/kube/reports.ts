/**
 * Status objects of one component, brought to exactly a wanted set: only what differs is written, a few at
 * a time and so many a second, and a newer set takes the place of one that is still being written.
 */
import { reportName } from "../api/report-name.ts";
import type { ReportWrite } from "../api/store.ts";
import { AppError } from "../errors.ts";
import { budget } from "../runtime/budget.ts";
import type { Clock } from "../runtime/clock.ts";
import { lastFor } from "../runtime/steady.ts";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";
import {
  OWNER_LABEL,
  SPEAKER_KINDS,
  collectionOf,
  contentFound,
  contentOf,
  isSameFrame,
  labelValue,
  listFound,
  removeObject,
  reportVersion,
  writeObject,
} from "./report-objects.ts";
import type { Writer } from "./report-objects.ts";
import { dueFor } from "./report-order.ts";
import type { Wanted } from "./report-order.ts";

export interface Reports {
  /** Resolves when the newest set stands. @throws AppError when some of it could not be written */
  write(owner: string, reports: readonly ReportWrite[]): Promise<void>;
}

const WORKERS = 4;
/** Objects written or removed a second, after a burst: a thousand Services take half a minute. */
const [PER_SECOND, BURST] = [40, 200];
/** What others did to our objects is looked at so often; less than the minute after which a quiet speaker writes again. */
const LOOK_AGAIN_MS = 50_000;
/** From so many objects of a kind on, all are removed by one request. */
const AT_ONCE = 5;

/** The owner that writes about itself alone. */
const CONTROLLER = "controller";

interface Wish extends Wanted {
  readonly report: ReportWrite;
  readonly name: string;
  readonly path: string;
}

/** What is to be done for one owner. */
interface Desk {
  wanted: ReadonlyMap<string, Wish>;
  /** Content (its digest) by path, as it stands; null: not asked yet. */
  standing: Map<string, string> | null;
  askedMs: number;
  /** Counts the sets. */
  version: number;
  /** Collections that the API server does not serve, or not to us; asked again with the rest. */
  unserved: Set<string>;
  work: Promise<void> | null;
}

export function kubeReports(
  client: KubeClient,
  writer: Writer,
  clock: Clock,
  signal: AbortSignal,
): Reports {
  const desks = new Map<string, Desk>();
  const pace = budget(clock, PER_SECOND, BURST);
  const kinds = SPEAKER_KINDS.map((kind) => ({
    kind,
    path: collectionOf(writer.namespace, reportVersion(kind), kind),
  }));

  const wishFor = lastFor((report: ReportWrite, owner: string): Wish => {
    const name = reportName(owner, report);
    const path = `${collectionOf(writer.namespace, report.apiVersion, report.kind)}/${name}`;
    return { report, name, path, content: contentOf(report, owner, writer) };
  });

  const ask = async (desk: Desk, owner: string): Promise<Map<string, string>> => {
    const standing = new Map<string, string>();
    const unserved = new Set<string>();
    const own = `${OWNER_LABEL}=${labelValue(owner)}`;
    for (const { kind, path } of kinds) {
      if (owner === CONTROLLER && kind !== "ConfigurationState") continue; // it may not read the others
      const found = await listFound(client, path, own);
      if (found === null) unserved.add(path);
      for (const one of found ?? [])
        standing.set(`${path}/${one.metadata.name}`, contentFound(one));
    }
    desk.askedMs = clock.now();
    desk.unserved = unserved;
    return (desk.standing = standing);
  };

  const baseOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

  /** One object per Service at L2: whoever announces removes what others, dead or alive, left behind. */
  const removeOthers = async (desk: Desk, fresh: ReadonlySet<string>): Promise<void> => {
    const base = kinds.find(({ kind }) => kind === "ServiceL2Status")?.path ?? "";
    const serviceOf = (labels: Readonly<Record<string, string>> = {}): string =>
      `${labels["metallb.io/service-namespace"] ?? ""}/${labels["metallb.io/service-name"] ?? ""}`;
    const ours = [...fresh].map((path) => desk.wanted.get(path)?.report.labels);
    const services = new Set(ours.filter((labels) => labels !== undefined).map(serviceOf));
    if (services.size === 0) return;
    for (const { metadata } of (await listFound(client, base, "")) ?? []) {
      const path = `${base}/${metadata.name}`;
      if (services.has(serviceOf(metadata.labels)) && !desk.wanted.has(path))
        await removeObject(client, path);
    }
  };

  /** A component that ends has many to remove, and little time. */
  const removeWhole = async (
    desk: Desk,
    owner: string,
    standing: Map<string, string>,
  ): Promise<void> => {
    const kept = new Set<string>();
    for (const path of standing.keys()) if (desk.wanted.has(path)) kept.add(baseOf(path));
    for (const { path: base } of kinds) {
      if (kept.has(base)) continue;
      const here = [...standing.keys()].filter((path) => path.startsWith(`${base}/`));
      if (here.length < AT_ONCE) continue;
      const query = new URLSearchParams({ labelSelector: `${OWNER_LABEL}=${labelValue(owner)}` });
      await client.request("DELETE", `${base}?${query.toString()}`);
      for (const path of here) standing.delete(path);
    }
  };

  const bring = async (desk: Desk, owner: string): Promise<void> => {
    const { version } = desk;
    const isStale = clock.now() - desk.askedMs > LOOK_AGAIN_MS;
    const standing = isStale || desk.standing === null ? await ask(desk, owner) : desk.standing;
    await removeWhole(desk, owner, standing);
    const due = dueFor(standing, desk.wanted);
    const freshL2 = new Set<string>();
    const failures: AppError[] = [];
    const worker = async (): Promise<void> => {
      for (;;) {
        // An API server that is away is asked no further; the caller comes back later.
        if (failures.some((e) => e instanceof KubeError && e.status === 0)) return;
        const path = desk.version === version ? due.shift() : undefined; // a newer set has its own order
        if (path === undefined) return;
        if (desk.unserved.has(baseOf(path))) continue;
        await pace.take(signal);
        const wish = desk.wanted.get(path);
        try {
          if (wish === undefined) await removeObject(client, path);
          else {
            const known = isSameFrame(standing.get(path), wish.content);
            await writeObject(client, path, wish.name, wish.report, { owner, writer, known });
            if (!standing.has(path) && wish.report.kind === "ServiceL2Status") freshL2.add(path);
          }
          standing.delete(path); // and last again: what was written longest ago comes first
          if (wish !== undefined) standing.set(path, wish.content);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          failures.push(error);
          if (error instanceof KubeError && (error.status === 403 || error.status === 404))
            desk.unserved.add(baseOf(path));
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    if (freshL2.size > 0) await removeOthers(desk, freshL2);
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  };

  const bringLatest = async (desk: Desk, owner: string): Promise<void> => {
    for (;;) {
      const { version } = desk;
      try {
        await bring(desk, owner);
      } catch (error) {
        if (version === desk.version) throw error; // else the newer set may fare better
      }
      if (version === desk.version) return;
    }
  };

  return {
    write(owner, reports) {
      const desk: Desk = desks.get(owner) ?? {
        ...{
          wanted: new Map(),
          standing: null,
          askedMs: 0,
          version: 0,
          unserved: new Set(),
          work: null,
        },
      };
      desks.set(owner, desk);
      const wishes = reports.map((report) => wishFor(report, owner));
      desk.wanted = new Map(wishes.map((wish) => [wish.path, wish]));
      desk.version++;
      desk.work ??= bringLatest(desk, owner).finally(() => {
        desk.work = null;
      });
      return desk.work;
    },
  };
}
