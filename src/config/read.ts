/**
 * Tolerant readers of what a person wrote: a field of the wrong type reads as absent. The schema check says
 * so to the person; these keep the rest of the object readable, so that all its mistakes are found at once.
 */
import type { LabelSelector, LabelSelectorRequirement } from "../api/objects.ts";

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (v: unknown): v is Fields =>
  typeof v === "object" && v !== null && !Array.isArray(v);

export const fieldsOf = (v: unknown): Fields => (isFields(v) ? v : {});

export function valueAt(f: Fields, key: string): unknown {
  return Object.hasOwn(f, key) ? f[key] : undefined;
}

export const without = (f: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(f).filter(([k]) => k !== key));

export function textAt(f: Fields, key: string): string | undefined {
  const v = valueAt(f, key);
  return typeof v === "string" ? v : undefined;
}

/** A whole number within what JavaScript counts exactly. */
export function integerAt(f: Fields, key: string): number | undefined {
  const v = valueAt(f, key);
  return Number.isSafeInteger(v) ? (v as number) : undefined;
}

export const flagAt = (f: Fields, key: string): boolean | undefined => {
  const v = valueAt(f, key);
  return typeof v === "boolean" ? v : undefined;
};

export function listAt(f: Fields, key: string): readonly unknown[] {
  const v = valueAt(f, key);
  return Array.isArray(v) ? v : [];
}

/** The strings of a list; other elements are the schema's business. */
export const textsAt = (f: Fields, key: string): readonly string[] =>
  listAt(f, key).filter((v) => typeof v === "string");

/** A map of texts, sorted by key, so that equal maps are equal text. */
export function textMap(v: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(fieldsOf(v)).filter(
    (pair): pair is [string, string] => typeof pair[1] === "string",
  );
  return Object.fromEntries(pairs.sort(([a], [b]) => compareText(a, b)));
}

/** By code unit: the same order everywhere, whatever the locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function requirementOf(v: unknown): LabelSelectorRequirement {
  const f = fieldsOf(v);
  const values = [...textsAt(f, "values")].sort(compareText);
  const base = { key: textAt(f, "key") ?? "", operator: textAt(f, "operator") ?? "" };
  return values.length === 0 ? base : { ...base, values };
}

/** Canonical: labels sorted by key, values sorted, empty parts absent; the order of expressions stays. */
export function selectorOf(v: unknown): LabelSelector {
  const f = fieldsOf(v);
  const matchLabels = textMap(valueAt(f, "matchLabels"));
  const matchExpressions = listAt(f, "matchExpressions").map(requirementOf);
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}

export const selectorsAt = (f: Fields, key: string): readonly LabelSelector[] =>
  listAt(f, key).map(selectorOf);

/** JSON with sorted keys: equal values give equal text. */
export function stableText(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(stableText).join(",")}]`;
  if (isFields(v))
    return `{${Object.keys(v)
      .sort(compareText)
      .filter((k) => v[k] !== undefined)
      .map((k) => `${JSON.stringify(k)}:${stableText(v[k])}`)
      .join(",")}}`;
  return typeof v === "bigint" ? v.toString() : v === undefined ? "null" : JSON.stringify(v);
}
