/**
 * What FRR would refuse, or what would break out of its line, although MetalLB lets it through: the rules
 * F10 to F17 of ADR 0021, each tried on FRR 8.4 and 10.3. Refused here, they cost one peer instead of a batch.
 */
import { familyOf, tryParseIp } from "../net/ip.ts";
import { quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import type { PeerDraft } from "./peer.ts";

/** One token that Linux takes as a device name (dev_valid_name): no slash, no colon, no white space. */
const isDeviceName = (name: string, longest: number): boolean =>
  /^[!-~]+$/.test(name) &&
  !/[/:]/.test(name) &&
  name.length <= longest &&
  name !== "." &&
  name !== ".." &&
  tryParseIp(name) === null;

/** IFNAMSIZ with its final zero; FRR's VRF_NAMSIZ, as a VRF may be a network namespace. */
const LONGEST_INTERFACE = 15;
const LONGEST_VRF = 35;

/** FRR takes `bgp router-id 0.0.0.0` and forgets it. */
export const UNSET_ROUTER_ID = "0.0.0.0";
/** `router bgp N vrf default` is `router bgp N` to FRR. */
export const DEFAULT_VRF = "default";

function checkNames({ peer }: PeerDraft, found: Findings): void {
  if (
    peer.endpoint.kind === "interface" &&
    peer.endpoint.name !== "" &&
    !isDeviceName(peer.endpoint.name, LONGEST_INTERFACE)
  )
    found.error(
      "F11",
      "badInterfaceName",
      "spec.interface",
      `${quoted(peer.endpoint.name)} cannot be an interface: write one name of up to ${LONGEST_INTERFACE} characters`,
    );
  if (peer.vrf !== null && !isDeviceName(peer.vrf, LONGEST_VRF))
    found.error(
      "F12",
      "badVrfName",
      "spec.vrf",
      `${quoted(peer.vrf)} cannot be a VRF: write one name of up to ${LONGEST_VRF} characters`,
    );
}

/** FRR 8.4 refuses what F17 warns of, 10.3 takes it: where FRR is old, the refusal quarantines the peer. */
function checkAsNumbers({ peer }: PeerDraft, found: Findings): void {
  if (peer.localAsn === null) return;
  const path = "spec.localASN";
  if (peer.localAsn === peer.myAsn)
    found.error("F13", "localAsIsMyAs", path, "equals myASN, which FRR refuses: remove it");
  else if (peer.localAsn === peer.remoteAs)
    found.warn("F17", "localAsIsRemoteAs", path, "equals peerASN, which FRR 8 refuses");
  else if (peer.remoteAs === "internal" || peer.remoteAs === peer.myAsn)
    found.warn("F17", "localAsOnIbgp", path, "is for eBGP peers: FRR 8 refuses it on iBGP");
}

function checkAddresses({ peer, routerIdText }: PeerDraft, found: Findings): void {
  if (peer.routerId !== null && familyOf(peer.routerId) === 6)
    found.error(
      "F14",
      "routerIdNotIpv4",
      "spec.routerID",
      "a BGP Identifier is written as an IPv4 address (RFC 4271, 4.2)",
    );
  if (routerIdText === UNSET_ROUTER_ID)
    found.warn("F14", "routerIdUnset", "spec.routerID", "0.0.0.0 is as good as none: FRR chooses");
  if (peer.endpoint.kind === "interface") {
    if (peer.ebgpMultiHop)
      found.error(
        "F15",
        "multiHopOnInterface",
        "spec.ebgpMultiHop",
        "a peer on an interface is one hop away: remove ebgpMultiHop",
      );
    return;
  }
  const { sourceAddress } = peer;
  if (sourceAddress !== null && familyOf(sourceAddress) !== familyOf(peer.endpoint.address))
    found.warn(
      "F16",
      "sourceFamily",
      "spec.sourceAddress",
      "is of another family than peerAddress: the session cannot come up",
    );
}

/** X8: echo is for one hop, a minimum TTL for several (RFC 5881, 5883); tried in `test/bfd/on-the-wire.test.ts`. */
function noteProfile({ peer, profile }: PeerDraft, found: Findings): void {
  if (profile === null) return;
  const name = `BFDProfile ${quoted(profile.profile.name)}`;
  if (profile.deleted)
    found.warn(
      "V80",
      "bfdProfileDeleted",
      "spec.bfdProfile",
      `${name} is deleted: its last content stays in use`,
    );
  const { echoMode, minimumTtl } = profile.profile;
  const { endpoint, ebgpMultiHop } = peer;
  const note = (code: string, message: string): void =>
    found.warn("X8", code, "spec.bfdProfile", `${name} has ${message}`);
  if (echoMode && ebgpMultiHop)
    note(
      "echoOnMultiHop",
      "echoMode, which works over one hop only: no echo runs with this multihop peer",
    );
  else if (echoMode && (endpoint.kind === "interface" || familyOf(endpoint.address) === 6))
    note("echoOnIpv6", "echoMode, which over IPv6 works only if the peer runs FRR too");
  if (minimumTtl === null) return;
  const external = peer.remoteAs !== "internal" && peer.remoteAs !== peer.myAsn;
  if (!ebgpMultiHop && external)
    note(
      "minimumTtlOnSingleHop",
      "minimumTtl, which counts for multihop peers only: it has no effect here",
    );
  else
    note(
      "minimumTtlUnchecked",
      "minimumTtl, which FRR does not check on sessions of BGP: packets of any TTL are accepted",
    );
}

export function noteFrrLimits(draft: PeerDraft, found: Findings): void {
  checkNames(draft, found);
  checkAsNumbers(draft, found);
  checkAddresses(draft, found);
  noteProfile(draft, found);
}
