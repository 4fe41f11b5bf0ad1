/** What the configuration looks at beside its own resources: Nodes, Namespaces, Secrets. */
import type { Snapshot } from "../api/snapshot.ts";
import { secretViewOf } from "./peer-password.ts";
import type { SecretView } from "./peer-password.ts";
import { compareText, fieldsOf, stableText, textAt, textMap, valueAt } from "./read.ts";
import type { Labelled } from "./selectors.ts";

/** Of two of one name, which only files can give, the same one whatever their order. */
function putFirst<T>(map: Map<string, T>, name: string, value: T): void {
  const before = map.get(name);
  if (before === undefined || compareText(stableText(value), stableText(before)) < 0)
    map.set(name, value);
}

const metadataOf = (raw: unknown) => fieldsOf(valueAt(fieldsOf(raw), "metadata"));

/** Nodes or Namespaces, sorted by name. */
export function labelledOf(list: readonly unknown[]): readonly Labelled[] {
  const byName = new Map<string, Labelled>();
  for (const raw of list) {
    const metadata = metadataOf(raw);
    const name = textAt(metadata, "name") ?? "";
    if (name !== "") putFirst(byName, name, { name, labels: textMap(valueAt(metadata, "labels")) });
  }
  return [...byName.values()].sort((a, b) => compareText(a.name, b.name));
}

/** Those in the namespace of the configuration, by name. */
export function secretsOf({ secrets, namespace }: Snapshot): ReadonlyMap<string, SecretView> {
  const views = new Map<string, SecretView>();
  for (const raw of secrets as readonly unknown[]) {
    const metadata = metadataOf(raw);
    if ((textAt(metadata, "namespace") ?? namespace) === namespace)
      putFirst(views, textAt(metadata, "name") ?? "", secretViewOf(raw));
  }
  return views;
}
