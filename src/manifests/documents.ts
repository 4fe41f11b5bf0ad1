/**
 * The text of one file, as documents. Each is parsed by itself: a broken one is named with its line and
 * leaves the others alone, and an edit costs the documents it touched.
 */
import { isMap, parseDocument } from "yaml";
import type { KubeObject } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import { admit } from "./shape.ts";

/** A `---` part of a file: its text, and where it starts. */
export interface Chunk {
  readonly text: string;
  /** 1-based line of its first line. */
  readonly line: number;
}

export interface Found {
  readonly object: KubeObject;
  readonly line: number;
}

export interface BadDocument {
  /** 1-based line in the file, as near to the fault as the parser knows. */
  readonly line: number;
  readonly path: string;
  readonly message: string;
  /** What it would have been, where that can still be told. */
  readonly named: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  } | null;
  /** For our own kinds, the rule that it breaks. */
  readonly problem?: Problem;
  /** False: the YAML itself is broken. True: YAML, but no object that may come in. */
  readonly parsed: boolean;
}

/** What one chunk holds; lines are relative to the chunk (1 is its first line). */
export interface ChunkContent {
  readonly found: readonly Found[];
  readonly bad: readonly BadDocument[];
  /** `Deployment (apps/v1)`: kinds that are passed over. */
  readonly ignored: readonly string[];
  /** Events and status objects, unchecked: what `observed.ts` reads. */
  readonly observations: readonly unknown[];
}

/** Split at document markers: `---` at the start of a line always is one (YAML 1.2, 9.1.2), also inside a scalar. */
export function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  let start = 0;
  const close = (end: number) => {
    const part = lines.slice(start, end);
    if (part.some((l) => !/^\s*(#.*)?$/.test(l.replace(/^(---|\.\.\.)(?=\s|$)|^%.*/, ""))))
      chunks.push({ text: part.join("\n"), line: start + 1 });
    start = end;
  };
  lines.forEach((line, i) => {
    if (/^---(\s|$)/.test(line) && i > start) close(i);
    else if (/^\.\.\.(\s|$)/.test(line)) close(i + 1);
  });
  close(lines.length);
  return chunks;
}

/** Parses one chunk. Never throws: any text is possible. `onPassedOver` gets what is of a kind that is ignored. */
export function parseChunk(
  text: string,
  defaultNamespace: string,
  onPassedOver: (value: unknown) => void = () => undefined,
): ChunkContent {
  const broken = (line: number, message: string): ChunkContent => ({
    found: [],
    bad: [{ line, path: "", message, named: namedIn(text, defaultNamespace), parsed: false }],
    ignored: [],
    observations: [],
  });
  let value: unknown;
  let firstLine = 1;
  try {
    const document = parseDocument(text, { merge: true, prettyErrors: false, logLevel: "silent" });
    const lineAt = (offset: number) => text.slice(0, offset).split("\n").length;
    const error = document.errors[0];
    if (error) return broken(lineAt(error.pos[0]), error.message);
    if (isMap(document.contents)) firstLine = lineAt(document.contents.range[0]);
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return broken(1, error instanceof Error ? error.message : String(error));
  }
  return contentOf(value, firstLine, defaultNamespace, onPassedOver);
}

function contentOf(
  value: unknown,
  line: number,
  defaultNamespace: string,
  onPassedOver: (value: unknown) => void,
): ChunkContent {
  const found: Found[] = [];
  const bad: BadDocument[] = [];
  const ignored: string[] = [];
  const observations: unknown[] = [];
  for (const item of itemsOf(value)) {
    const admission = admit(item, defaultNamespace);
    if (admission.kind === "object") found.push({ object: admission.object, line });
    else if (admission.kind === "bad") {
      const { path, message, problem } = admission;
      const named = nameOf(item, defaultNamespace);
      const rule = problem === undefined ? {} : { problem };
      bad.push({ line, path, message, named, parsed: true, ...rule });
    } else {
      onPassedOver(item);
      if (admission.kind === "observation") observations.push(admission.value);
      else ignored.push(admission.what);
    }
  }
  return { found, bad, ignored, observations };
}

const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

/** A `List` (or a typed `ServiceList`, whose items may leave out what its kind says) as its items. */
function itemsOf(value: unknown): readonly unknown[] {
  if (!isRecord(value) || typeof value["kind"] !== "string" || !value["kind"].endsWith("List"))
    return [value];
  const items: unknown = value["items"] ?? [];
  if (!Array.isArray(items)) return [value];
  const kind = value["kind"].slice(0, -"List".length);
  const inherited = kind === "" ? {} : { apiVersion: value["apiVersion"], kind };
  return items.map((item: unknown) => (isRecord(item) ? { ...inherited, ...item } : item));
}

function nameOf(value: unknown, defaultNamespace: string): BadDocument["named"] {
  if (!isRecord(value) || !isRecord(value["metadata"])) return null;
  const { kind, metadata } = value as { kind: unknown; metadata: Record<string, unknown> };
  const { name, namespace } = metadata;
  if (typeof kind !== "string" || typeof name !== "string") return null;
  return { kind, namespace: typeof namespace === "string" ? namespace : defaultNamespace, name };
}

/** Kind and name of a text that is no YAML any more, by its look: only for the problem's words. */
function namedIn(text: string, defaultNamespace: string): BadDocument["named"] {
  const kind = /^kind:[ \t]*["']?([A-Za-z0-9]+)/m.exec(text)?.[1];
  const name = /^metadata:.*\n(?:[ \t]+.*\n)*?[ \t]+name:[ \t]*["']?([a-z0-9][-a-z0-9.]*)/m.exec(
    text,
  )?.[1];
  if (kind === undefined || name === undefined) return null;
  const namespace = /^[ \t]+namespace:[ \t]*["']?([a-z0-9][-a-z0-9]*)/m.exec(text)?.[1];
  return { kind, namespace: namespace ?? defaultNamespace, name };
}
