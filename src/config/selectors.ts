/** Lists of names and label selectors: rules V20 to V23, shared by every kind. */
import { isLabelValue, isQualifiedName } from "../api/labels.ts";
import type { LabelSelector } from "../api/objects.ts";
import { anySelectorMatches } from "../api/selector.ts";
import { quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { fieldsOf, listAt, selectorOf, selectorsAt, stableText, textAt, textsAt } from "./read.ts";
import type { Fields } from "./read.ts";

/** A node or namespace: what selectors look at. */
export interface Labelled {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Names of those that the list lets through, in the order given; an empty list lets all through. */
export const namesMatching = (
  selectors: readonly LabelSelector[],
  all: readonly Labelled[],
): readonly string[] =>
  all.filter((one) => anySelectorMatches(selectors, one.labels)).map((one) => one.name);

/** V20 (or the rule given): no text twice in a list. Returns the list as written. */
export function distinctTexts(
  fields: Fields,
  key: string,
  path: string,
  found: Findings,
  rule = "V20",
): readonly string[] {
  const texts = textsAt(fields, key);
  const seen = new Set<string>();
  texts.forEach((text, i) => {
    if (seen.has(text))
      found.error(
        rule,
        "duplicateEntry",
        `${path}[${i}]`,
        `${quoted(text)} is listed twice: remove one`,
      );
    seen.add(text);
  });
  return texts;
}

function checkKey(key: string, path: string, found: Findings): void {
  if (!isQualifiedName(key))
    found.error(
      "V23",
      "badLabelKey",
      path,
      `${quoted(key)} is no label key: use name or domain/name`,
    );
}

function checkValue(value: string, path: string, found: Findings): void {
  if (!isLabelValue(value))
    found.error(
      "V23",
      "badLabelValue",
      path,
      `${quoted(value)} is no label value: use up to 63 letters, digits, dashes, dots, underscores`,
    );
}

function checkExpression(expression: unknown, path: string, found: Findings): void {
  const f = fieldsOf(expression);
  const operator = textAt(f, "operator") ?? "";
  const values = distinctTexts(f, "values", `${path}.values`, found, "V22");
  checkKey(textAt(f, "key") ?? "", `${path}.key`, found);
  values.forEach((v, i) => checkValue(v, `${path}.values[${i}]`, found));
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0)
      found.error("V23", "noValues", `${path}.values`, `${operator} needs at least one value`);
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      found.error(
        "V23",
        "valuesNotAllowed",
        `${path}.values`,
        `${operator} takes no values: remove them`,
      );
  } else
    found.error(
      "V23",
      "badOperator",
      `${path}.operator`,
      `${quoted(operator)} is no operator: use In, NotIn, Exists or DoesNotExist`,
    );
}

function checkSelector(raw: unknown, path: string, found: Findings): void {
  for (const [key, value] of Object.entries(selectorOf(raw).matchLabels ?? {})) {
    checkKey(key, `${path}.matchLabels`, found);
    checkValue(value, `${path}.matchLabels[${JSON.stringify(key)}]`, found);
  }
  const seen = new Set<string>();
  listAt(fieldsOf(raw), "matchExpressions").forEach((expression, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    checkExpression(expression, at, found);
    const text = stableText(selectorOf({ matchExpressions: [expression] }));
    if (seen.has(text))
      found.error("V22", "duplicateExpression", at, "the same expression twice: remove one");
    seen.add(text);
  });
}

/** V21 to V23 on one list. Returns it in canonical form, in the order written. */
export function checkedSelectors(
  fields: Fields,
  key: string,
  path: string,
  found: Findings,
): readonly LabelSelector[] {
  const selectors = selectorsAt(fields, key);
  const seen = new Set<string>();
  listAt(fields, key).forEach((raw, i) => {
    const at = `${path}[${i}]`;
    checkSelector(raw, at, found);
    const text = stableText(selectors[i]);
    if (seen.has(text))
      found.error("V21", "duplicateSelector", at, "the same selector twice: remove one");
    seen.add(text);
  });
  return selectors;
}

/** V34, V38 and V75 repeat V20 to V23 for one place; that place then breaks both. */
export function repeatRule(rule: string, path: string, found: Findings): void {
  const broken = found.problems
    .filter((p) => /^V2[0-3]$/.test(p.rule) && p.path.startsWith(path))
    .map((p) => p.rule);
  if (broken.length > 0)
    found.error(
      rule,
      "badLists",
      path,
      `breaks ${[...new Set(broken)].sort().join(" and ")}: mend what is named there`,
    );
}

/** V21 to V23, and a warning where a list of node selectors matches none of the nodes there are (X5). */
export function checkedNodeSelectors(
  spec: Fields,
  nodes: readonly Labelled[],
  found: Findings,
): readonly LabelSelector[] {
  const selectors = checkedSelectors(spec, "nodeSelectors", "spec.nodeSelectors", found);
  if (selectors.length > 0 && nodes.length > 0 && namesMatching(selectors, nodes).length === 0)
    found.warn(
      "X5",
      "noNodeMatches",
      "spec.nodeSelectors",
      `${stableText(selectors)} matches none of the ${nodes.length} nodes: label a node so` +
        workerHint(selectors),
    );
  return selectors;
}

const WORKER = "node-role.kubernetes.io/worker";

/** kubeadm, k3s and MicroK8s set no worker label, so the selector that people copy matches nothing. */
const workerHint = (selectors: readonly LabelSelector[]): string =>
  stableText(selectors).includes(WORKER)
    ? `, or select {key: node-role.kubernetes.io/control-plane, operator: DoesNotExist} instead: ` +
      `most distributions do not set ${WORKER}`
    : ", or change the selector";
