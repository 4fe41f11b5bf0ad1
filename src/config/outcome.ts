/** What came of the objects of one kind: problems, and what to remember of those that act. */
import { refText } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { acceptedFor, contentOf } from "./accepted.ts";
import type { Accepted, AcceptedObject } from "./accepted.ts";
import type { PeerDraft } from "./peer.ts";
import { textAt } from "./read.ts";
import type { Fields } from "./read.ts";
import type { Admitted, Settled } from "./settle.ts";
import type { Intake, Source } from "./source.ts";

export interface Quarantined {
  readonly object: ObjectRef;
  /** How it acts in spite of its problems. */
  readonly acting: "lastAccepted" | "nothing";
}

export interface Outcome {
  readonly problems: readonly Problem[];
  readonly entries: readonly (readonly [string, AcceptedObject])[];
  readonly quarantined: readonly Quarantined[];
  readonly versions: readonly (readonly [string, string])[];
}

/** What an accepted version needed of others: it keeps that, should they be deleted. */
export type Needs = Pick<AcceptedObject, "ownPassword" | "profile" | "aliases">;

export function peerNeeds(
  { version, draft }: Admitted<PeerDraft>,
  profileSpecs: ReadonlyMap<string, Fields>,
): Needs {
  const profile =
    draft.profile === null
      ? undefined
      : (profileSpecs.get(draft.profile.profile.name) ?? version.past?.profile);
  const own = (textAt(version.source.spec, "password") ?? "") !== "";
  return {
    ...(own || version.past?.ownPassword === true ? { ownPassword: true as const } : {}),
    ...(profile === undefined ? {} : { profile }),
  };
}

export function outcomeOf<D>(
  taken: Intake,
  settled: Settled<D>,
  accepted: Accepted,
  needs: (admitted: Admitted<D>) => Needs = () => ({}),
): Outcome {
  const acting = new Map(settled.admitted.map((a) => [a.version.source.name, a]));
  const entryOf = (source: Source): readonly (readonly [string, AcceptedObject])[] => {
    const key = refText(source.ref);
    const admitted = acting.get(source.name);
    if (admitted !== undefined)
      return [[key, { ...contentOf(admitted.version.source), acting: true, ...needs(admitted) }]];
    const before = acceptedFor(accepted, source);
    return before === null ? [] : [[key, { ...before, acting: false }]];
  };
  const quarantined = taken.sources.flatMap((source): readonly Quarantined[] => {
    if (settled.kept.has(source.name)) return [{ object: source.ref, acting: "lastAccepted" }];
    return settled.out.has(source.name) ? [{ object: source.ref, acting: "nothing" }] : [];
  });
  const keptRefs = new Set(
    quarantined.filter((q) => q.acting === "lastAccepted").map((q) => refText(q.object)),
  );
  const explained = settled.problems.map((problem): Problem => {
    if (problem.severity === "warning" || !keptRefs.has(refText(problem.object))) return problem;
    return {
      ...problem,
      message: `${problem.message}; until then its last accepted version stays in force`,
    };
  });
  return {
    problems: [...taken.problems, ...explained],
    entries: taken.sources.flatMap(entryOf),
    quarantined,
    versions: settled.admitted.map((a) => [refText(a.version.source.ref), a.digest] as const),
  };
}
