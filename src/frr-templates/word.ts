import { AppError } from "../errors.ts";

/**
 * `{{word x}}`: one FRR token. A space or newline in it would let a manifest write its own line.
 * @throws AppError `ERR_UNSAFE_TOKEN` for anything but one to 4000 printable ASCII characters without a space
 */
export function word(value: unknown): string {
  const token = typeof value === "number" ? value.toString() : value;
  if (typeof token === "string" && /^[!-~]{1,4000}$/.test(token)) return token;
  throw new AppError("ERR_UNSAFE_TOKEN", `not one FRR token: ${shown(value)}`);
}

/** `{{words list}}`: tokens with single spaces between them. */
export function words(value: unknown): string {
  if (Array.isArray(value) && value.length > 0) return value.map(word).join(" ");
  throw new AppError("ERR_UNSAFE_TOKEN", `not a list of FRR tokens: ${shown(value)}`);
}

/** Lines that a template of ours made: nothing else is one, so no text of a manifest gets in whole. */
export class Rendered {
  /** Without the last line end. */
  readonly text: string;
  constructor(lines: readonly string[]) {
    this.text = lines.join("").slice(0, -1);
  }
}

/** `{{rendered lines}}`: as they are. */
export function rendered(value: unknown): string {
  if (value instanceof Rendered) return value.text;
  throw new AppError("ERR_UNSAFE_TOKEN", `not rendered: ${shown(value)}`);
}

/** It may be a password: only its shape is told. */
const shown = (value: unknown): string =>
  typeof value === "string" ? `a text of ${value.length} characters` : typeof value;
