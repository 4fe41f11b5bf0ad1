/** BGPPeer by itself: rules V63 to V80, crds reference 1.5, 2.11, 3.9. */
import { tryParseIp } from "../net/ip.ts";
import type { Ip } from "../net/ip.ts";
import type { Peer, PeerEndpoint } from "./config.ts";
import { findingsOn, hasError, quoted } from "./findings.ts";
import type { Findings } from "./findings.ts";
import { DEFAULT_VRF, UNSET_ROUTER_ID, noteFrrLimits } from "./peer-frr-limits.ts";
import { passwordOf } from "./peer-password.ts";
import type { SecretView } from "./peer-password.ts";
import { peerTable } from "./peer-pairs.ts";
import { connectTimeOf, timersOf } from "./peer-timers.ts";
import { flagAt, integerAt, textAt } from "./read.ts";
import type { Fields } from "./read.ts";
import { profileOf } from "./bfd-profile.ts";
import type { BfdProfile } from "./config.ts";
import { checkedNodeSelectors, namesMatching, repeatRule } from "./selectors.ts";
import type { Labelled } from "./selectors.ts";
import type { Judged, Rules, Version } from "./settle.ts";

export interface PeerDraft {
  readonly peer: Peer;
  /** `peerAddress`, else `interface`, as written: MetalLB compares the text (V83). */
  readonly identity: string;
  readonly routerIdText: string;
  /** Names of the nodes that run this session. */
  readonly nodes: ReadonlySet<string>;
  /** The profile it acts with; one that is deleted lives on in the last accepted version. */
  readonly profile: { readonly profile: BfdProfile; readonly deleted: boolean } | null;
}

export interface PeerContext {
  readonly nodes: readonly Labelled[];
  readonly secrets: ReadonlyMap<string, SecretView>;
  readonly profiles: ReadonlyMap<string, BfdProfile>;
  /** Profiles that exist but do not act. */
  readonly lostProfiles: ReadonlySet<string>;
  /** Passwords that peers acted with before, by peer name. */
  readonly passwords: ReadonlyMap<string, string>;
}

function remoteAsOf(spec: Fields, found: Findings): Peer["remoteAs"] {
  const asn = integerAt(spec, "peerASN") ?? 0;
  const dynamic = textAt(spec, "dynamicASN") ?? "";
  if (asn === 0 && dynamic === "")
    found.error(
      "V64",
      "noRemoteAs",
      "spec.peerASN",
      "set peerASN, or dynamicASN to internal or external",
    );
  if (asn !== 0 && dynamic !== "")
    found.error("V65", "twoRemoteAs", "spec.dynamicASN", "set only one of peerASN and dynamicASN");
  if (dynamic === "internal" || dynamic === "external") return dynamic;
  if (dynamic !== "")
    found.error(
      "V66",
      "badDynamicAs",
      "spec.dynamicASN",
      `${quoted(dynamic)}: must be internal or external`,
    );
  return asn;
}

function addressAt(spec: Fields, key: string, rule: string, found: Findings): Ip | null {
  const text = textAt(spec, key) ?? "";
  if (text === "") return null;
  const ip = tryParseIp(text);
  if (ip === null)
    found.error(
      rule,
      "badAddress",
      `spec.${key}`,
      `${quoted(text)} is no IP address: write it without prefix length, name or zone`,
    );
  return ip;
}

function routerIdOf(spec: Fields, found: Findings): Ip | null {
  const id = addressAt(spec, "routerID", "V73", found);
  return id === UNSET_ROUTER_ID ? null : id;
}

function vrfOf(spec: Fields, found: Findings): string | null {
  const name = textAt(spec, "vrf") ?? "";
  if (name === DEFAULT_VRF)
    found.warn("F3", "defaultVrf", "spec.vrf", "is the VRF that peers are in anyway: remove it");
  return name === "" || name === DEFAULT_VRF ? null : name;
}

function endpointOf(spec: Fields, found: Findings): PeerEndpoint {
  const name = textAt(spec, "interface") ?? "";
  const written = textAt(spec, "peerAddress") ?? "";
  const address = addressAt(spec, "peerAddress", "V72", found);
  if (written === "" && name === "")
    found.error("V68", "noEndpoint", "spec.peerAddress", "set peerAddress or interface");
  if (written !== "" && name !== "")
    found.error(
      "V69",
      "twoEndpoints",
      "spec.interface",
      "set only one of peerAddress and interface",
    );
  return address === null ? { kind: "interface", name } : { kind: "address", address };
}

function profileFor(version: Version, context: PeerContext, found: Findings): PeerDraft["profile"] {
  const name = textAt(version.source.spec, "bfdProfile") ?? "";
  if (name === "") return null;
  const profile = context.profiles.get(name);
  if (profile !== undefined) return { profile, deleted: false };
  const past = version.past?.profile;
  if (past !== undefined) return { profile: profileOf(name, past, found), deleted: true };
  if (context.lostProfiles.has(name))
    found.error(
      "V80",
      "bfdProfileLeftOut",
      "spec.bfdProfile",
      `BFDProfile ${quoted(name)} has errors and is left out: mend it first`,
    );
  else
    found.error(
      "V80",
      "unknownBfdProfile",
      "spec.bfdProfile",
      `there is no BFDProfile ${quoted(name)}: create it or correct the name`,
    );
  return null;
}

const positive = (n: number | undefined): number | null => (n === undefined || n === 0 ? null : n);

const own =
  (context: PeerContext) =>
  (version: Version): Judged<PeerDraft> => {
    const { source } = version;
    const { spec } = source;
    const found = findingsOn(source.ref);
    found.problems.push(...source.refusals);
    const myAsn = integerAt(spec, "myASN") ?? 0;
    if (myAsn === 0)
      found.error("V63", "noLocalAs", "spec.myASN", "set the AS number of the nodes");
    const remoteAs = remoteAsOf(spec, found);
    const ebgpMultiHop = flagAt(spec, "ebgpMultiHop") ?? false;
    if (ebgpMultiHop && myAsn !== 0 && remoteAs === myAsn)
      found.error(
        "V67",
        "multiHopOnIbgp",
        "spec.ebgpMultiHop",
        "peerASN equals myASN, and multihop is for eBGP: remove one of the two",
      );
    const peer: Peer = {
      name: source.name,
      myAsn,
      remoteAs,
      localAsn: positive(integerAt(spec, "localASN")),
      endpoint: endpointOf(spec, found),
      timers: timersOf(spec, found),
      routerId: routerIdOf(spec, found),
      sourceAddress: addressAt(spec, "sourceAddress", "V74", found),
      port: positive(integerAt(spec, "peerPort")),
      connectTimeS: connectTimeOf(spec),
      nodeSelectors: checkedNodeSelectors(spec, context.nodes, found),
      password: passwordOf(version, context.secrets, context.passwords, found),
      bfdProfile: textAt(spec, "bfdProfile") || null,
      gracefulRestart: flagAt(spec, "enableGracefulRestart") ?? false,
      ebgpMultiHop,
      vrf: vrfOf(spec, found),
      dualStackAddressFamily: flagAt(spec, "dualStackAddressFamily") ?? false,
    };
    const value: PeerDraft = {
      peer,
      identity: textAt(spec, "peerAddress") || (textAt(spec, "interface") ?? ""),
      routerIdText: textAt(spec, "routerID") ?? "",
      nodes: new Set(namesMatching(peer.nodeSelectors, context.nodes)),
      profile: profileFor(version, context, found),
    };
    repeatRule("V75", "spec.nodeSelectors", found);
    noteFrrLimits(value, found);
    if (flagAt(spec, "disableMP") === true)
      found.warn("V18", "disableMpDeprecated", "spec.disableMP", "has no effect: remove it");
    return { value: hasError(found.problems) ? null : value, problems: found.problems };
  };

export const peerRules = (context: PeerContext): Rules<PeerDraft> => ({
  own: own(context),
  table: () => peerTable(context.nodes.length > 0),
  secret: ({ peer }) => peer.password,
});
