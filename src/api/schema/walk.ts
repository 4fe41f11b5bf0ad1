/**
 * Reads a JSON value by a schema as the API server does: nulls and unknown fields are dropped, defaults
 * filled in, types, constraints and CEL rules checked. Every problem is collected, none stops the walk.
 */
import type { TSchema } from "@sinclair/typebox";
import { tryParseDuration } from "../duration.ts";
import type { Keywords, Rule } from "./build.ts";
import { isDateTime } from "./date-time.ts";

export interface Finding {
  /** V1..V92. */
  readonly is: string;
  readonly code: string;
  readonly path: string;
  readonly message: string;
  /** The rule is not among MetalLB's own at the API server. */
  readonly beyond?: true;
}

export interface Walked {
  /** Pruned, defaulted; parts of a wrong type are missing. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

type Schema = TSchema &
  Keywords & {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly additionalProperties?: Schema;
    readonly required?: readonly string[];
  };

/** What a walk carries along: where it is, and what it has found. */
interface At {
  readonly path: string;
  readonly is: string | null;
  readonly findings: Finding[];
  readonly defaults: boolean;
}

const MISSING = Symbol("missing"); // a value of the wrong type

/** @param defaults whether absent fields get the schema's default. */
export function walk(schema: TSchema, value: unknown, path: string, defaults = true): Walked {
  const findings: Finding[] = [];
  const found = read(schema, value, { path, is: null, findings, defaults });
  return { value: found === MISSING ? undefined : found, findings };
}

const TYPES = {
  object: (v: unknown) => typeof v === "object" && v !== null && !Array.isArray(v),
  array: Array.isArray,
  string: (v: unknown) => typeof v === "string",
  boolean: (v: unknown) => typeof v === "boolean",
  // A number beyond 2^53 is no longer exact, but as JSON it was an integer of 64 bits.
  integer: (v: unknown) =>
    typeof v === "bigint" ? BigInt.asIntN(64, v) === v : Number.isInteger(v) && within64(v),
} as const;
const within64 = (v: unknown): boolean => typeof v === "number" && Math.abs(v) <= 2 ** 63;

const typeName = (v: unknown): string =>
  v === null
    ? "null"
    : Array.isArray(v)
      ? "a list"
      : typeof v === "object"
        ? "an object"
        : typeof v;

const child = (path: string, key: string): string =>
  /^[A-Za-z_][\w-]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;

function read(schema: Schema, value: unknown, from: At): unknown {
  const at: At = { ...from, is: schema.is ?? from.is };
  const type = schema.type as keyof typeof TYPES;
  if (!TYPES[type](value)) {
    const message = `must be ${type === "object" || type === "integer" || type === "array" ? "an" : "a"} ${type}, not ${typeName(value)}`;
    at.findings.push({ is: "V2", code: "wrongType", path: at.path, message });
    return MISSING;
  }
  const before = at.findings.length;
  const result = contents(schema, value, at);
  if (at.findings.length === before) check(schema, result, at);
  return result;
}

function contents(schema: Schema, value: unknown, at: At): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value
      .map((item: unknown, i) => read(items, item, { ...at, path: `${at.path}[${i}]` }))
      .filter((item) => item !== MISSING);
  }
  if (typeof value === "bigint") {
    const exact = Number(value);
    return Number.isSafeInteger(exact) ? exact : value;
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = new Map<string, unknown>(Object.entries(value));
  if (schema.additionalProperties !== undefined) return readMap(schema, fields, at);
  return readFields(schema, fields, at);
}

function readMap(schema: Schema, fields: ReadonlyMap<string, unknown>, at: At): object {
  const { additionalProperties: items } = schema;
  const kept: [string, unknown][] = [];
  for (const [key, field] of fields) {
    if (field === null || items === undefined) continue;
    const found = read(items, field, { ...at, path: child(at.path, key) });
    if (found !== MISSING) kept.push([key, found]);
  }
  return Object.fromEntries(kept); // defines own properties, `__proto__` too
}

function readFields(schema: Schema, fields: ReadonlyMap<string, unknown>, at: At): object {
  const kept: [string, unknown][] = [];
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const field: unknown = fields.get(key) ?? (at.defaults ? property.default : undefined);
    if (field !== undefined) {
      const found = read(property, field, { ...at, path: child(at.path, key) });
      if (found !== MISSING) kept.push([key, found]);
    } else if (schema.required?.includes(key) === true) {
      at.findings.push({
        is: at.is === "V14" ? "V14" : "V1",
        code: "missingField",
        path: child(at.path, key),
        message: `is required: ${property.description ?? ""}`,
      });
    }
  }
  return Object.fromEntries(kept);
}

const shown = (schema: Schema, value: unknown): string =>
  schema.secret ? "(hidden)" : JSON.stringify(value).slice(0, 80);

/** Constraints and rules on a value of the right type. */
function check(schema: Schema, value: unknown, at: At): void {
  const add = (is: string, code: string, message: string, path = at.path) =>
    at.findings.push({ is, code, path, message });
  const rule = at.is ?? "V2";

  const wide = typeof value === "number" || typeof value === "bigint" ? value : null;
  if (wide !== null && (wide < (schema.minimum ?? wide) || wide > (schema.maximum ?? wide)))
    add(rule, "outOfRange", `${wide} is out of range: ${rangeText(schema)}`);

  if (typeof value === "string") checkText(schema, value, (c, m) => add(rule, c, m));

  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0))
      add(rule, "tooFewItems", `needs at least ${schema.minItems ?? 0} item`);
    for (const [i, text] of repeats(schema, value))
      add(rule, "duplicateKey", `${text} occurs twice in the list`, `${at.path}[${i}]`);
  }

  decode(schema, value, add);
  for (const r of schema.rules ?? [])
    if (r.transition !== true && !r.holds(value as never, value as never)) report(r, at);
}

const rangeText = ({ minimum, maximum }: Schema): string =>
  maximum === undefined
    ? `it must be ${minimum ?? 0} or more`
    : `it must lie in ${minimum ?? 0} to ${maximum}`;

function checkText(
  schema: Schema,
  value: string,
  add: (code: string, message: string) => void,
): void {
  if (schema.enum !== undefined && !schema.enum.includes(value))
    add("notAllowed", `${shown(schema, value)} is not one of ${schema.enum.join(", ")}`);
  const length = codePoints(value);
  if (length < (schema.minLength ?? 0)) add("tooShort", "cannot be empty");
  if (length > (schema.maxLength ?? length))
    add("tooLong", `has ${length} characters, more than ${schema.maxLength ?? 0}`);
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value))
    add("badSyntax", `${shown(schema, value)} does not match ${schema.pattern}`);
  if (schema.format === "date-time" && !isDateTime(value))
    add("badSyntax", `${shown(schema, value)} is not a time such as 2026-01-31T12:00:00Z`);
}

/** Characters as the API server counts them: a surrogate pair is one. */
const codePoints = (text: string): number =>
  text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "-").length;

/** V17: what MetalLB's typed form cannot hold. */
function decode(
  schema: Schema,
  value: unknown,
  add: (is: string, code: string, message: string) => void,
): void {
  const { decodesAs } = schema;
  // A duration with a rule of the API server's own on its syntax (connectTime, V6) is reported there.
  if (decodesAs === "duration" && typeof value === "string" && tryParseDuration(value) === null)
    if (!(schema.rules ?? []).some((r) => r.is === "V6"))
      add(
        "V17",
        "undecodable",
        `${shown(schema, value)} is not a duration: write it like 90s, 1m30s or 500ms`,
      );
  if (typeof value !== "number" && typeof value !== "bigint") return;
  const [low, high] = decodesAs === "uint32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  if ((decodesAs === "uint32" || decodesAs === "int32") && (value < low || value > high))
    add("V17", "undecodable", `${value} is out of range: it must lie in ${low} to ${high}`);
}

const patterns = new Map<string, RegExp>(); // of the schemas only, each compiled once
function patternOf(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(source, "u");
  patterns.set(source, known);
  return known;
}

/** Items of a keyed list whose key was there before. */
function repeats(schema: Schema, items: readonly unknown[]): [number, string][] {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || keys === undefined) return [];
  const seen = new Set<string>();
  const found: [number, string][] = [];
  for (const [i, item] of items.entries()) {
    const fields = new Map<string, unknown>(Object.entries(item as object));
    const text = JSON.stringify(keys.map((key) => fields.get(key)));
    if (seen.has(text)) found.push([i, text.slice(1, 80)]);
    seen.add(text);
  }
  return found;
}

function report(r: Rule, at: At): void {
  const { is, code, message } = r;
  at.findings.push({ is, code, path: at.path, message, ...(r.beyond && { beyond: true }) });
}

/** Transition rules, on the parts that both objects have. Both were read by `walk`. */
export function walkChange(
  schema: TSchema,
  before: unknown,
  now: unknown,
  path: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  compare(schema, before, now, { path, is: null, findings, defaults: false });
  return findings;
}

function compare(schema: Schema, before: unknown, now: unknown, at: At): void {
  if (before === undefined || now === undefined) return;
  for (const r of schema.rules ?? [])
    if (r.transition === true && !r.holds(now as never, before as never)) report(r, at);
  if (schema.properties === undefined) return;
  const [old, fresh] = [before, now].map(
    (v) => new Map<string, unknown>(Object.entries(v as object)),
  );
  for (const [key, property] of Object.entries(schema.properties))
    compare(property, old?.get(key), fresh?.get(key), { ...at, path: child(at.path, key) });
}
