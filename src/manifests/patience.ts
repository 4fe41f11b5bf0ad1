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

export interface Sighting {
  /** The text in force, or null for a new file. */
  readonly before: string | null;
  readonly text: string;
  /** A new inode in the old one's place: an atomic rename, whose content is complete. */
  readonly replaced: boolean;
  /** Whether any document of the text is broken. */
  readonly broken: boolean;
}

export function patienceFor({ before, text, replaced, broken }: Sighting): Patience {
  if (/^[\s\0]*$/.test(text))
    return { kind: "hold", why: "the file is empty, which counts as not yet written" };
  if (before !== null && isCutOff(before, text))
    return { kind: "hold", why: "the file is cut off in the middle of a line" };
  const doubtful =
    broken || !text.endsWith("\n") || (before !== null && !replaced && text.length < before.length);
  return { kind: "take", afterMs: doubtful ? DOUBTFUL_MS : SETTLED_MS };
}

/** The old text up to somewhere inside one of its lines: what an interrupted write leaves behind. */
function isCutOff(before: string, text: string): boolean {
  if (text.endsWith("\n") || text.length >= before.trimEnd().length) return false;
  return before.startsWith(text) && before[text.length] !== "\n";
}
