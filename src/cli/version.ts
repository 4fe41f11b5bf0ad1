import { readFileSync } from "node:fs";

/** Put in by the bundler; absent when the sources run unbundled. */
declare const FERROLB_VERSION: string | undefined;

/** The version in package.json. */
export function version(): string {
  if (typeof FERROLB_VERSION === "string") return FERROLB_VERSION;
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  return parsed !== null && typeof parsed === "object" && "version" in parsed
    ? String(parsed.version)
    : "unknown";
}
