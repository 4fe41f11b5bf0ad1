/** Hold, keepalive and connect time of a peer: rules V6, V17, V70, V71, crds reference 3.9. */
import type { Peer } from "./config.ts";
import { tryParseDuration, wholeSeconds } from "../api/duration.ts";
import type { Findings } from "./findings.ts";
import { textAt } from "./read.ts";
import type { Fields } from "./read.ts";

/** What the two octets of the OPEN message hold (RFC 4271, 4.2). */
const LONGEST_S = 65535;

const SECOND_NS = 1_000_000_000n;

const seconds = (ns: bigint): number => Number(ns) / Number(SECOND_NS);

/** Text that is no duration reads as absent: V17 is the schema's. */
const durationAt = (spec: Fields, key: string): bigint | null =>
  tryParseDuration(textAt(spec, key) ?? "");

export function timersOf(spec: Fields, found: Findings): Peer["timers"] {
  const [givenHold, givenKeepalive] = [
    durationAt(spec, "holdTime"),
    durationAt(spec, "keepaliveTime"),
  ];
  const hold = givenHold ?? (givenKeepalive === null ? null : givenKeepalive * 3n);
  if (hold === null) return null;
  const keepalive = givenKeepalive ?? hold / 3n;
  const [holdPath, keepalivePath] = [
    givenHold === null ? "spec.keepaliveTime" : "spec.holdTime",
    givenKeepalive === null ? "spec.holdTime" : "spec.keepaliveTime",
  ];
  const holdTimeS = wholeSeconds(hold);
  if (holdTimeS < 0 || holdTimeS === 1 || holdTimeS === 2)
    found.error(
      "V70",
      "badHoldTime",
      holdPath,
      `a hold time of ${seconds(hold)}s: it must be 0s or at least 3s`,
    );
  if (keepalive > hold)
    found.error(
      "V71",
      "keepaliveAboveHold",
      keepalivePath,
      `a keepalive time of ${seconds(keepalive)}s is above the hold time of ${seconds(hold)}s: lower it, a third is usual`,
    );
  if (holdTimeS > LONGEST_S)
    found.error("F6", "timeTooLong", holdPath, `the hold time must be at most ${LONGEST_S}s`);
  if (keepalive < 0n && wholeSeconds(keepalive) < 0)
    found.error("F6", "negativeTime", keepalivePath, "the keepalive time must not be negative");
  const whole = Math.max(wholeSeconds(keepalive), 0);
  const third = Math.floor(holdTimeS / 3);
  noteRounding(hold, whole, third, holdPath, keepalivePath, found);
  return {
    holdTimeS: Math.max(holdTimeS, 0),
    keepaliveTimeS: Math.min(whole, third),
    given: { holdTimeS: seconds(hold), keepaliveTimeS: seconds(keepalive) },
  };
}

/** What FRR makes of it where that is not what was written. */
function noteRounding(
  hold: bigint,
  keepaliveS: number,
  thirdS: number,
  holdPath: string,
  keepalivePath: string,
  found: Findings,
): void {
  if (hold !== 0n && hold > -SECOND_NS && hold < SECOND_NS)
    found.warn("V70", "timersOff", holdPath, "below one second counts as 0s: no hold timer runs");
  else if (keepaliveS > thirdS && hold >= 3n * SECOND_NS)
    found.warn(
      "F7",
      "keepaliveLowered",
      keepalivePath,
      `FRR sends keepalives at a third of the hold time at the latest: ${thirdS}s is used`,
    );
}

/** 1..65535 whole seconds: V6 and V7 are the schema's. */
export function connectTimeOf(spec: Fields): number | null {
  const ns = durationAt(spec, "connectTime");
  return ns === null ? null : wholeSeconds(ns);
}
