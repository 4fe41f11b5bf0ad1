// Exits 0 when node_modules holds what package-lock.json asks for, package by package. `npm ci` deletes
// and downloads everything each time, so the set-up asks here first.
import { readFileSync } from "node:fs";

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

function isCurrent() {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" || // the project itself
      entry.optional === true || // binaries of other platforms are not installed
      installed[path]?.version === entry.version,
  );
}

try {
  process.exit(isCurrent() ? 0 : 1);
} catch {
  process.exit(1); // nothing installed yet
}
