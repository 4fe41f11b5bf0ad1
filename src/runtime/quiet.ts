/** When a process should tidy its memory: it holds more than where the last tidying left it, and nothing happens. Pure. */

/** Without a change for so long, nobody waits for us. */
const QUIET_MS = 3000;
/** Less is not worth it, bytes. */
const WORTH = 3e6;

export interface Holding {
  /** Resident, bytes, as it stood after the last tidying; 0: it was never tidied. */
  readonly settled: number;
  /** It was tidied when we looked last: what is resident now is what is needed. */
  readonly isTidied: boolean;
}

export const UNTIDY: Holding = { settled: 0, isTidied: false };

/** @param resident bytes @param quietMs since the last change */
export function lookAt(before: Holding, resident: number, quietMs: number): Holding {
  if (before.isTidied) return { settled: resident, isTidied: false };
  // Less than before: files' pages that the kernel took by itself.
  const settled = Math.min(before.settled, resident);
  return { settled, isTidied: quietMs >= QUIET_MS && resident >= settled + WORTH };
}
