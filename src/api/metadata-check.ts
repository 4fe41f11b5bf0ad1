import { isDnsLabel, isDnsSubdomain, isLabelValue, isQualifiedName } from "./labels.ts";
import type { Metadata } from "./objects.ts";
import { integer, object, optional, text, textMap } from "./schema/build.ts";
import { walk } from "./schema/walk.ts";
import type { Finding } from "./schema/walk.ts";

const schema = object(
  {
    name: optional(text("Name.")),
    namespace: optional(text("Namespace.")),
    labels: optional(textMap("Labels.")),
    annotations: optional(textMap("Annotations.")),
    creationTimestamp: optional(text("Time.", { format: "date-time" })),
    generation: optional(integer("Generation.")),
    uid: optional(text("UID.")),
    resourceVersion: optional(text("Version.")),
    deletionTimestamp: optional(text("Time.", { format: "date-time" })),
  },
  "Metadata.",
);

const MAX_ANNOTATIONS = 256 * 1024; // octets of all keys and values

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

/** `a:` without a value is the empty text in labels and annotations, as the API server reads it. */
const emptied = (map: unknown): unknown =>
  isRecord(map)
    ? Object.fromEntries(Object.entries(map).map(([k, v]) => [k, v === null ? "" : v]))
    : map;

export interface CheckedMetadata {
  /** Cut to the fields of `Metadata`; null when there is no usable name. */
  readonly metadata: Metadata | null;
  readonly findings: readonly Finding[];
}

/**
 * Metadata of any JSON shape, held to the API server's syntax of names, labels and annotations.
 * @param nameRule the rule a missing name breaks: V24, V61, or a name of ours.
 */
export function checkMetadata(value: unknown, nameRule: string): CheckedMetadata {
  const given = isRecord(value)
    ? { ...value, labels: emptied(value["labels"]), annotations: emptied(value["annotations"]) }
    : value;
  const walked = walk(schema, given ?? {}, "metadata");
  const metadata = (walked.value ?? {}) as Partial<Metadata>; // walked by its own schema
  const found = [...walked.findings];
  const add = (is: string, code: string, path: string, message: string) =>
    found.push({ is, code, path, message });
  const { name, namespace, labels = {}, annotations = {} } = metadata;

  if (name === undefined || name === "")
    add(nameRule, "noName", "metadata.name", "the object has no name: give it one");
  else if (!isDnsSubdomain(name))
    add("metadata", "badName", "metadata.name", `${quoted(name)} is not a DNS subdomain name`);
  if (namespace !== undefined && namespace !== "" && !isDnsLabel(namespace))
    add("metadata", "badName", "metadata.namespace", `${quoted(namespace)} is not a DNS label`);
  for (const [key, label] of Object.entries(labels)) {
    const path = `metadata.labels[${quoted(key)}]`;
    if (!isQualifiedName(key)) add("metadata", "badLabel", path, "the key is no label name");
    if (!isLabelValue(label))
      add("metadata", "badLabel", path, `${quoted(label)} is no label value`);
  }
  for (const key of Object.keys(annotations))
    if (!isQualifiedName(key.toLowerCase()))
      add(
        "metadata",
        "badAnnotation",
        `metadata.annotations[${quoted(key)}]`,
        "the key is no name",
      );
  const octets = Object.entries(annotations)
    .flat()
    .reduce((n, s) => n + Buffer.byteLength(s), 0);
  if (octets > MAX_ANNOTATIONS)
    add("metadata", "tooLong", "metadata.annotations", `more than ${MAX_ANNOTATIONS} octets`);

  return { metadata: name === undefined ? null : { ...metadata, name }, findings: found };
}

const quoted = (s: string): string => JSON.stringify(s.slice(0, 80));
