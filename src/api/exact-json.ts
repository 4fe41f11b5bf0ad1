/** JSON text, indented, in which integers beyond 2^53 (pool counters) keep every digit. */
export function stringifyExact(value: unknown): string {
  const mark = "\u0000"; // no text of ours holds it
  const text = JSON.stringify(
    value,
    (_, v: unknown) => (typeof v === "bigint" ? `${mark}${v}${mark}` : v),
    2,
  );
  return text.replaceAll(/"\\u0000(-?\d+)\\u0000"/g, "$1");
}
