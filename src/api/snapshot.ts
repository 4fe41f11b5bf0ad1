import type { ConfigMap, EndpointSlice, Namespace, Node, Pod, Secret, Service } from "./objects.ts";
import type {
  BFDProfile,
  BGPAdvertisement,
  BGPPeer,
  Community,
  IPAddressPool,
  L2Advertisement,
} from "./resources.ts";

/**
 * Everything the core knows about the world at one moment. Lists come in any order and may hold
 * anything a person can write: every reader treats specs as untrusted. MetalLB resources of other
 * namespaces are included; `parseConfig` ignores them with a warning.
 */
export interface Snapshot {
  /** METALLB_NAMESPACE: where configuration resources count. */
  readonly namespace: string;
  readonly pools: readonly IPAddressPool[];
  readonly l2Advertisements: readonly L2Advertisement[];
  readonly bgpAdvertisements: readonly BGPAdvertisement[];
  readonly bgpPeers: readonly BGPPeer[];
  readonly bfdProfiles: readonly BFDProfile[];
  readonly communities: readonly Community[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
  readonly namespaces: readonly Namespace[];
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
  readonly pods: readonly Pod[];
}

export const emptySnapshot = (namespace = "metallb-system"): Snapshot => ({
  namespace,
  pools: [],
  l2Advertisements: [],
  bgpAdvertisements: [],
  bgpPeers: [],
  bfdProfiles: [],
  communities: [],
  services: [],
  endpointSlices: [],
  nodes: [],
  namespaces: [],
  secrets: [],
  configMaps: [],
  pods: [],
});
