/** Edge: looks at one file until its text can be believed, then hands it over once. */
import { readFile, stat } from "node:fs/promises";
import type { Clock } from "../runtime/clock.ts";
import { changedAt } from "./changed-at.ts";
import { patienceFor } from "./patience.ts";
import type { Before } from "./patience.ts";

/** Larger files are refused: a manifest is written by people. */
export const MAX_BYTES = 64 * 1024 * 1024;
/** A file that is gone is looked for once more: a rename shows the new name first. */
const GONE_MS = 50;
/** After this long, a file that is held back is worth a problem. */
const HOLD_MS = 2000;

export interface SightingPorts {
  readonly clock: Clock;
  /** What is in force of a file, or null. */
  readonly beforeOf: (path: string) => Before | null;
  /** What taking this text would mean. */
  readonly examine: (
    path: string,
    text: string,
  ) => { readonly broken: boolean; readonly loses: boolean };
  /** `sinceMs`: when the file was changed, by the clock. */
  readonly onText: (path: string, text: string, sinceMs: number) => void;
  readonly onGone: (path: string) => void;
  /** The file is there but not believed; `null`: it is again. */
  readonly onHold: (path: string, why: string | null) => void;
}

export interface Sightings {
  /** Something may have happened to this path: look. Resolves when it has been taken, held or found gone. */
  look(path: string): Promise<void>;
  close(): void;
}

interface Seen {
  readonly signature: string;
  readonly ino: number;
  /** When this signature was seen first, on the clock. */
  readonly since: number;
}

export function startSightings(ports: SightingPorts): Sightings {
  const { clock } = ports;
  const seen = new Map<string, Seen>();
  const taken = new Map<string, Seen>();
  const gone = new Map<string, number>();
  const looking = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const timers = new Map<string, () => void>();
  const waiters = new Map<string, (() => void)[]>();
  let closed = false;

  const later = (path: string, ms: number): void => {
    timers.get(path)?.();
    timers.set(
      path,
      clock.after(ms, () => {
        timers.delete(path);
        void attempt(path);
      }),
    );
  };

  const done = (path: string): void => {
    for (const resolve of waiters.get(path) ?? []) resolve();
    waiters.delete(path);
  };

  /** Looks once; null when there is nothing more to wait for, else when to look again. */
  const lookOnce = async (path: string): Promise<number | null> => {
    const info = await stat(path).catch(() => null);
    if (!info?.isFile()) {
      const since = gone.get(path) ?? clock.now();
      gone.set(path, since);
      const left = since + GONE_MS - clock.now();
      if (left > 0) return left;
      for (const map of [gone, seen, taken]) map.delete(path);
      ports.onGone(path);
      return null;
    }
    gone.delete(path);
    const signature = `${info.mtimeMs} ${info.ctimeMs} ${info.size} ${info.ino}`;
    if (taken.get(path)?.signature === signature) return null;
    let sighting = seen.get(path);
    if (sighting?.signature !== signature) {
      sighting = { signature, ino: info.ino, since: clock.now() };
      seen.set(path, sighting);
    }
    if (info.size > MAX_BYTES) {
      ports.onHold(path, `the file is larger than ${MAX_BYTES} bytes`);
      return null;
    }
    const text = await readFile(path, "utf8");
    const stillMs = Math.max(clock.now() - sighting.since, clock.date().getTime() - info.mtimeMs);
    const lastIno = taken.get(path)?.ino;
    const patience = patienceFor({
      before: ports.beforeOf(path),
      text,
      replaced: lastIno !== undefined && lastIno !== info.ino,
      ...ports.examine(path, text),
    });
    const waitMs = patience.kind === "take" ? patience.afterMs : HOLD_MS;
    if (stillMs < waitMs) return waitMs - stillMs;
    const now = await stat(path).catch(() => null);
    if (now === null || `${now.mtimeMs} ${now.ctimeMs} ${now.size} ${now.ino}` !== signature)
      return 1;
    taken.set(path, sighting);
    if (patience.kind === "hold") ports.onHold(path, patience.why);
    else {
      ports.onHold(path, null);
      ports.onText(path, text, changedAt(info.ctimeMs, sighting.since, clock));
    }
    return null;
  };

  const attempt = (path: string): Promise<void> => {
    const running = looking.get(path);
    if (running !== undefined) {
      again.add(path);
      return running;
    }
    const run = (async () => {
      let next: number | null;
      try {
        next = await lookOnce(path);
      } catch (error) {
        // Not readable: what it said before stays in force.
        ports.onHold(path, error instanceof Error ? error.message : String(error));
        next = null;
      }
      looking.delete(path);
      if (closed) done(path);
      else if (again.delete(path)) void attempt(path);
      else if (next !== null) later(path, Math.max(1, Math.ceil(next)));
      else done(path);
    })();
    looking.set(path, run);
    return run;
  };

  return {
    look: (path) =>
      new Promise((resolve) => {
        waiters.set(path, [...(waiters.get(path) ?? []), resolve]);
        void attempt(path);
      }),
    close() {
      closed = true;
      for (const [path, cancel] of timers) {
        cancel();
        done(path);
      }
      timers.clear();
    },
  };
}
