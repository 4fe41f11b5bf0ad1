/** What a webhook looks at: the new object merged by name into those that exist, cut as crds reference 2.2 says. */
import { emptySnapshot } from "../api/snapshot.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { fieldsOf, textAt, valueAt, without } from "../config/read.ts";
import type { Fields } from "../config/read.ts";

type ListName =
  "pools" | "l2Advertisements" | "bgpAdvertisements" | "bgpPeers" | "bfdProfiles" | "communities";

const LIST: Readonly<Record<string, ListName>> = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "bgpPeers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
};

/** Lists that each webhook reads besides the one of its own kind. */
const ALSO: Readonly<Record<string, readonly ListName[]>> = {
  L2Advertisement: ["pools"],
  BGPAdvertisement: ["pools"],
};
const SEES_NODES = new Set(["BGPAdvertisement", "BGPPeer"]);

/** What `admit` reads for an object of this kind: the lists to have at hand. */
export function listsReviewed(kind: string): readonly (ListName | "nodes")[] {
  if (kind === "BFDProfile") return ["bgpPeers"]; // V19
  const own = LIST[kind];
  if (own === undefined) return [];
  return [own, ...(ALSO[kind] ?? []), ...(SEES_NODES.has(kind) ? (["nodes"] as const) : [])];
}

const metadataOf = (object: Fields): Fields => fieldsOf(valueAt(object, "metadata"));
const specOf = (object: Fields): Fields => fieldsOf(valueAt(object, "spec"));

/** The age decides a conflict: those that exist are seniors of whatever is being written. */
function aged(object: Fields, namespace: string, senior: boolean): Fields {
  const metadata = without(metadataOf(object), "creationTimestamp");
  const age = senior ? { creationTimestamp: "1970-01-01T00:00:00Z" } : {};
  return { ...object, metadata: { ...metadata, namespace, ...age } };
}

/** References to what may legally arrive later are not looked at. */
function blanked(object: Fields, kind: string): Fields {
  const spec = specOf(object);
  if (kind === "BGPPeer")
    return { ...object, spec: without(without(spec, "bfdProfile"), "passwordSecret") };
  const communities = valueAt(spec, "communities");
  if (kind !== "BGPAdvertisement" || !Array.isArray(communities)) return object;
  const literal = communities.filter((c) => typeof c !== "string" || c.includes(":"));
  return { ...object, spec: { ...spec, communities: literal } };
}

export function reviewedSnapshot(
  object: unknown,
  kind: string,
  existing: Snapshot,
): { readonly snapshot: Snapshot; readonly ref: { readonly name: string } } {
  const { namespace } = existing;
  const name = textAt(metadataOf(fieldsOf(object)), "name") ?? "";
  const own = LIST[kind];
  const inNamespace = (list: ListName): readonly Fields[] =>
    (existing[list] as readonly unknown[])
      .map(fieldsOf)
      .filter((one) => (textAt(metadataOf(one), "namespace") ?? namespace) === namespace)
      .filter((one) => list !== own || textAt(metadataOf(one), "name") !== name)
      .map((one) => blanked(aged(one, namespace, true), list === own ? kind : ""));
  const written = blanked(aged(fieldsOf(object), namespace, false), kind);
  const lists: Partial<Record<ListName, readonly unknown[]>> = {};
  for (const list of ALSO[kind] ?? []) lists[list] = inNamespace(list);
  if (own !== undefined) lists[own] = [...inNamespace(own), written];
  const snapshot = {
    ...emptySnapshot(namespace),
    ...lists,
    ...(SEES_NODES.has(kind) ? { nodes: existing.nodes } : {}),
  } as Snapshot; // parseConfig takes lists of anything
  return { snapshot, ref: { name } };
}
