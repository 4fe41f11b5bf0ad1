/** BFD sessions as `show bfd peers json` has them. */
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";

/** RFC 5880, 6.8.1. FRR calls AdminDown `shutdown`. */
export type BfdState = "AdminDown" | "Down" | "Init" | "Up";

export interface BfdSession {
  readonly peer: Ip;
  readonly local: Ip | null;
  /** Null in the default VRF. */
  readonly vrf: string | null;
  readonly interface: string | null;
  readonly multihop: boolean;
  readonly state: BfdState;
  /** Seconds in the present state; null where FRR does not say. */
  readonly sinceS: number | null;
  /** FRR's words for our and their diagnostic (RFC 5880, 4.1). */
  readonly diagnostic: string;
  readonly remoteDiagnostic: string;
  readonly detectMultiplier: number | null;
  /** Milliseconds, as configured here. */
  readonly receiveIntervalMs: number | null;
  readonly transmitIntervalMs: number | null;
  readonly echoIntervalMs: number | null;
}

const STATES: Readonly<Record<string, BfdState>> = {
  up: "Up",
  down: "Down",
  init: "Init",
  shutdown: "AdminDown",
  admindown: "AdminDown",
};

type Entry = Readonly<Record<string, unknown>>;
const textIn = (e: Entry, key: string): string | null => {
  const value = e[key];
  return typeof value === "string" && value !== "" ? value : null;
};
const numberIn = (e: Entry, ...keys: readonly string[]): number | null => {
  for (const key of keys) {
    const value = e[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return null;
};

function sessionIn(entry: unknown): BfdSession | null {
  if (typeof entry !== "object" || entry === null) return null;
  const e = entry as Entry;
  const peer = tryParseIp((textIn(e, "peer") ?? "").split("%")[0] ?? "");
  const state = STATES[textIn(e, "status")?.toLowerCase() ?? ""];
  if (peer === null || state === undefined) return null;
  const vrf = textIn(e, "vrf");
  return {
    peer,
    local: tryParseIp(textIn(e, "local") ?? ""),
    vrf: vrf === "default" ? null : vrf,
    interface: textIn(e, "interface"),
    multihop: e["multihop"] === true,
    state,
    sinceS: numberIn(e, state === "Up" ? "uptime" : "downtime"),
    diagnostic: textIn(e, "diagnostic") ?? "",
    remoteDiagnostic: textIn(e, "remote-diagnostic") ?? "",
    detectMultiplier: numberIn(e, "detect-multiplier"),
    receiveIntervalMs: numberIn(e, "receive-interval"),
    transmitIntervalMs: numberIn(e, "transmit-interval"),
    echoIntervalMs: numberIn(e, "echo-receive-interval", "echo-interval"),
  };
}

/** Sorted by VRF and peer. What is no session is left out; text that is no JSON gives none. */
export function parseBfdPeers(json: string): readonly BfdSession[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return [];
  }
  const key = (s: BfdSession): string => `${s.vrf ?? ""} ${s.peer} ${s.interface ?? ""}`;
  return (Array.isArray(parsed) ? parsed : [])
    .map(sessionIn)
    .filter((s) => s !== null)
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
