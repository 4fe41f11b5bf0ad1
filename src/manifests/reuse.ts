/** Keeps identities: what did not change stays the same object, so that readers can cache by identity. */
import type { KubeObject } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";
import type { StatusFile } from "./status-files.ts";

export interface Reuse {
  /** `next`, with every list that has the same members replaced by that of `before`; `before` itself when all are. */
  snapshot(before: Snapshot | null, next: Snapshot): Snapshot;
  /** The object under a status file, the same one again for the same two inputs. */
  overlay(
    object: KubeObject,
    file: StatusFile | undefined,
    make: (object: KubeObject, file: StatusFile | undefined) => KubeObject,
  ): KubeObject;
}

const sameMembers = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

export function withReuse(): Reuse {
  const overlaid = new WeakMap<KubeObject, { file: StatusFile; made: KubeObject }>();
  return {
    snapshot(before, next) {
      if (before === null) return next;
      const old: Readonly<Record<string, unknown>> = { ...before };
      const entries = Object.entries(next).map(([name, value]: [string, unknown]) => {
        const was = old[name];
        const same = Array.isArray(value) && Array.isArray(was) && sameMembers(value, was);
        return [name, same ? was : value];
      });
      return entries.every(([name, value]) => value === old[String(name)])
        ? before
        : (Object.fromEntries(entries) as Snapshot);
    },
    overlay(object, file, make) {
      if (file === undefined) return object;
      const known = overlaid.get(object);
      if (known?.file === file) return known.made;
      const made = make(object, file);
      overlaid.set(object, { file, made });
      return made;
    },
  };
}
