/** Status objects and events as values: from a dump's documents, or from the files under `.status/`. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { KubeObject } from "../api/objects.ts";
import { OBSERVED_KINDS, isObservedKind } from "../api/observed.ts";
import type { RecordedEvent } from "../api/observed.ts";
import { checkObject } from "../api/schema-check.ts";
import { STATUS_DIR } from "./files.ts";

const ref = Type.Object({
  kind: Type.String(),
  namespace: Type.Optional(Type.String()),
  name: Type.String(),
});
const text = Type.Optional(Type.String());
/** core/v1 and events.k8s.io/v1: two words for each of the same things. */
const KUBE_EVENT = Type.Object({
  involvedObject: Type.Optional(ref),
  regarding: Type.Optional(ref),
  type: text,
  reason: Type.String(),
  message: text,
  note: text,
  source: Type.Optional(Type.Object({ component: text })),
  reportingController: text,
  count: Type.Optional(Type.Integer()),
  lastTimestamp: text,
  eventTime: text,
});
const OWN_EVENT = Type.Object({
  about: Type.Object({ kind: Type.String(), namespace: Type.String(), name: Type.String() }),
  type: Type.String(),
  reason: Type.String(),
  message: Type.String(),
  source: Type.String(),
  count: Type.Integer(),
  lastTimestamp: Type.String(),
});

/** Null for what is no event of an object. `null` fields must be gone already. */
export function eventFrom(value: unknown): RecordedEvent | null {
  if (!Value.Check(KUBE_EVENT, value)) return null;
  const about = value.involvedObject ?? value.regarding;
  if (about === undefined) return null;
  return {
    about: { kind: about.kind, namespace: about.namespace ?? "", name: about.name },
    type: value.type ?? "Normal",
    reason: value.reason,
    message: value.message ?? value.note ?? "",
    source: value.source?.component ?? value.reportingController ?? "",
    count: value.count ?? 1,
    at: value.lastTimestamp ?? value.eventTime ?? "",
  };
}

/** A status object that fits its schema; null for anything else, which is nobody's fault here. */
export function observedFrom(value: unknown): KubeObject | null {
  const { object } = checkObject(value);
  return object !== null && isObservedKind(object.kind) ? object : null;
}

const filesIn = async (dir: string): Promise<readonly string[]> =>
  (await readdir(dir).catch(() => []))
    .filter((name) => name.endsWith(".json") && !name.startsWith("."))
    .sort()
    .map((name) => join(dir, name));

/** Files come and go while we look, and may be half written by someone else: those are passed over. */
async function valueOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return null;
  }
}

/** Everything below `<dir>/.status` that speakers and controller wrote for people. */
export async function readObservedDir(
  dir: string,
  namespace: string,
): Promise<{ readonly objects: readonly KubeObject[]; readonly events: readonly RecordedEvent[] }> {
  const root = join(dir, STATUS_DIR);
  const objects: KubeObject[] = [];
  for (const kind of Object.keys(OBSERVED_KINDS))
    for (const path of await filesIn(join(root, kind, namespace))) {
      const object = observedFrom(await valueOf(path));
      if (object !== null) objects.push(object);
    }
  const events: RecordedEvent[] = [];
  for (const writer of (await readdir(join(root, "Event")).catch(() => [])).sort())
    for (const path of await filesIn(join(root, "Event", writer))) {
      const list = await valueOf(path);
      for (const one of Array.isArray(list) ? (list as readonly unknown[]) : [])
        if (Value.Check(OWN_EVENT, one)) {
          const { lastTimestamp: at, about, type, reason, message, source, count } = one;
          events.push({ about, type, reason, message, source, count, at });
        }
    }
  return { objects, events };
}
