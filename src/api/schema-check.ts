/**
 * Manifests of our kinds against their schemas: what the API server checks (V1..V14), what MetalLB's typed
 * form cannot hold (V17), and the metadata. For any JSON shape; the result is typed, defaulted, pruned.
 */
import type { TSchema } from "@sinclair/typebox";
import { specUp } from "./convert.ts";
import { checkMetadata } from "./metadata-check.ts";
import type { ObjectRef } from "./objects.ts";
import type { Problem } from "./problem.ts";
import type { MetallbObject } from "./resources.ts";
import { KINDS, objectSchema } from "./schema/kinds.ts";
import type { Kind, Version } from "./schema/kinds.ts";
import { walk, walkChange } from "./schema/walk.ts";
import type { Finding } from "./schema/walk.ts";

export interface Checked {
  /**
   * With the API server's defaults, without unknown fields; a BGPPeer is always v1beta2. Null exactly when
   * there is an error among the problems.
   */
  readonly object: MetallbObject | null;
  /** All of them, in the order of the schema. */
  readonly problems: readonly Problem[];
}

interface Known {
  readonly kind: Kind;
  readonly version: Version;
  readonly schema: TSchema;
}

const known: ReadonlyMap<string, Known> = new Map(
  KINDS.flatMap((kind: Kind) =>
    kind.versions.map((version): [string, Known] => [
      `${kind.group}/${version.name} ${kind.kind}`,
      { kind, version, schema: objectSchema(version) },
    ]),
  ),
);
const groups: ReadonlySet<string> = new Set(KINDS.map(({ group }) => group));
const kindNames: ReadonlySet<string> = new Set(KINDS.map(({ kind }) => kind));

const fieldsOf = (v: unknown): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>(typeof v === "object" && v !== null ? Object.entries(v) : []);
const textOf = (v: unknown): string => (typeof v === "string" ? v : "");

/** The object a manifest of any shape claims to be. */
export function claimedRef(manifest: unknown): ObjectRef {
  const fields = fieldsOf(manifest);
  const metadata = fieldsOf(fields.get("metadata"));
  return {
    kind: textOf(fields.get("kind")).slice(0, 253),
    namespace: textOf(metadata.get("namespace")).slice(0, 253),
    name: textOf(metadata.get("name")).slice(0, 253),
  };
}

/** Whether `checkObject` knows the kind, in whatever version. */
export function isOurKind(manifest: unknown): boolean {
  const fields = fieldsOf(manifest);
  return (
    kindNames.has(textOf(fields.get("kind"))) &&
    groups.has(textOf(fields.get("apiVersion")).split("/")[0] ?? "")
  );
}

function find(manifest: unknown): Known | Finding {
  const fields = fieldsOf(manifest);
  const [apiVersion, kind] = [fields.get("apiVersion"), fields.get("kind")].map(textOf);
  const found = known.get(`${apiVersion ?? ""} ${kind ?? ""}`);
  if (found !== undefined) return found;
  const name = JSON.stringify(`${apiVersion ?? ""} ${kind ?? ""}`.slice(0, 120));
  const versions = [...known.keys()].filter((key) => key.endsWith(` ${kind ?? ""}`)).join(", ");
  return {
    is: "kind",
    code: "unknownKind",
    path: "apiVersion",
    message:
      versions === "" ? `${name} is not one of our kinds` : `${name}: served are ${versions}`,
  };
}

/** Findings of the schema and of the metadata; the value is as good as it can be read. */
function look(manifest: unknown, { kind, schema }: Known) {
  const fields = fieldsOf(manifest);
  const nameRule = { IPAddressPool: "V24", BFDProfile: "V61" }[kind.kind] ?? "metadata";
  const meta = checkMetadata(fields.get("metadata"), nameRule);
  const body = walk(schema, { spec: fields.get("spec"), status: fields.get("status") }, "");
  const findings = [...meta.findings, ...body.findings].map((f) => ({
    ...f,
    path: f.path.replace(/^\./, ""),
  }));
  return { metadata: meta.metadata, body: body.value as { spec?: object }, findings };
}

const problemsOf = (findings: readonly Finding[], object: ObjectRef): Problem[] =>
  findings.map(({ is, code, path, message }) => ({
    severity: "error",
    rule: is,
    code,
    object,
    path,
    message,
  }));

/** One manifest; rules that need other objects are the configuration's. Rules beyond V14 and V17 too. */
export function checkObject(manifest: unknown): Checked {
  const found = find(manifest);
  const ref = claimedRef(manifest);
  if ("is" in found) return { object: null, problems: problemsOf([found], ref) };
  const { metadata, body, findings } = look(manifest, found);
  const ours = findings.filter((f) => f.beyond !== true);
  if (ours.length > 0 || metadata === null)
    return { object: null, problems: problemsOf(ours, ref) };
  const { kind, version } = found;
  const object = {
    apiVersion: `${kind.group}/${version.name}`,
    kind: kind.kind,
    metadata,
    ...body,
  };
  if (kind.kind === "BGPPeer" && version.name === "v1beta1")
    return checkObject({
      ...object,
      apiVersion: "metallb.io/v1beta2",
      spec: specUp(object.spec ?? {}),
    });
  return { object: object as MetallbObject, problems: [] }; // the schema is where the type comes from
}

/** Everything our CRDs refuse, the rules beyond MetalLB's own CRDs included: the API server's verdict. */
export function schemaProblems(manifest: unknown): readonly Problem[] {
  const found = find(manifest);
  const ref = claimedRef(manifest);
  return problemsOf("is" in found ? [found] : look(manifest, found).findings, ref);
}

/** Rules on a change (V8, V13): `before` and `now` are manifests of one object, of any shape. */
export function checkUpdate(before: unknown, now: unknown): readonly Problem[] {
  const [old, fresh] = [find(before), find(now)];
  if ("is" in old || "is" in fresh || old.schema !== fresh.schema) return [];
  const findings = walkChange(old.schema, look(before, old).body, look(now, fresh).body, "");
  return problemsOf(
    findings.map((f) => ({ ...f, path: f.path.replace(/^\./, "") })),
    claimedRef(now),
  );
}
