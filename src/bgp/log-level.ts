import { FRR_LOG_LEVELS } from "./model.ts";
import type { FrrLogLevel } from "./model.ts";

/** `--log-level` to FRR's words (behaviour reference 4.10). */
const BY_LEVEL: Readonly<Record<string, FrrLogLevel>> = {
  all: "debugging",
  debug: "debugging",
  info: "informational",
  warn: "warnings",
  error: "errors",
  none: "emergencies",
};

/** `error` is how FRR lets `errors` be written, `warn` is ours. */
const spelled = (word: string): FrrLogLevel | null =>
  FRR_LOG_LEVELS.find((level) => level === word || level === `${word}s`) ?? null;

/**
 * FRR's level for one of ours or of FRR's own; `override` (FRR_LOGGING_LEVEL) is any word of FRR and wins.
 * Null for a word that neither knows.
 */
export function frrLogLevel(level: string, override = ""): FrrLogLevel | null {
  if (override !== "") return spelled(override);
  return BY_LEVEL[level] ?? spelled(level);
}
