/** Looks again while somebody watches, and tells each watcher the picture and what changed in it. */
import { explainService } from "../explain/service.ts";
import { statusOf } from "../explain/status.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ExplainOptions } from "../explain/world.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { Clock } from "../runtime/clock.ts";
import { changesBetween } from "./changes.ts";
import type { Change } from "./changes.ts";
import { pageViewOf } from "./view.ts";
import type { PageView } from "./view.ts";

/** What the page is made of; `observed` is in the options. Null: not loaded yet. */
export interface Seen {
  readonly snapshot: Snapshot;
  readonly options: ExplainOptions;
  /** What could not be read: the picture lacks it, and says so. */
  readonly unread?: readonly string[];
}

export interface Told {
  /** Null: nothing could be read; `trouble` says why. */
  readonly view: PageView | null;
  readonly changes: readonly (Change & { readonly at: string })[];
  readonly trouble: string | null;
}

export interface Watcher {
  /** Called at once with what is known, then with each change. Returns the way to stop. */
  subscribe(tell: (text: string) => void): () => void;
  explain(service: string): Promise<Explanation | null>;
  close(): void;
}

export interface WatchPorts {
  readonly title: string;
  readonly look: () => Promise<Seen | null>;
  readonly clock: Clock;
  readonly everyMs: number;
}

const troubleOf = ({ unread = [] }: Seen): string | null =>
  unread.length === 0
    ? null
    : `may not read ${unread.join(", ")}: what depends on it is shown as missing`;

/** Changes that a new watcher is shown. */
const KEPT = 100;

export function watchPicture({ title, look, clock, everyMs }: WatchPorts): Watcher {
  const watchers = new Set<(text: string) => void>();
  let view: PageView | null = null;
  let viewText = "";
  let trouble: string | null = null;
  let recent: Told["changes"] = [];
  let looking = false;
  let cancel: (() => void) | null = null;

  const textOf = (changes: Told["changes"]): string =>
    JSON.stringify({ view, changes, trouble } satisfies Told);

  const round = async (): Promise<void> => {
    looking = true;
    const before = view;
    const troubleBefore = trouble;
    try {
      const seen = await look();
      trouble = seen === null ? "still loading" : troubleOf(seen);
      if (seen !== null) view = pageViewOf(title, statusOf(seen.snapshot, seen.options));
    } catch (error) {
      trouble = error instanceof Error ? error.message : "cannot be read";
    }
    const text = JSON.stringify(view);
    if (text !== viewText || trouble !== troubleBefore) {
      const at = clock.date().toISOString();
      const found = before === null || view === null ? [] : changesBetween(before, view);
      const changes = found.map((c) => ({ ...c, at }));
      recent = [...recent, ...changes].slice(-KEPT);
      viewText = text;
      for (const tell of watchers) tell(textOf(changes));
    }
    looking = false;
    if (watchers.size > 0) cancel = clock.after(everyMs, () => void round());
  };

  return {
    subscribe(tell) {
      watchers.add(tell);
      if (view !== null) tell(textOf(recent));
      if (!looking) {
        cancel?.();
        void round();
      }
      return () => {
        watchers.delete(tell);
        if (watchers.size > 0) return;
        cancel?.();
        cancel = null;
      };
    },
    async explain(service) {
      const seen = await look();
      return seen === null ? null : explainService(seen.snapshot, service, seen.options);
    },
    close() {
      watchers.clear();
      cancel?.();
    },
  };
}
