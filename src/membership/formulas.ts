/** The numbers of SWIM and Lifeguard as the Go library computes them, its truncations included. */

export interface SuspicionTimes {
  /** Confirmations wanted before the time is down to `minMs`. */
  readonly k: number;
  readonly minMs: number;
  readonly maxMs: number;
}

export interface SuspicionSettings {
  readonly suspicionMult: number;
  readonly suspicionMaxTimeoutMult: number;
  readonly probeIntervalMs: number;
}

/** `known`: all records, oneself, dead and left ones included. */
export function suspicionTimes(known: number, s: SuspicionSettings): SuspicionTimes {
  const wanted = s.suspicionMult - 2;
  const scale = Math.max(1, Math.log10(Math.max(1, known)));
  const minMs = (s.suspicionMult * Math.floor(scale * 1000) * s.probeIntervalMs) / 1000;
  return {
    k: known - 2 < wanted ? 0 : Math.max(0, wanted),
    minMs,
    maxMs: s.suspicionMaxTimeoutMult * minMs,
  };
}

/** Whole time of a suspicion after `confirmations`, from its start. */
export function suspicionMs(times: SuspicionTimes, confirmations: number): number {
  const { k, minMs, maxMs } = times;
  if (k < 1) return minMs;
  const share = Math.log(confirmations + 1) / Math.log(k + 1);
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}

export const retransmitLimit = (mult: number, known: number): number =>
  mult * Math.ceil(Math.log10(known + 1));

/** Push/pull comes more rarely once there are more than 32 nodes. */
export const pushPullMs = (intervalMs: number, known: number): number =>
  known <= 32 ? intervalMs : intervalMs * (Math.ceil(Math.log2(known) - Math.log2(32)) + 1);

/**
 * About how long until a member that fell silent is given up, in milliseconds: it is asked within two rounds, then
 * suspected for as short as others who miss it too allow. A process that died on a living host may be noticed sooner.
 */
export const noticeMs = (known: number, s: SuspicionSettings): number =>
  2 * s.probeIntervalMs + suspicionTimes(known, s).minMs;
