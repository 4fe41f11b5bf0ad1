/**
 * How long a file must lie still before its text is believed. A directory has no transactions: a writer may
 * have truncated the file and be half-way. Pure.
 */

/** Complete by its looks: long enough for a writer that writes in one go to be through. */
export const SETTLED_MS = 20;
/** Less than there was, no newline at the end, or broken YAML: likely still being written. */
export const DOUBTFUL_MS = 300;

export type Patience =
  | { readonly kind: "take"; readonly afterMs: number }
  /** Counts as not yet written, however long it lies. */
  | { readonly kind: "hold"; readonly why: string };

/** What is in force of a file. */
export interface Before {
  /** Null: only known from the last run. */
  readonly text: string | null;
  readonly length: number;
  readonly endsWithNewline: boolean;
}

export interface Sighting {
  /** Null for a new file. */
  readonly before: Before | null;
  readonly text: string;
  /** A new inode in the old one's place: an atomic rename, whose content is complete. */
  readonly replaced: boolean;
  /** Whether any document of the text is broken. */
  readonly broken: boolean;
  /** Whether objects that are in force would go. */
  readonly loses: boolean;
}

export function patienceFor(sighting: Sighting): Patience {
  const { before, text, replaced, broken } = sighting;
  if (/^[\s\0]*$/.test(text))
    return { kind: "hold", why: "the file is empty, which counts as not yet written" };
  if (before !== null && isCutOff(before, sighting))
    return { kind: "hold", why: "the file is cut off in the middle of a document" };
  const shorter = before !== null && !replaced && text.length < before.length;
  const doubtful = broken || shorter || !text.endsWith("\n");
  return { kind: "take", afterMs: doubtful ? DOUBTFUL_MS : SETTLED_MS };
}

/**
 * The old text up to somewhere inside one of its documents, without a newline: what an interrupted write leaves
 * behind. Up to the end of a document is what an editor leaves that ends no file with a newline.
 */
function isCutOff(before: Before, { text, broken, loses }: Sighting): boolean {
  if (text.endsWith("\n") || text.length >= before.length) return false;
  if (before.text === null) return before.endsWithNewline && (broken || loses);
  return before.text.startsWith(text) && !/^\s*(---|$)/.test(before.text.slice(text.length));
}
