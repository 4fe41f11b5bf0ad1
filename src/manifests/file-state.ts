/** What one manifest file stands for: its good documents, and the last good version of what broke. Pure. */
import { refOf, refText } from "../api/objects.ts";
import type { KubeObject } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Placed } from "./assemble.ts";
import { chunksOf, parseChunk } from "./documents.ts";
import type { BadDocument, ChunkContent } from "./documents.ts";

export interface FileState {
  /** The text that was taken last; null: only its objects are known, from the last run. */
  readonly text: string | null;
  /** Of the text, in UTF-16 units. */
  readonly length: number;
  readonly endsWithNewline: boolean;
  readonly placed: readonly Placed[];
  /** Last good versions of documents that are broken now. */
  readonly retained: readonly Placed[];
  readonly problems: readonly Problem[];
  /** Parsed parts by their text: an edit costs only the documents it touched, and leaves the others identical. */
  readonly chunks: ReadonlyMap<string, ChunkContent>;
}

export const keyOfObject = (object: KubeObject): string => refText(refOf(object));

/**
 * The file with a new text. A document that is broken keeps its last good version; which one that is, its kind
 * and name say. Where a broken document cannot even be named, nothing of the file is let go.
 */
export function takeText(
  before: FileState | null,
  file: string,
  text: string,
  namespace: string,
): FileState {
  const chunks = new Map<string, ChunkContent>();
  const placed: Placed[] = [];
  const bad: { readonly document: BadDocument; readonly line: number }[] = [];
  for (const chunk of chunksOf(text)) {
    const content =
      chunks.get(chunk.text) ?? before?.chunks.get(chunk.text) ?? parseChunk(chunk.text, namespace);
    chunks.set(chunk.text, content);
    const at = (line: number) => chunk.line + line - 1;
    for (const { object, line } of content.found) placed.push({ object, file, line: at(line) });
    for (const document of content.bad) bad.push({ document, line: at(document.line) });
  }
  const good = new Set(placed.map((p) => keyOfObject(p.object)));
  const unnamed = bad.some(({ document }) => document.named === null);
  const named = new Set(bad.flatMap(({ document: { named: n } }) => (n ? [refText(n)] : [])));
  const retained = [...(before?.placed ?? []), ...(before?.retained ?? [])].filter(({ object }) => {
    const key = keyOfObject(object);
    return !good.has(key) && (unnamed || named.has(key));
  });
  const kept = new Set(retained.map((p) => keyOfObject(p.object)));
  const problems = bad.map(({ document, line }) => badDocument(document, file, line, kept));
  const endsWithNewline = text.endsWith("\n");
  return { text, length: text.length, endsWithNewline, placed, retained, problems, chunks };
}

/** An object that was in force before is in the new state no more, neither as written nor kept. */
export const losesObjects = (before: FileState, after: FileState): boolean => {
  const keys = new Set([...after.placed, ...after.retained].map((p) => keyOfObject(p.object)));
  return [...before.placed, ...before.retained].some((p) => !keys.has(keyOfObject(p.object)));
};

function badDocument(
  { named, path, message }: BadDocument,
  file: string,
  line: number,
  kept: ReadonlySet<string>,
): Problem {
  const stays = named === null ? kept.size > 0 : kept.has(refText(named));
  return {
    severity: "error",
    rule: "manifest",
    code: "badDocument",
    object: named ?? { kind: "", namespace: "", name: "" },
    path,
    message: `${file}:${line}: ${path === "" ? "" : `${path}: `}${message}${stays ? "; its last good version stays in force" : ""}`,
  };
}
