/** The objects behind a set of advertisements: they themselves, and the Communities whose aliases they use. */
import { refOf } from "../api/objects.ts";
import type { ObjectRef } from "../api/objects.ts";
import type { Snapshot } from "../api/snapshot.ts";

export interface AdvertisementRefs {
  advertisements(names: readonly string[]): ObjectRef[];
  withCommunities(names: readonly string[]): ObjectRef[];
}

/** Specs are untrusted here: what has another shape than it should names nothing. */
const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((v) => typeof v === "string") : [];

function aliasOwners({ namespace, communities }: Pick<Snapshot, "namespace" | "communities">) {
  const owners = new Map<string, ObjectRef>();
  for (const object of communities) {
    if (object.metadata.namespace !== namespace) continue;
    const entries: unknown = object.spec?.communities;
    if (!Array.isArray(entries)) continue;
    for (const entry of entries as readonly unknown[])
      if (typeof entry === "object" && entry !== null && "name" in entry)
        if (typeof entry.name === "string") owners.set(entry.name, refOf(object));
  }
  return owners;
}

export function advertisementRefs(
  snapshot: Pick<Snapshot, "namespace" | "communities" | "bgpAdvertisements">,
): AdvertisementRefs {
  const { namespace } = snapshot;
  const owners = aliasOwners(snapshot);
  const used = new Map(
    snapshot.bgpAdvertisements
      .filter((a) => a.metadata.namespace === namespace)
      .map((a) => [a.metadata.name, strings(a.spec?.communities)]),
  );
  const advertisements = (names: readonly string[]): ObjectRef[] =>
    names.map((name) => ({ kind: "BGPAdvertisement", namespace, name }));
  return {
    advertisements,
    withCommunities(names) {
      const found = new Map<string, ObjectRef>();
      for (const alias of names.flatMap((name) => used.get(name) ?? [])) {
        const owner = owners.get(alias);
        if (owner !== undefined) found.set(owner.name, owner);
      }
      const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
      return [...advertisements(names), ...sorted];
    },
  };
}
