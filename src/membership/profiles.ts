/** How quick and how patient a node is: three profiles, and the tuning file of the Go library's names. */
import { AppError } from "../errors.ts";

/** Content of a datagram that gossip aims at, in octets. */
export const MAX_PACKET = 1400;

/** Room for broadcasts beside a message of `length` octets. */
export const piggybackRoom = (max: number, length: number, overhead: number): number =>
  max - length - 2 - overhead;

export interface Timing {
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** Nodes probed in each interval. The Go library probes one. */
  readonly probesPerInterval: number;
  readonly indirectChecks: number;
  readonly tcpPings: boolean;
  /** Health scores run from 0 to this, exclusive. */
  readonly awarenessMax: number;
  readonly suspicionMult: number;
  readonly suspicionMaxTimeoutMult: number;
  readonly retransmitMult: number;
  readonly gossipIntervalMs: number;
  readonly gossipNodes: number;
  /** Up to so many members, news of our own goes to everybody at once and then by gossip; 0: gossip alone. */
  readonly directNews: number;
  readonly gossipToTheDeadMs: number;
  readonly pushPullIntervalMs: number;
  readonly tcpTimeoutMs: number;
  readonly packetSize: number;
  readonly verifyIncoming: boolean;
  readonly verifyOutgoing: boolean;
  readonly compression: boolean;
  /** A refused TCP ping buries a silent node at once: its host says that nobody listens. */
  readonly refusedMeansDead: boolean;
  /**
   * A suspicion lasts so many times longer while the silent node's host takes connections: its process is busy or
   * frozen, not gone.
   */
  readonly frozenMult: number;
  /** How often addresses that should be members but aren't are tried; 0: only when asked. */
  readonly reconnectIntervalMs: number;
}

/** The Go library's LAN defaults, which MetalLB uses. */
const MEMBERLIST: Timing = {
  probeIntervalMs: 1000,
  probeTimeoutMs: 500,
  probesPerInterval: 1,
  indirectChecks: 3,
  tcpPings: true,
  awarenessMax: 8,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  retransmitMult: 4,
  gossipIntervalMs: 200,
  gossipNodes: 3,
  directNews: 0,
  gossipToTheDeadMs: 30_000,
  pushPullIntervalMs: 30_000,
  tcpTimeoutMs: 10_000,
  packetSize: MAX_PACKET,
  verifyIncoming: true,
  verifyOutgoing: true,
  compression: true,
  refusedMeansDead: false,
  frozenMult: 1,
  reconnectIntervalMs: 60_000,
};

export const PROFILES = {
  /** A dead process is noticed in about 0.2 s, a cut link in 0.7 s, a frozen process in 1.5 s, on one network. */
  fast: {
    ...MEMBERLIST,
    probeIntervalMs: 150,
    probeTimeoutMs: 75,
    probesPerInterval: 16,
    suspicionMult: 3,
    // Quick probes carry gossip too, mostly to the same few: more transmissions so that all get it.
    retransmitMult: 8,
    directNews: 32,
    gossipIntervalMs: 50,
    pushPullIntervalMs: 10_000,
    tcpTimeoutMs: 2000,
    refusedMeansDead: true,
    frozenMult: 3,
    reconnectIntervalMs: 300,
  },
  memberlist: MEMBERLIST,
  wan: {
    ...MEMBERLIST,
    probeIntervalMs: 5000,
    probeTimeoutMs: 3000,
    suspicionMult: 6,
    gossipIntervalMs: 500,
    gossipNodes: 4,
    gossipToTheDeadMs: 60_000,
    pushPullIntervalMs: 60_000,
    tcpTimeoutMs: 30_000,
  },
} as const satisfies Record<string, Timing>;
export type ProfileName = keyof typeof PROFILES;

/** Key of the tuning file to field of `Timing`, and what it holds. HandoffQueueDepth and QueueCheckInterval have no use here. */
const FILE_KEYS = {
  TCPTimeout: ["tcpTimeoutMs", "duration"],
  IndirectChecks: ["indirectChecks", "number"],
  RetransmitMult: ["retransmitMult", "number"],
  SuspicionMult: ["suspicionMult", "number"],
  SuspicionMaxTimeoutMult: ["suspicionMaxTimeoutMult", "number"],
  PushPullInterval: ["pushPullIntervalMs", "duration"],
  ProbeTimeout: ["probeTimeoutMs", "duration"],
  ProbeInterval: ["probeIntervalMs", "duration"],
  DisableTcpPings: ["tcpPings", "inverted"],
  AwarenessMaxMultiplier: ["awarenessMax", "number"],
  GossipNodes: ["gossipNodes", "number"],
  GossipInterval: ["gossipIntervalMs", "duration"],
  GossipToTheDeadTime: ["gossipToTheDeadMs", "duration"],
  GossipVerifyIncoming: ["verifyIncoming", "flag"],
  GossipVerifyOutgoing: ["verifyOutgoing", "flag"],
  EnableCompression: ["compression", "flag"],
  HandoffQueueDepth: [null, "number"],
  UDPBufferSize: ["packetSize", "number"],
  QueueCheckInterval: [null, "duration"],
} as const satisfies Record<
  string,
  readonly [keyof Timing | null, "duration" | "number" | "flag" | "inverted"]
>;

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's duration text, as far as tuning files hold it: `200ms`, `5s`, `1m30s`. */
function durationMs(text: string): number | null {
  let total = 0;
  let rest = text;
  while (rest !== "") {
    const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)/.exec(rest);
    if (found === null) return null;
    total += Number(found[1]) * (UNITS_MS[found[2] ?? ""] ?? 0);
    rest = rest.slice(found[0].length);
  }
  return text === "" ? null : total;
}

/**
 * The tuning file over `base`. Keys that are missing keep the base's value (the Go program takes 0, which
 * helps nobody); a key that is there must be right.
 * @throws AppError `ERR_UNREADABLE_INPUT` naming the key.
 */
export function timingFromFile(json: string, base: Timing = MEMBERLIST): Timing {
  const bad = (why: string, cause?: unknown) =>
    new AppError("ERR_UNREADABLE_INPUT", `memberlist settings: ${why}`, { cause });
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch (error) {
    throw bad("not JSON", error);
  }
  if (given === null || typeof given !== "object" || Array.isArray(given))
    throw bad("not an object");
  const over: Record<string, number | boolean> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!(key in FILE_KEYS)) throw bad(`unknown key ${key}`);
    const [field, kind] = FILE_KEYS[key as keyof typeof FILE_KEYS];
    const parsed: number | boolean | null =
      kind === "duration"
        ? typeof value === "string"
          ? durationMs(value)
          : null
        : kind === "number"
          ? Number.isInteger(value) && Number(value) >= 0
            ? Number(value)
            : null
          : typeof value === "boolean"
            ? value !== (kind === "inverted")
            : null;
    if (parsed === null) throw bad(`${key} is not a ${kind}: ${JSON.stringify(value)}`);
    if (field !== null) over[field] = parsed;
  }
  return { ...base, ...over };
}
