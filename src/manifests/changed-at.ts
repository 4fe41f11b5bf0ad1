/** When a file was changed, on the process's own clock: the beginning of the time to the wire. */
import { statSync } from "node:fs";
import type { Clock } from "../runtime/clock.ts";

/** A shared file system may have another clock: what it says is believed so far back, and no further. */
const BELIEVED_MS = 1000;

/**
 * The kernel stamps a file as it is written or renamed, however late this process gets to look. Where that
 * stamp is of no use, the time at which the change was noticed stands.
 */
export function changedAt(ctimeMs: number, noticedMs: number, clock: Clock): number {
  const at = clock.now() - (clock.date().getTime() - ctimeMs);
  return at <= noticedMs && at >= noticedMs - BELIEVED_MS ? at : noticedMs;
}

/** Of a file that was read a moment ago: its attributes are at hand, also over a network. */
export function fileChangedAt(path: string, noticedMs: number, clock: Clock): number {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined ? noticedMs : changedAt(info.ctimeMs, noticedMs, clock);
}
