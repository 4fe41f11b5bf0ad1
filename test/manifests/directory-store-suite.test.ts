import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryStore } from "../../src/manifests/directory-store.ts";
import type { ObjectRef } from "../../src/api/objects.ts";
import { describeStore } from "../support/store-suite.ts";
import { yaml } from "../support/manifests.ts";

describeStore("a directory of manifests", async () => {
  const dir = await mkdtemp(join(tmpdir(), `ferrolb-${process.pid}-store-`));
  const open = (instance: string) =>
    openDirectoryStore({
      dir,
      namespace: "metallb-system",
      stateDir: null,
      instance,
      writesStatus: instance === "controller",
    });
  const store = open("controller");
  const place = ({ kind, namespace, name }: ObjectRef) =>
    join(dir, `${kind}-${namespace}-${name}.yaml`);
  return {
    store,
    openAnother: () => Promise.resolve(open("n1")),
    put: (object) =>
      writeFile(
        place({
          kind: object.kind,
          namespace: object.metadata.namespace ?? "",
          name: object.metadata.name,
        }),
        yaml(object),
      ),
    remove: (ref) => rm(place(ref)),
    async report(kind, labels) {
      const at = join(dir, ".status", kind, "metallb-system");
      for (const name of await readdir(at).catch(() => [])) {
        const object = JSON.parse(await readFile(join(at, name), "utf8")) as {
          metadata: { labels: Record<string, string> };
        };
        if (Object.entries(labels).every(([k, v]) => object.metadata.labels[k] === v))
          return object;
      }
      return null;
    },
    async close() {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
