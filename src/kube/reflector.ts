/**
 * One resource of the API server, listed and watched for ever. While the server is away the last
 * objects stand. A watch is resumed where it ended; only when the server has forgotten that place (410)
 * is everything listed again, and objects that did not change keep their identity.
 */
import type { KubeObject } from "../api/objects.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Backoff } from "../runtime/backoff.ts";
import { sleep } from "../runtime/clock.ts";
import type { Clock } from "../runtime/clock.ts";
import { AppError } from "../errors.ts";
import { KubeError } from "./client.ts";
import type { KubeClient } from "./client.ts";

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  /** `/api/v1/services`, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The part of an object that is kept; null leaves it out. */
  readonly keep: (raw: KubeObject) => T | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: Backoff;
  /** Objects came, changed or went. */
  readonly onChange: () => void;
  /** The list or the watch failed; said once until it works again, or fails in another way. */
  readonly onFailure: (error: AppError) => void;
  readonly onRecovery: () => void;
}

export interface Reflector<T> {
  /** Null until the first list is complete. The same array until something changed. */
  objects(): readonly T[] | null;
  /** The one called `namespace/name`, as far as it is known. */
  object(key: string): T | null;
  /** Runs until aborted; never throws. */
  run(signal: AbortSignal): Promise<void>;
}

interface List {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[];
  readonly apiVersion?: string;
  readonly kind?: string;
}

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number; readonly message?: string };
}

const PAGE = 500;
/** Watches end by themselves after five to ten minutes, so that load balances out over API servers. */
const WATCH_S = 300;

/** So long a watch has to live to have worked. */
const WORKED_MS = 1000;

const GONE = 410;
class Gone extends KubeError {
  constructor() {
    super(GONE, "the API server no longer has the place where the watch ended");
  }
}

const isWatchEvent = (line: unknown): line is WatchEvent =>
  line !== null &&
  typeof line === "object" &&
  "type" in line &&
  typeof line.type === "string" &&
  "object" in line &&
  line.object !== null &&
  typeof line.object === "object";

const keyOf = (o: KubeObject): string => `${o.metadata.namespace ?? ""}/${o.metadata.name}`;

export function reflector<T extends KubeObject>(o: ReflectorOptions<T>): Reflector<T> {
  let byKey = new Map<string, { readonly version: string; readonly kept: T | null }>();
  let listed: readonly T[] | null = null;
  let resourceVersion = "";
  /** HTTP status of the failure that was said last; null: it works. */
  let failing: number | null = null;

  const publish = (): void => {
    listed = [...byKey.values()].flatMap(({ kept }) => (kept === null ? [] : [kept]));
    o.onChange();
  };

  const entryFor = (raw: KubeObject) => {
    const version = raw.metadata.resourceVersion ?? "";
    const known = byKey.get(keyOf(raw));
    if (known?.version === version) return known;
    const kept = o.keep(raw);
    // Most updates touch nothing that we read: then the object we have stands.
    const same = known !== undefined && JSON.stringify(known.kept) === JSON.stringify(kept);
    return { version, kept: same ? known.kept : kept };
  };

  const path = (query: Readonly<Record<string, string>>): string =>
    `${o.path}?${new URLSearchParams({ ...o.query, ...query }).toString()}`;

  const list = async (): Promise<void> => {
    const found = new Map<string, { readonly version: string; readonly kept: T | null }>();
    let next: string | undefined;
    let version: string;
    do {
      const page = (await o.client.request(
        "GET",
        path({ limit: String(PAGE), ...(next && { continue: next }) }),
      )) as List;
      for (const item of page.items ?? []) {
        // Items of a list carry neither apiVersion nor kind.
        const raw = {
          ...item,
          apiVersion: page.apiVersion ?? "v1",
          kind: (page.kind ?? "").replace(/List$/, ""),
        };
        found.set(keyOf(raw), entryFor(raw));
      }
      next = page.metadata?.continue === "" ? undefined : page.metadata?.continue;
      version = page.metadata?.resourceVersion ?? "";
    } while (next !== undefined);
    const same =
      listed !== null &&
      found.size === byKey.size &&
      [...found].every(([key, entry]) => byKey.get(key)?.kept === entry.kept);
    byKey = found;
    resourceVersion = version;
    if (!same) publish();
  };

  const onEvent = ({ type, object }: WatchEvent): void => {
    if (type === "ERROR") {
      if (object.code === GONE) throw new Gone();
      throw new KubeError(object.code ?? 0, object.message ?? "watch failed");
    }
    resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
    if (type === "BOOKMARK") return;
    const key = keyOf(object);
    const before = byKey.get(key);
    if (type === "DELETED") {
      byKey.delete(key);
      if (before?.kept) publish();
      return;
    }
    const entry = entryFor(object);
    byKey.set(key, entry);
    if (before === undefined ? entry.kept !== null : before.kept !== entry.kept) publish();
  };

  const watch = async (signal: AbortSignal, onOpen: () => void): Promise<void> => {
    const timeoutSeconds = String(Math.round(WATCH_S * (1 + o.random())));
    const failures: KubeError[] = [];
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      await o.client.watch(
        path({ watch: "1", allowWatchBookmarks: "true", resourceVersion, timeoutSeconds }),
        (line) => {
          if (!isWatchEvent(line) || failures.length > 0) return;
          try {
            onEvent(line);
            recovered();
          } catch (error) {
            if (!(error instanceof KubeError)) throw error;
            failures.push(error);
            stop.abort();
          }
        },
        either,
        onOpen,
      );
    } catch (error) {
      throw failures[0] ?? error;
    }
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  };

  const recovered = (): void => {
    if (failing === null) return;
    failing = null;
    o.onRecovery();
  };

  return {
    objects: () => listed,
    object: (key) => byKey.get(key)?.kept ?? null,
    async run(signal) {
      let failures = 0;
      let known = false;
      while (!signal.aborted) {
        const startedMs = o.clock.now();
        const opened = { ms: Infinity };
        try {
          if (!known) {
            await list();
            known = true;
            recovered();
          }
          await watch(signal, () => (opened.ms = o.clock.now()));
          failures = 0;
          // A server that ends each watch at once must not be asked in a tight loop.
          if (o.clock.now() - startedMs < 1000) await sleep(o.clock, 200, signal);
        } catch (error) {
          if (isAborted(signal)) return;
          if (!(error instanceof AppError)) throw error;
          // A watch that worked for a while and was cut is no further failure of those before it.
          failures = o.clock.now() - opened.ms >= WORKED_MS ? 1 : failures + 1;
          if (error instanceof KubeError && error.status === GONE) known = false;
          else {
            const status = error instanceof KubeError ? error.status : 0;
            if (failing !== status) o.onFailure(error);
            failing = status;
          }
          await sleep(o.clock, backoffMs(o.backoff, failures), signal);
        }
      }
    },
  };
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
