/** The bundle as users run it: built when a source is newer than it. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

const BUNDLE = "dist/ferrolb.mjs";
export const FERROLB = join(process.cwd(), "bin/ferrolb");

export async function ensureBundle(): Promise<void> {
  const builtMs = existsSync(BUNDLE) ? statSync(BUNDLE).mtimeMs : 0;
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((f) => /\.(ts|hbs)$/.test(f))
    .map((f) => join("src", f));
  const newest = Math.max(...sources.map((f) => statSync(f).mtimeMs));
  if (newest > builtMs) await execa("node", ["scripts/bundle.mjs"]);
}

/** Runs `bin/ferrolb`; a failing exit code is a result, not a throw. */
export const ferrolb = (
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Record<string, string> } = {},
) => execa(FERROLB, args, { reject: false, ...options });
