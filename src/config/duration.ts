/** Nanoseconds per unit of Go's duration text. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n, // micro sign
  "\u03bcs": 1_000n, // Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const LIMIT = 1n << 63n;
export const SECOND_NS = 1_000_000_000n;

/**
 * A duration in Go's syntax (`90s`, `1m30s`, `1.5h`, `-5s`, `0`) in nanoseconds, or null for any other
 * text: a bare number, an empty text, an unknown unit, more than 64 bits of nanoseconds.
 */
export function parseDurationNs(text: string): bigint | null {
  const match = /^([+-]?)(.+)$/s.exec(text);
  if (match === null || text.length > 100) return null;
  const [, sign, body] = match as unknown as [string, string, string];
  if (body === "0") return 0n;
  let rest = body;
  let total = 0n;
  while (rest !== "") {
    const part = /^(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/.exec(rest);
    if (part === null) return null;
    const [all, whole = "", fraction = "", unit = ""] = part;
    const ns = UNITS[unit];
    if (ns === undefined || (whole === "" && fraction === "")) return null;
    total += BigInt(whole === "" ? "0" : whole) * ns;
    if (fraction !== "") total += (BigInt(fraction) * ns) / 10n ** BigInt(fraction.length);
    rest = rest.slice(all.length);
  }
  if (total > LIMIT || (total === LIMIT && sign !== "-")) return null;
  return sign === "-" ? -total : total;
}
