/**
 * MetalLB's flags have Go's syntax: one dash or two, a bare boolean means true, `=false` negates. Rewritten to
 * what commander reads; other words are left alone.
 */
export function goFlags(args: readonly string[], booleans: ReadonlySet<string>): string[] {
  return args.map((arg) => {
    const match = /^--?([a-z][a-z0-9-]+)(=.*)?$/.exec(arg);
    if (match === null) return arg;
    const [, name = "", value = ""] = match;
    return `--${name}${value === "" && booleans.has(name) ? "=true" : value}`;
  });
}

const TRUE = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE = ["0", "f", "F", "false", "FALSE", "False"];

/** Go's booleans, or null. */
export const parseGoBoolean = (text: string): boolean | null =>
  TRUE.includes(text) ? true : FALSE.includes(text) ? false : null;
