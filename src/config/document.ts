/** A `Config` as plain JSON in the words of the resources: what `validate` prints. Times in seconds, no passwords. */
import { prefixText } from "../net/prefix.ts";
import type {
  BfdProfile,
  BgpAdvertisement,
  CommunityValue,
  Config,
  L2Advertisement,
  Peer,
  Pool,
} from "./config.ts";

/** As it is written in a manifest: `A:B` or `large:A:B:C`. */
export const communityText = (c: CommunityValue): string =>
  c.kind === "large" ? `large:${c.text}` : c.text;

const bgpAdvertisement = (a: BgpAdvertisement) => ({
  ...a,
  communities: a.communities.map(communityText),
});

const l2Advertisement = (a: L2Advertisement) => ({
  names: a.names,
  nodes: a.nodes,
  interfaces: a.interfaces,
  allInterfaces: a.allInterfaces,
  serviceSelectors: a.serviceSelectors,
});

const pool = (p: Pool) => ({
  name: p.name,
  cidrs: p.cidrs.map(prefixText),
  avoidBuggyIPs: p.avoidBuggyIPs,
  autoAssign: p.autoAssign,
  serviceAllocation:
    p.serviceAllocation === null
      ? null
      : {
          priority: p.serviceAllocation.priority,
          namespaces: p.serviceAllocation.namespaces,
          serviceSelectors: p.serviceAllocation.serviceSelectors,
        },
  reserved: p.reserved.map(prefixText),
  draining: p.draining,
  bgpAdvertisements: p.bgpAdvertisements.map(bgpAdvertisement),
  l2Advertisements: p.l2Advertisements.map(l2Advertisement),
});

const peer = (p: Peer) => ({
  name: p.name,
  myASN: p.myAsn,
  peerASN: typeof p.remoteAs === "number" ? p.remoteAs : null,
  dynamicASN: typeof p.remoteAs === "number" ? null : p.remoteAs,
  localASN: p.localAsn,
  peerAddress: p.endpoint.kind === "address" ? p.endpoint.address : null,
  interface: p.endpoint.kind === "interface" ? p.endpoint.name : null,
  sourceAddress: p.sourceAddress,
  peerPort: p.port,
  holdTime: p.timers?.given.holdTimeS ?? null,
  keepaliveTime: p.timers?.given.keepaliveTimeS ?? null,
  connectTime: p.connectTimeS,
  routerID: p.routerId,
  nodeSelectors: p.nodeSelectors,
  hasPassword: p.password !== null,
  bfdProfile: p.bfdProfile,
  enableGracefulRestart: p.gracefulRestart,
  ebgpMultiHop: p.ebgpMultiHop,
  vrf: p.vrf,
  dualStackAddressFamily: p.dualStackAddressFamily,
});

/** Intervals in milliseconds, as the resource has them. */
const bfdProfile = (p: BfdProfile) => ({
  name: p.name,
  receiveInterval: p.receiveIntervalMs,
  transmitInterval: p.transmitIntervalMs,
  detectMultiplier: p.detectMultiplier,
  echoInterval: p.echoIntervalMs,
  echoMode: p.echoMode,
  passiveMode: p.passiveMode,
  minimumTtl: p.minimumTtl,
});

export const configDocument = (config: Config) => ({
  pools: config.pools.map(pool),
  peers: config.peers.map(peer),
  bfdProfiles: config.bfdProfiles.map(bfdProfile),
});
