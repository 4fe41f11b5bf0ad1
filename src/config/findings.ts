import { refText } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { compareText } from "./read.ts";

/** Collects what is wrong with one object. `path` is a JSON path from the object's root. */
export interface Findings {
  readonly problems: Problem[];
  error(rule: string, code: string, path: string, message: string): void;
  warn(rule: string, code: string, path: string, message: string): void;
}

export function findingsOn(object: ObjectRef): Findings {
  const problems: Problem[] = [];
  const add = (severity: Problem["severity"]) => {
    return (rule: string, code: string, path: string, message: string): void => {
      problems.push({ severity, rule, code, object, path, message });
    };
  };
  return { problems, error: add("error"), warn: add("warning") };
}

export const hasError = (problems: readonly Problem[]): boolean =>
  problems.some((p) => p.severity === "error");

/** Rule names in reading order: V2 before V10, V before F. */
const ruleKey = (rule: string): string => rule.replace(/\d+/g, (digits) => digits.padStart(4, "0"));

const problemKey = (p: Problem): string =>
  [refText(p.object), p.severity, p.path, ruleKey(p.rule), p.code, p.message].join("\0");

/** By object, errors first, then by path; the same problem once. */
export function sortedProblems(problems: readonly Problem[]): readonly Problem[] {
  const byKey = new Map(problems.map((p) => [problemKey(p), p]));
  return [...byKey].sort(([a], [b]) => compareText(a, b)).map(([, p]) => p);
}

/** What a person wrote, short enough for a message; control characters are escaped. */
export const quoted = (v: unknown): string => {
  const text = v === undefined ? "nothing" : JSON.stringify(v);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};
