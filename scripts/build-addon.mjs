// Compiles the packet addon with the C compiler alone: Node-API's headers are a package, so nothing is
// fetched. The result lies where node-gyp would put it (`node-gyp -C src/l2/addon rebuild` works too).
// Does nothing when the result is newer than the sources. CC chooses the compiler.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ["packet.c", "memory.c"].map((name) => join(root, "src/l2/addon", name));
const target = join(root, "src/l2/addon/build/Release/packet.node");
const { include_dir: headers } = createRequire(import.meta.url)("node-api-headers");

const changedAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const causes = [...sources, fileURLToPath(import.meta.url)];
if (changedAt(target) < Math.max(...causes.map(changedAt))) {
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"];
  const args = [...flags, "-DNAPI_VERSION=8", `-I${headers}`, "-o", unfinished, ...sources];
  execFileSync(process.env.CC ?? "cc", args, { stdio: "inherit" });
  renameSync(unfinished, target);
}
