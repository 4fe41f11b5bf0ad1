/** Rules V1 to V17: what the schema of the object's kind says, and the spec as the API server would store it. */
import { checkObject } from "../api/schema-check.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { findingsOn } from "./findings.ts";
import { fieldsOf, valueAt } from "./read.ts";
import type { Fields } from "./read.ts";

export interface SchemaVerdict {
  /** Defaulted and pruned, a BGPPeer as v1beta2; as written where the schema refuses it. */
  readonly spec: Fields;
  readonly problems: readonly Problem[];
}

/** The version that configuration is stored in. */
const STORED = (kind: string): string =>
  kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1";

export function schemaVerdict(raw: unknown, ref: ObjectRef): SchemaVerdict {
  // A status is the components' own: the exact counters of a huge pool must not make its spec bad.
  const { status: _, ...object } = fieldsOf(raw);
  const { object: checked, problems } = checkObject({
    ...object,
    apiVersion: valueAt(object, "apiVersion") ?? STORED(ref.kind), // lists leave both out
    kind: valueAt(object, "kind") ?? ref.kind,
  });
  return {
    spec: fieldsOf(
      checked === null ? valueAt(object, "spec") : (checked as { spec?: unknown }).spec,
    ),
    problems: [
      ...problems.map((problem) => ({ ...problem, object: ref })),
      ...oldVersionNote(valueAt(object, "apiVersion"), ref),
    ],
  };
}

/** Q19: conversion turns absent timers into `0s`, which switches them off. */
function oldVersionNote(apiVersion: unknown, ref: ObjectRef): readonly Problem[] {
  if (ref.kind !== "BGPPeer" || apiVersion !== "metallb.io/v1beta1") return [];
  const found = findingsOn(ref);
  found.warn(
    "Q19",
    "deprecatedVersion",
    "apiVersion",
    "v1beta1 is deprecated, and a timer it does not set means 0s: write metallb.io/v1beta2",
  );
  return found.problems;
}
