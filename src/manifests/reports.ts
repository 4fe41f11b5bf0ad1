/**
 * Edge: events and status objects of a directory, for people and for `ferrolb status`: never read back into
 * a snapshot. `.status/<Kind>/<namespace>/<name>.json`, one object each, as the API server would hold it.
 */
import { readFile, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringifyExact } from "../api/exact-json.ts";
import { reportName, sortedLabels as sorted } from "../api/report-name.ts";
import type { EventWrite, ReportWrite } from "../api/store.ts";
import type { Clock } from "../runtime/clock.ts";
import { writeAtomic } from "./atomic-write.ts";
import { STATUS_DIR } from "./files.ts";

/** Kinds a component may have written: where its old objects are looked for. */
const REPORT_KINDS = [
  "ServiceL2Status",
  "ServiceBGPStatus",
  "ConfigurationState",
  "AnnouncementReport",
  "SpeakerReport",
];
/** Events kept of one object and source. */
const EVENTS_KEPT = 10;

/** What a hand removed is noticed so late. */
const LOOK_AGAIN_MS = 50_000;

const ownerIn = (file: string): string | undefined =>
  /^[a-z0-9]+-(.*)-[0-9a-f]{10}\.json$/.exec(file)?.[1];

export interface Reports {
  /** Brings the objects of `owner` to exactly these; writes only what changed. */
  write(owner: string, reports: readonly ReportWrite[]): Promise<void>;
  event(event: EventWrite): void;
  /** Resolves when every event is on disk. */
  flush(): Promise<void>;
}

export function reportsIn(dir: string, namespace: string, instance: string, clock: Clock): Reports {
  const root = join(dir, STATUS_DIR);
  const written = new Map<string, Map<string, string>>();
  const lookedMs = new Map<string, number>();
  const events = eventsIn(root, instance, clock);

  /** Text by path, as far as it is known: what lies there from before is written anew, or removed. */
  const standingOf = async (owner: string): Promise<Map<string, string>> => {
    const known = written.get(owner);
    const isOld = clock.now() - (lookedMs.get(owner) ?? -Infinity) > LOOK_AGAIN_MS;
    if (known !== undefined && !isOld) return known;
    const there = await reportFiles(dir, namespace);
    lookedMs.set(owner, clock.now());
    const standing = known ?? new Map<string, string>();
    if (known === undefined)
      for (const path of there) if (ownerIn(basename(path)) === owner) standing.set(path, "");
    const paths = new Set(there);
    for (const path of standing.keys()) if (!paths.has(path)) standing.delete(path);
    written.set(owner, standing);
    return standing;
  };

  /** One at a time: the files of two sets must not be mixed. */
  let writing: Promise<void> = Promise.resolve();

  return {
    ...events,
    write(owner, reports) {
      const mine = writing.then(() => bring(owner, reports));
      writing = mine.catch(() => undefined);
      return mine;
    },
  };

  async function bring(owner: string, reports: readonly ReportWrite[]): Promise<void> {
    const standing = await standingOf(owner);
    const wanted = new Set<string>();
    for (const report of reports) {
      const { apiVersion, kind, labels, status } = report;
      const name = reportName(owner, report);
      const path = join(root, kind, namespace, `${name}.json`);
      const metadata = { name, namespace, labels: Object.fromEntries(sorted(labels)) };
      const text = `${stringifyExact({ apiVersion, kind, metadata, status })}\n`;
      wanted.add(path);
      if (standing.get(path) === text) continue;
      await writeAtomic(path, text);
      standing.set(path, text);
    }
    for (const path of [...standing.keys()])
      if (!wanted.has(path)) {
        await rm(path, { force: true });
        standing.delete(path);
      }
  }
}

async function reportFiles(dir: string, namespace: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const kind of REPORT_KINDS) {
    const place = join(dir, STATUS_DIR, kind, namespace);
    for (const name of await readdir(place).catch(() => [])) found.push(join(place, name));
  }
  return found;
}

/** The labels with a node's name: MetalLB has two. */
const NODE_LABELS = ["metallb.io/node", "metallb.io/node-name"];

function nodeIn(text: string): string | null {
  try {
    const { metadata } = JSON.parse(text) as { metadata?: { labels?: Record<string, string> } };
    return (
      NODE_LABELS.map((label) => metadata?.labels?.[label]).find((n) => n !== undefined) ?? null
    );
  } catch {
    return null; // nothing of ours
  }
}

/** Removes what speakers of Nodes that are no more have left. Names of those Nodes, sorted. @throws what the file system says */
export async function forgetNodeFiles(
  dir: string,
  namespace: string,
  nodes: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(nodes);
  const forgotten = new Set<string>();
  for (const path of await reportFiles(dir, namespace)) {
    const node = path.endsWith(".json")
      ? nodeIn(await readFile(path, "utf8").catch(() => ""))
      : null;
    if (node === null || known.has(node)) continue;
    await rm(path, { force: true });
    forgotten.add(node);
  }
  return [...forgotten].sort();
}

interface EventRecord extends EventWrite {
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

/** `.status/Event/<source>-<instance>/<Kind>.<namespace>.<name>.json`: the last few, equal ones in a row counted. */
function eventsIn(root: string, instance: string, clock: Clock): Pick<Reports, "event" | "flush"> {
  const kept = new Map<string, readonly EventRecord[]>();
  const dirty = new Set<string>();
  let writing: Promise<void> | null = null;

  const drain = async (): Promise<void> => {
    for (const path of dirty) {
      dirty.delete(path);
      await writeAtomic(path, `${stringifyExact(kept.get(path) ?? [])}\n`).catch(() => undefined);
    }
    writing = null;
  };

  return {
    event(event) {
      const { kind, namespace, name } = event.about;
      const path = join(
        root,
        "Event",
        `${event.source}-${instance}`,
        `${kind}.${namespace}.${name}.json`,
      );
      const at = clock.date().toISOString();
      const before = kept.get(path) ?? [];
      const last = before.at(-1);
      const equal =
        last?.reason === event.reason && last.message === event.message && last.type === event.type;
      const next: EventRecord = equal
        ? { ...last, count: last.count + 1, lastTimestamp: at }
        : { ...event, count: 1, firstTimestamp: at, lastTimestamp: at };
      kept.set(path, [...(equal ? before.slice(0, -1) : before), next].slice(-EVENTS_KEPT));
      dirty.add(path);
      writing ??= drain();
    },
    async flush() {
      while (writing !== null) await writing;
    },
  };
}
