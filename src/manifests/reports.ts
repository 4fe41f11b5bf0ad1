/**
 * Edge: events and status objects of a directory, for people and for `ferrolb status`: never read back into
 * a snapshot. `.status/<Kind>/<namespace>/<name>.json`, one object each, as the API server would hold it.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
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
  const events = eventsIn(root, instance, clock);

  const present = async (owner: string): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const kind of REPORT_KINDS)
      for (const name of await readdir(join(root, kind, namespace)).catch(() => []))
        if (ownerIn(name) === owner) found.set(join(root, kind, namespace, name), "");
    return found;
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
    const standing = written.get(owner) ?? (await present(owner));
    written.set(owner, standing);
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
