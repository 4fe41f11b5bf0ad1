/** Objects of many files, as one `Snapshot`. Pure; the order of the input decides which of two duplicates stays. */
import type { KubeObject } from "../api/objects.ts";
import { refOf, refText } from "../api/objects.ts";
import type { Problem } from "../api/problem.ts";
import type { Snapshot } from "../api/snapshot.ts";
import { emptySnapshot } from "../api/snapshot.ts";

/** An object with the place it was read from. */
export interface Placed {
  readonly object: KubeObject;
  readonly file: string;
  readonly line: number;
}

type ListName = Exclude<keyof Snapshot, "namespace">;
export const LIST_OF: Readonly<Record<string, ListName>> = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "bgpPeers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
  Service: "services",
  EndpointSlice: "endpointSlices",
  Node: "nodes",
  Namespace: "namespaces",
  Secret: "secrets",
  ConfigMap: "configMaps",
  Pod: "pods",
};

/** Kinds of which the configuration itself says which of two stays: the older, whatever the order of files. */
const JUDGED_LATER: ReadonlySet<ListName> = new Set<ListName>([
  "pools",
  "l2Advertisements",
  "bgpAdvertisements",
  "bgpPeers",
  "bfdProfiles",
  "communities",
]);

/**
 * Two objects of one kind, namespace and name are a warning that names both places. Of built-in kinds the first
 * stays; of MetalLB's kinds both are handed on, since which one acts is a rule of the configuration.
 */
export function assemble(
  placed: readonly Placed[],
  namespace: string,
): { readonly snapshot: Snapshot; readonly problems: readonly Problem[] } {
  const lists = emptySnapshot(namespace) as unknown as Record<ListName, KubeObject[]>;
  const problems: Problem[] = [];
  const first = new Map<string, Placed>();
  for (const one of placed) {
    const list = LIST_OF[one.object.kind];
    if (list === undefined) continue;
    const key = refText(refOf(one.object));
    const before = first.get(key);
    if (before === undefined || JUDGED_LATER.has(list)) {
      first.set(key, one);
      lists[list].push(one.object);
      continue;
    }
    problems.push(duplicate(one, before));
    if (one.object.apiVersion.startsWith("metallb.io/")) lists[list].push(one.object);
  }
  return { snapshot: lists as unknown as Snapshot, problems };
}

const duplicate = (one: Placed, before: Placed): Problem => ({
  severity: "warning",
  rule: "manifest",
  code: "duplicateObject",
  object: refOf(one.object),
  path: "",
  message: `${one.file}:${one.line}: ${refText(refOf(one.object))} is already given by ${before.file}:${before.line}; remove one of them`,
});
