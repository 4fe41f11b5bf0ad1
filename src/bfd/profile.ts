/** A BFDProfile as FRR should have it: every number explicit, because FRR 8.4 cannot take one back. */
import type { BfdProfile } from "../config/config.ts";

/** What FRR takes for a field that is not set, on 8.4 and 10.3 alike. Milliseconds; RFC 5881 for the TTL. */
export const BFD_DEFAULTS = {
  receiveIntervalMs: 300,
  transmitIntervalMs: 300,
  detectMultiplier: 3,
  echoIntervalMs: 50,
  minimumTtl: 254,
} as const;

export interface BfdProfileView {
  readonly name: string;
  readonly receiveIntervalMs: number;
  readonly transmitIntervalMs: number;
  readonly detectMultiplier: number;
  readonly echoIntervalMs: number;
  readonly echoMode: boolean;
  readonly passiveMode: boolean;
  readonly minimumTtl: number;
}

export const profileView = (p: BfdProfile): BfdProfileView => ({
  name: p.name,
  receiveIntervalMs: p.receiveIntervalMs ?? BFD_DEFAULTS.receiveIntervalMs,
  transmitIntervalMs: p.transmitIntervalMs ?? BFD_DEFAULTS.transmitIntervalMs,
  detectMultiplier: p.detectMultiplier ?? BFD_DEFAULTS.detectMultiplier,
  echoIntervalMs: p.echoIntervalMs ?? BFD_DEFAULTS.echoIntervalMs,
  echoMode: p.echoMode,
  passiveMode: p.passiveMode,
  minimumTtl: p.minimumTtl ?? BFD_DEFAULTS.minimumTtl,
});
