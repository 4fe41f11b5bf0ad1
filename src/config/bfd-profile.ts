/** BFDProfile: rules V60 and V61, crds reference 1.8. */
import type { BfdProfile } from "./config.ts";
import { findingsOn, hasError } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { flagAt, integerAt, valueAt } from "./read.ts";
import type { Fields } from "./read.ts";
import { freeTable } from "./settle.ts";
import type { Judged, Rules, Version } from "./settle.ts";

/** FRR keeps a profile's name in 64 octets, the last one a zero. */
const LONGEST_NAME = 63;

function ranged(
  spec: Fields,
  key: string,
  from: number,
  to: number,
  found: Findings,
): number | null {
  const value = integerAt(spec, key);
  if (value !== undefined && value >= from && value <= to) return value;
  if (typeof valueAt(spec, key) === "number")
    found.error("V60", "outOfRange", `spec.${key}`, `must be a whole number from ${from} to ${to}`);
  return null;
}

export function profileOf(name: string, spec: Fields, found: Findings): BfdProfile {
  return {
    name,
    receiveIntervalMs: ranged(spec, "receiveInterval", 10, 60000, found),
    transmitIntervalMs: ranged(spec, "transmitInterval", 10, 60000, found),
    detectMultiplier: ranged(spec, "detectMultiplier", 2, 255, found),
    echoIntervalMs: ranged(spec, "echoInterval", 10, 60000, found),
    echoMode: flagAt(spec, "echoMode") ?? false,
    passiveMode: flagAt(spec, "passiveMode") ?? false,
    minimumTtl: ranged(spec, "minimumTtl", 1, 254, found),
  };
}

function own({ source }: Version): Judged<BfdProfile> {
  const found = findingsOn(source.ref);
  found.problems.push(...source.refusals);
  if (source.name.length > LONGEST_NAME)
    found.error(
      "F2",
      "nameTooLong",
      "metadata.name",
      `FRR takes a profile name of at most ${LONGEST_NAME} characters: shorten it`,
    );
  const value = profileOf(source.name, source.spec, found);
  return { value: hasError(found.problems) ? null : value, problems: found.problems };
}

export const BFD_RULES: Rules<BfdProfile> = { own, table: freeTable };
