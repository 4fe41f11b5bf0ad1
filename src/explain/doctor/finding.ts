/** What the doctor says: checks, each with what it found, the evidence and the command that mends it. */
import type { ObjectRef } from "../../api/objects.ts";

/** `error` keeps addresses from being reached, `warning` may; a `note` is worth knowing. */
export type Severity = "error" | "warning" | "note";

export interface Fix {
  /** A shell command, every value of the cluster quoted. */
  readonly command: string;
  /** What else it does; null: nothing to beware of. */
  readonly caution: string | null;
}

export interface Finding {
  readonly severity: Severity;
  /** A stable word for programs; the same as elsewhere where the reason is the same. */
  readonly code: string;
  readonly object: ObjectRef | null;
  /** JSON path of the field at fault; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
  /** What was seen, one fact per line. */
  readonly evidence: readonly string[];
  /** The best first. */
  readonly fixes: readonly Fix[];
}

export interface Check {
  readonly name: string;
  /** `unknown`: what it needs to see was not there. */
  readonly state: "ok" | "unknown" | Severity;
  readonly summary: string;
  readonly findings: readonly Finding[];
}

const RANK: readonly Severity[] = ["error", "warning", "note"];

/** `summary` is for when nothing was found; else the first finding speaks. */
export function checked(name: string, findings: readonly Finding[], summary: string): Check {
  const sorted = findings.toSorted((a, b) => RANK.indexOf(a.severity) - RANK.indexOf(b.severity));
  const [worst] = sorted;
  return worst === undefined
    ? { name, state: "ok", summary, findings: [] }
    : { name, state: worst.severity, summary: worst.message, findings: sorted };
}

export const unknown = (name: string, summary: string): Check => ({
  name,
  state: "unknown",
  summary,
  findings: [],
});

/** One word of a shell command line: a name out of a cluster is quoted where it has to be. */
export const word = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

export const fix = (command: string, caution: string | null = null): Fix => ({ command, caution });

/** `a`, `a and b`, `a, b and 3 more`. */
export function some(names: readonly string[], most = 5): string {
  const shown = names.length <= most ? names : names.slice(0, most);
  const rest = names.length - shown.length;
  const parts = rest === 0 ? shown : [...shown, `${rest} more`];
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
