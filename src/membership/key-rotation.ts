/** Another key for a ring that runs: first everybody understands it, then everybody speaks it, then the old one goes. Pure. */
import type { Keyring } from "./keyring.ts";

/** So long each step lasts: a kubelet hands a changed Secret to its Pods within two minutes. */
export const STEP_MS = 180_000;

export interface Rotation {
  /** The first one encrypts. */
  readonly keys: Keyring;
  /** The key that was seen last. */
  readonly seen: Uint8Array;
  /** When the step that is under way began; null: nothing changes. */
  readonly sinceMs: number | null;
}

export const settledOn = (key: Uint8Array): Rotation => ({ keys: [key], seen: key, sinceMs: null });

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, i) => octet === b[i]);

/**
 * One look at the key that should be used; a further change in the middle begins anew with what is spoken.
 * @param wanted null: cannot be told now
 */
export function rotated(
  now: Rotation,
  wanted: Uint8Array | null,
  atMs: number,
  stepMs = STEP_MS,
): Rotation {
  const [spoken = now.seen] = now.keys;
  if (wanted !== null && !isSame(wanted, now.seen))
    return isSame(wanted, spoken)
      ? { ...settledOn(wanted), keys: [wanted, now.seen], sinceMs: atMs }
      : { keys: [spoken, wanted], seen: wanted, sinceMs: atMs };
  if (now.sinceMs === null || atMs - now.sinceMs < stepMs) return now;
  return isSame(spoken, now.seen)
    ? settledOn(now.seen)
    : { keys: [now.seen, spoken], seen: now.seen, sinceMs: atMs };
}
