/** When a process should tidy its memory: it holds more than where the last tidying left it, and nothing happens. Pure. */

/** Without a change for so long, nobody waits for us. */
const QUIET_MS = 3000;
/** Where changes never end, it is tidied among them, so seldom. */
const LONG_MS = 60_000;
/** Less is not worth it, bytes. */
const WORTH = 3e6;

export interface Holding {
  /** Resident, bytes, as it stood after the last tidying; 0: it was never tidied. */
  readonly settled: number;
  /** It was tidied when we looked last: what is resident now is what is needed. */
  readonly isTidied: boolean;
  /** When it was tidied last, or it all began. */
  readonly tidiedMs: number;
}

export const untidySince = (nowMs: number): Holding => ({
  ...{ settled: 0, isTidied: false, tidiedMs: nowMs },
});

/** @param now resident bytes, the time, and when the last change came */
export function lookAt(
  before: Holding,
  now: { readonly resident: number; readonly atMs: number; readonly changedMs: number },
): Holding {
  const { resident, atMs, changedMs } = now;
  if (before.isTidied) return { ...before, settled: resident, isTidied: false };
  // Less than before: files' pages that the kernel took by itself.
  const settled = Math.min(before.settled, resident);
  const mayTidy = atMs - changedMs >= QUIET_MS || atMs - before.tidiedMs >= LONG_MS;
  const isTidied = mayTidy && resident >= settled + WORTH;
  return { settled, isTidied, tidiedMs: isTidied ? atMs : before.tidiedMs };
}
