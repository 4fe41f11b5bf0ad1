/**
 * Durations as MetalLB's resources write them: Go duration text (`90s`, `1m30s`, `500ms`). The grammar,
 * the rounding of fractions and the range (a signed 64-bit count of nanoseconds) are those of Go's
 * documentation of `time.ParseDuration` and `Duration.String`.
 */
import { AppError } from "../errors.ts";

/** A signed count of nanoseconds, from -2^63 to 2^63-1. */
export type Nanoseconds = bigint;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n], // micro sign
  ["\u03bcs", 1_000n], // Greek letter mu
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const LIMIT = 1n << 63n; // the count for a negative duration; one less for a positive one
const PART = /(\d*)(?:\.(\d*))?([^\d.]+)/y;

/** The digits after the point as a count of `unit`s, in the float arithmetic of Go, cut to a whole number. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next > LIMIT) break; // further digits do not count
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

/** The duration, or null for text that Go would refuse. */
export function tryParseDuration(text: string): Nanoseconds | null {
  const negative = text.startsWith("-");
  const body = negative || text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0n;
  if (body === "") return null;
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    PART.lastIndex = at;
    const [part, whole = "", fraction = "", name = ""] = PART.exec(body) ?? [];
    const unit = UNITS.get(name);
    if (part === undefined || unit === undefined || whole + fraction === "") return null;
    const digits = whole.replace(/^0+/, "");
    if (digits.length > 19) return null; // beyond the range, and costly to read
    total += BigInt(digits) * unit + fractionOf(fraction, unit);
    if (total > LIMIT) return null;
    at += part.length;
  }
  if (negative) return -total;
  return total === LIMIT ? null : total;
}

/** @throws AppError `ERR_BAD_DURATION` for anything but Go duration text within the range. */
export function parseDuration(text: string): Nanoseconds {
  const found = tryParseDuration(text);
  if (found === null)
    throw new AppError(
      "ERR_BAD_DURATION",
      `not a duration such as 90s, 1m30s or 500ms: ${JSON.stringify(text.slice(0, 64))}`,
    );
  return found;
}

/** Whole seconds, cut towards zero as FRR gets them: 900 ms is 0, -900 ms is 0 too. */
export const wholeSeconds = (d: Nanoseconds): number => Number(d / 1_000_000_000n);

/** Whole milliseconds, cut towards zero. */
export const wholeMilliseconds = (d: Nanoseconds): number => Number(d / 1_000_000n);

const decimal = (d: bigint, unit: bigint): string => {
  const digits = unit.toString().length - 1;
  const rest = (d % unit).toString().padStart(digits, "0").replace(/0+$/, "");
  return rest === "" ? `${d / unit}` : `${d / unit}.${rest}`;
};

/** Go's own text for a duration: `1m30s` for 90 s, `1.5s`, `900ms`, `0s`. */
export function formatDuration(d: Nanoseconds): string {
  if (d === 0n) return "0s";
  if (d < 0n) return `-${formatDuration(-d)}`;
  if (d < 1_000n) return `${d}ns`;
  if (d < 1_000_000n) return `${decimal(d, 1_000n)}\u00b5s`;
  if (d < 1_000_000_000n) return `${decimal(d, 1_000_000n)}ms`;
  const minutes = d / 60_000_000_000n;
  const seconds = `${decimal(d % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  const rest = `${minutes % 60n}m${seconds}`;
  return minutes < 60n ? rest : `${minutes / 60n}h${rest}`;
}
