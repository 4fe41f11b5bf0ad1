/**
 * What package-lock.json says of the packages that come in: each with a checksum, from the registry alone, under a licence
 * that fits ours, and none that runs a script at installation but those known. Prints findings; exit 1 when there are any.
 */
import { readFileSync } from "node:fs";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}
export interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Locked>>;
}

/** Free to ship beside Apache-2.0 without a duty beyond the notice. */
const LICENCES: ReadonlySet<string> = new Set([
  ...["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0"],
  ...["ISC", "MIT", "PSF-2.0", "Python-2.0", "Unlicense"],
]);
/** Why each may: both are looked at when they change. */
const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["esbuild", "checks its own binary; development only"],
  ["raw-socket", "compiles its native part"],
]);

const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + 13);

/** Sorted; empty: nothing to say. */
export function findingsIn({ lockfileVersion, packages }: Lock): readonly string[] {
  const found = lockfileVersion === 3 ? [] : [`lockfileVersion ${lockfileVersion}, not 3`];
  for (const [path, one] of Object.entries(packages)) {
    if (path === "") continue;
    const name = `${nameOf(path)} ${one.version ?? "?"}`;
    if (one.link === true) found.push(`${name}: a link, not a package`);
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(one.integrity ?? ""))
      found.push(`${name}: no SHA-512 to check it by`);
    if (!/^\d+\.\d+\.\d+/.test(one.version ?? "")) found.push(`${name}: no exact version`);
    if (one.resolved !== undefined && !/^https:\/\/[^/]+\/.+\.tgz$/.test(one.resolved))
      found.push(`${name}: from ${one.resolved}, not from a registry by HTTPS`);
    if (!LICENCES.has(one.license ?? ""))
      found.push(`${name}: licence ${one.license ?? "unknown"}`);
    if (one.hasInstallScript === true && !SCRIPTS.has(nameOf(path)))
      found.push(`${name}: runs a script at installation`);
  }
  return found.sort();
}

if (process.argv[1] === import.meta.filename) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
  const found = findingsIn(lock);
  for (const line of found) console.log(line);
  const entries = Object.entries(lock.packages).filter(([path]) => path !== "");
  const shipped = entries.filter(([, one]) => one.dev !== true).length;
  console.log(
    `${entries.length} packages, ${shipped} of them not for development alone: ${found.length} findings`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
