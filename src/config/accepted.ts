/**
 * What quarantine remembers: for each object its last accepted version, with what that version needed of
 * others. The daemon keeps it under its state directory (`acceptedText`, `parseAccepted`); passwords stay in
 * memory, since they may be written nowhere but to frr.conf.
 */
import { refText } from "../api/objects.ts";
import {
  compareText,
  fieldsOf,
  flagAt,
  listAt,
  stableText,
  textMap,
  valueAt,
  without,
} from "./read.ts";
import type { Fields } from "./read.ts";
import { schemaVerdict } from "./schema.ts";
import type { Source } from "./source.ts";

export interface AcceptedObject {
  readonly labels: Readonly<Record<string, string>>;
  /** Only annotations of ours. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Without a peer's password. */
  readonly spec: Fields;
  /** False: this version was accepted once, but something older stands in its way now. */
  readonly acting: boolean;
  /** BGPPeer: `spec.password` was set. */
  readonly ownPassword?: true;
  /** BGPPeer: the spec of the BFDProfile it acted with, in case that is deleted. */
  readonly profile?: Fields;
  /** BGPAdvertisement: the aliases it used, as `[name, literal]`, in case they are deleted. */
  readonly aliases?: readonly (readonly [string, string])[];
}

export interface Accepted {
  /** Keyed by `Kind namespace/name`. */
  readonly objects: ReadonlyMap<string, AcceptedObject>;
  /** The passwords that peers act with, by the peer's name. In memory only. */
  readonly passwords: ReadonlyMap<string, string>;
}

export const NOTHING_ACCEPTED: Accepted = { objects: new Map(), passwords: new Map() };

const OURS = "ferrolb.io/";

/** What of an object decides how it acts, without passwords. */
export function contentOf(source: Source): Pick<AcceptedObject, "labels" | "annotations" | "spec"> {
  const spec = without(source.spec, "password");
  const annotations = Object.entries(source.annotations).filter(([key]) => key.startsWith(OURS));
  return { labels: source.labels, annotations: Object.fromEntries(annotations), spec };
}

export const sameContent = (source: Source, accepted: AcceptedObject): boolean =>
  stableText(contentOf(source)) ===
  stableText({
    labels: accepted.labels,
    annotations: accepted.annotations,
    spec: accepted.spec,
  });

/** The accepted version in the place of the current one: same name, same age; the password is today's. */
export function acceptedSource(current: Source, accepted: AcceptedObject): Source {
  const password = accepted.ownPassword === true ? valueAt(current.spec, "password") : undefined;
  const spec = password === undefined ? accepted.spec : { ...accepted.spec, password };
  const { labels, annotations } = accepted;
  const { name, namespace } = current.ref;
  const raw = { metadata: { name, namespace, labels, annotations }, spec };
  const verdict = schemaVerdict(raw, current.ref);
  return { ...current, labels, annotations, spec: verdict.spec, refusals: verdict.problems };
}

export const acceptedFor = (accepted: Accepted, source: Source): AcceptedObject | null =>
  accepted.objects.get(refText(source.ref)) ?? null;

/** For the state directory: JSON without passwords, equal for equal content. */
export function acceptedText(accepted: Accepted): string {
  const objects = [...accepted.objects].sort(([a], [b]) => compareText(a, b));
  return stableText({ version: 1, objects });
}

function pairOf(v: unknown): (readonly [string, string])[] {
  if (!Array.isArray(v)) return [];
  const [name, value] = v as unknown[];
  return typeof name === "string" && typeof value === "string" ? [[name, value]] : [];
}

function objectOf(v: unknown): AcceptedObject {
  const f = fieldsOf(v);
  const spec = without(fieldsOf(valueAt(f, "spec")), "password");
  const profile = valueAt(f, "profile");
  return {
    labels: textMap(valueAt(f, "labels")),
    annotations: textMap(valueAt(f, "annotations")),
    spec,
    acting: flagAt(f, "acting") ?? false,
    ...(valueAt(f, "ownPassword") === true ? { ownPassword: true as const } : {}),
    ...(profile === undefined ? {} : { profile: fieldsOf(profile) }),
    ...(valueAt(f, "aliases") === undefined
      ? {}
      : { aliases: listAt(f, "aliases").flatMap(pairOf) }),
  };
}

/** The inverse of `acceptedText`. Never throws: text that is not ours means that nothing was accepted. */
export function parseAccepted(text: string): Accepted {
  let root: Fields;
  try {
    root = fieldsOf(JSON.parse(text));
  } catch {
    return NOTHING_ACCEPTED;
  }
  if (valueAt(root, "version") !== 1) return NOTHING_ACCEPTED;
  const objects = new Map<string, AcceptedObject>();
  for (const entry of listAt(root, "objects"))
    if (Array.isArray(entry) && typeof entry[0] === "string")
      objects.set(entry[0], objectOf(entry[1]));
  return { objects, passwords: new Map() };
}
