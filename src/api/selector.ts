import type { LabelSelector, LabelSelectorRequirement } from "./objects.ts";

type Labels = Readonly<Record<string, string>> | undefined;

function requirementMatches(r: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels?.[r.key];
  switch (r.operator) {
    case "In":
      return value !== undefined && (r.values ?? []).includes(value);
    case "NotIn":
      return value === undefined || !(r.values ?? []).includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** Labels and expressions inside one selector are ANDed; `{}` matches everything. */
export const selectorMatches = (selector: LabelSelector, labels: Labels): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([k, v]) => labels?.[k] === v) &&
  (selector.matchExpressions ?? []).every((r) => requirementMatches(r, labels));

/** A list is ORed; an absent or empty list is no restriction. */
export const anySelectorMatches = (
  selectors: readonly LabelSelector[] | undefined,
  labels: Labels,
): boolean =>
  selectors === undefined ||
  selectors.length === 0 ||
  selectors.some((s) => selectorMatches(s, labels));
