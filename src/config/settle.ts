/**
 * Quarantine for the objects of one kind: which of them act, and in which version. An object in force comes
 * before one that was edited, that before one that is new, an older before a younger, then the name decides; each is
 * admitted beside those before it. One that is refused falls back to its last accepted version, and as that may stand
 * in the way of a newcomer, the round is repeated. Each repetition takes one object back, so it ends.
 */
import { createHash } from "node:crypto";
import { refText } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { acceptedFor, acceptedSource, sameContent } from "./accepted.ts";
import type { Accepted, AcceptedObject } from "./accepted.ts";
import { compareText, stableText } from "./read.ts";
import { compareNumber } from "./source.ts";
import type { Source } from "./source.ts";

export interface Version {
  readonly source: Source;
  /** The last accepted version, where this is it; null: the object as it is written now. */
  readonly past: AcceptedObject | null;
  /** It acts already: nothing about it was changed since. */
  readonly inForce: boolean;
  /** It acts already, in this version or another. */
  readonly acts: boolean;
}

/** `value` is null exactly when there is an error that keeps the version from acting. */
export interface Judged<D> {
  readonly value: D | null;
  readonly problems: readonly Problem[];
}

export interface Admitted<D> {
  readonly version: Version;
  readonly draft: D;
  /** Digest of what acts: equal for equal content, password included. */
  readonly digest: string;
}

/** Those admitted so far, as one kind needs them for comparing. */
export interface Table<D> {
  beside(entry: Admitted<D>): Judged<D>;
  add(entry: Admitted<D>): void;
}

export interface Rules<D> {
  /** The version by itself, and with what it refers to. */
  own(version: Version): Judged<D>;
  table(): Table<D>;
  /** What the draft took from a Secret. */
  secret?(draft: D): string | null;
}

/** Versions that somebody else refused (FRR, or a rule over several kinds): object, digest, why. */
export type Vetoes = ReadonlyMap<string, ReadonlyMap<string, readonly Problem[]>>;

export interface Settled<D> {
  /** Sorted by name. */
  readonly admitted: readonly Admitted<D>[];
  readonly problems: readonly Problem[];
  /** Names of those that act in their last accepted version. */
  readonly kept: ReadonlySet<string>;
  /** Names of those that do not act at all. */
  readonly out: ReadonlySet<string>;
}

/** In force before changed before new, older before younger: what decides between objects of different kinds. */
export const compareSeniority = (a: Version, b: Version): number =>
  Number(b.inForce) - Number(a.inForce) ||
  Number(b.acts) - Number(a.acts) ||
  compareNumber(a.source.created, b.source.created);

const bySeniority = (a: Version, b: Version): number =>
  compareSeniority(a, b) || compareText(a.source.name, b.source.name);

interface Choice<D> {
  readonly source: Source;
  readonly now: Admitted<D> | null;
  readonly past: Admitted<D> | null;
  readonly problems: readonly Problem[];
}

export function settle<D>(
  sources: readonly Source[],
  accepted: Accepted,
  vetoes: Vetoes,
  rules: Rules<D>,
): Settled<D> {
  const judge = (version: Version): { entry: Admitted<D> | null; problems: readonly Problem[] } => {
    const judged = rules.own(version);
    if (judged.value === null) return { entry: null, problems: judged.problems };
    const { labels, annotations, spec } = version.source;
    const secret = rules.secret?.(judged.value) ?? null;
    const digest = createHash("sha256")
      .update(stableText([labels, annotations, spec, secret]))
      .digest("hex");
    const veto = vetoes.get(refText(version.source.ref))?.get(digest);
    if (veto !== undefined) return { entry: null, problems: [...judged.problems, ...veto] };
    return { entry: { version, draft: judged.value, digest }, problems: judged.problems };
  };

  const choiceFor = (source: Source): Choice<D> => {
    const before = acceptedFor(accepted, source);
    const same = before !== null && sameContent(source, before);
    const acts = before?.acting === true;
    const now = judge({ source, past: null, inForce: same && acts, acts });
    const past =
      before === null || (same && now.entry !== null)
        ? null
        : judge({
            source: acceptedSource(source, before),
            past: before,
            ...{ inForce: acts, acts },
          }).entry;
    return { source, now: now.entry, past, problems: now.problems };
  };

  const choices = sources.map(choiceFor);
  const takenBack = new Map<string, readonly Problem[]>();
  for (;;) {
    const round = oneRound(choices, takenBack, rules.table());
    if (round.kind === "settled") return finished(choices, takenBack, round);
    takenBack.set(round.name, round.problems);
  }
}

type Round<D> =
  | { kind: "settled"; admitted: Admitted<D>[]; problems: readonly Problem[] }
  | { kind: "takeBack"; name: string; problems: readonly Problem[] };

function oneRound<D>(
  choices: readonly Choice<D>[],
  takenBack: ReadonlyMap<string, unknown>,
  table: Table<D>,
): Round<D> {
  const admitted: Admitted<D>[] = [];
  const problems: Problem[] = [];
  const entries = choices
    .map((choice) => ({
      entry: takenBack.has(choice.source.name) ? choice.past : (choice.now ?? choice.past),
      past: choice.past,
    }))
    .filter((pair): pair is { entry: Admitted<D>; past: Admitted<D> | null } => pair.entry !== null)
    .sort((a, b) => bySeniority(a.entry.version, b.entry.version));
  for (const { entry, past } of entries) {
    const judged = table.beside(entry);
    const name = entry.version.source.name;
    if (judged.value === null && past !== null && entry !== past)
      return { kind: "takeBack", name, problems: judged.problems };
    problems.push(...judged.problems);
    if (judged.value === null) continue;
    const reduced = { ...entry, draft: judged.value };
    table.add(reduced);
    admitted.push(reduced);
  }
  return { kind: "settled", admitted, problems };
}

function finished<D>(
  choices: readonly Choice<D>[],
  takenBack: ReadonlyMap<string, readonly Problem[]>,
  round: { admitted: Admitted<D>[]; problems: readonly Problem[] },
): Settled<D> {
  const admitted = round.admitted.sort((a, b) =>
    compareText(a.version.source.name, b.version.source.name),
  );
  const acting = new Map(admitted.map((a) => [a.version.source.name, a]));
  return {
    admitted,
    problems: [
      ...choices.flatMap((choice) => choice.problems),
      ...[...takenBack.values()].flat(),
      ...round.problems,
    ],
    kept: new Set(
      admitted.filter((a) => a.version.past !== null).map((a) => a.version.source.name),
    ),
    out: new Set(choices.map((c) => c.source.name).filter((name) => !acting.has(name))),
  };
}

/** A kind whose objects do not get in each other's way. */
export const freeTable = <D>(): Table<D> => ({
  beside: (entry) => ({ value: entry.draft, problems: [] }),
  add: () => undefined,
});
