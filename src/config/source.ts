/** From the snapshot's lists to the objects that count: named, in our namespace, one of each name. */
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { findingsOn, quoted } from "./findings.ts";
import { compareText, fieldsOf, stableText, textAt, textMap, valueAt } from "./read.ts";
import type { Fields } from "./read.ts";
import { schemaVerdict } from "./schema.ts";

/** One object as written, with what a rule may ask of its metadata. */
export interface Source {
  readonly ref: ObjectRef;
  readonly name: string;
  /** Milliseconds since 1970; Infinity where none is written: the youngest. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As the API server would store it; as written where the schema refuses it. */
  readonly spec: Fields;
  /** What the schema refuses. */
  readonly refusals: readonly Problem[];
  /** Canonical text of the object as it came. */
  readonly text: string;
}

export interface Intake {
  /** Sorted by name, without two of one name. */
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

/** Rule that forbids two objects of one name, where MetalLB has one; such objects exist only in files. */
const TWIN_RULE: Readonly<Record<string, string>> = {
  IPAddressPool: "V31",
  BFDProfile: "V61",
  BGPPeer: "V81",
  BGPAdvertisement: "V55",
};

function createdOf(metadata: Fields): number {
  const at = Date.parse(textAt(metadata, "creationTimestamp") ?? "");
  return Number.isNaN(at) ? Infinity : at;
}

export function sourceOf(raw: unknown, kind: string, namespace: string): Source {
  const object = fieldsOf(raw);
  const metadata = fieldsOf(valueAt(object, "metadata"));
  const name = textAt(metadata, "name") ?? "";
  const ref = { kind, namespace: textAt(metadata, "namespace") || namespace, name };
  const { spec, problems } = schemaVerdict(raw, ref);
  return {
    ref,
    name,
    created: createdOf(metadata),
    labels: textMap(valueAt(metadata, "labels")),
    annotations: textMap(valueAt(metadata, "annotations")),
    spec,
    refusals: problems,
    text: stableText(raw),
  };
}

/** Older first; the name decides between equals, the content between two of one name. */
const byAge = (a: Source, b: Source): number =>
  compareNumber(a.created, b.created) || compareText(a.name, b.name) || compareText(a.text, b.text);

export const compareNumber = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

function misplaced(source: Source, namespace: string): Problem {
  const found = findingsOn(source.ref);
  found.warn(
    "V16",
    "otherNamespace",
    "metadata.namespace",
    `ignored: only objects in namespace ${quoted(namespace)} count; move it there`,
  );
  return found.problems[0] as Problem;
}

/** Rule that asks for a name, where MetalLB has one. */
const NAME_RULE: Readonly<Record<string, string>> = { IPAddressPool: "V24", BFDProfile: "V61" };

function namelessProblem(source: Source): Problem {
  const found = findingsOn(source.ref);
  const rule = NAME_RULE[source.ref.kind] ?? "metadata";
  found.error(rule, "noName", "metadata.name", "the object has no name: give it one");
  return found.problems[0] as Problem;
}

function twinProblem(source: Source): Problem {
  const found = findingsOn(source.ref);
  found.error(
    TWIN_RULE[source.ref.kind] ?? "F1",
    "duplicateName",
    "metadata.name",
    `${quoted(source.name)} is defined more than once: the oldest stays; delete or rename the others`,
  );
  return found.problems[0] as Problem;
}

export function intake(list: readonly unknown[], kind: string, namespace: string): Intake {
  const problems: Problem[] = [];
  const byName = new Map<string, Source>();
  for (const source of list.map((raw) => sourceOf(raw, kind, namespace)).sort(byAge)) {
    const problem =
      source.ref.namespace !== namespace
        ? misplaced(source, namespace)
        : source.name === ""
          ? namelessProblem(source)
          : byName.has(source.name)
            ? twinProblem(source)
            : null;
    if (problem === null) byName.set(source.name, source);
    else problems.push(problem);
  }
  const sources = [...byName.values()].sort((a, b) => compareText(a.name, b.name));
  return { sources, problems };
}
