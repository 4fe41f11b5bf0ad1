/**
 * Rules of BGPPeer that MetalLB's webhook checks and CEL can say too, within the API server's cost limits.
 * They are put on both versions; each refuses nothing that MetalLB accepts.
 */
import { tryParseDuration, wholeMilliseconds, wholeSeconds } from "../duration.ts";
import { rule } from "./build.ts";
import type { Rule } from "./build.ts";

/** The fields the rules read, in either version. */
interface PeerFields {
  readonly myASN: number;
  readonly peerASN?: number;
  readonly dynamicASN?: string;
  readonly peerAddress?: string;
  readonly interface?: string;
  readonly holdTime?: string;
  readonly keepaliveTime?: string;
  readonly ebgpMultiHop?: boolean;
}

export const localAs = rule<number>({
  cel: "self != 0",
  message: "myASN is the local AS number and cannot be 0",
  is: "V63",
  code: "noLocalAs",
  beyond: true,
  holds: (asn) => asn !== 0,
});

/** Sound, not complete: names, prefixes and zones are told; the webhook does the exact parse. */
const ADDRESS = /^([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)?$/;

export const addressShape = (field: string, is: string): Rule =>
  rule<string>({
    cel: `self.matches('${ADDRESS.source}')`,
    message: `${field} must be a plain IP address: no name, no prefix length, no zone`,
    is,
    code: "badAddress",
    beyond: true,
    holds: (address) => ADDRESS.test(address),
  });

/** CEL's `duration()` reads the same grammar and refuses the rest; here that part is V17, see `decodesAs`. */
export const holdTime = rule<string>({
  cel: "duration(self).getSeconds() == 0 || duration(self).getSeconds() >= 3",
  message: "holdTime is a duration such as 90s: 0s (timers off) or at least 3s",
  is: "V70",
  code: "holdTimeTooShort",
  beyond: true,
  holds: (text) => {
    const time = tryParseDuration(text);
    return time === null || wholeSeconds(time) === 0 || wholeSeconds(time) >= 3;
  },
});

export const keepaliveTime = rule<string>({
  cel: "duration(self) == duration(self)",
  message: "keepaliveTime is a duration such as 30s",
  is: "V17",
  code: "undecodable",
  beyond: true,
  holds: () => true, // what does not parse is found when it is decoded
});

const durationOf = (text: string | undefined): bigint | null =>
  text === undefined ? null : tryParseDuration(text);

export const keepaliveWithinHold = rule<PeerFields>({
  cel:
    "!has(self.holdTime) || !has(self.keepaliveTime) || " +
    "duration(self.keepaliveTime) <= duration(self.holdTime)",
  message: "keepaliveTime cannot be longer than holdTime",
  is: "V71",
  code: "keepaliveAboveHold",
  beyond: true,
  holds: (spec) => {
    const [hold, keepalive] = [durationOf(spec.holdTime), durationOf(spec.keepaliveTime)];
    return hold === null || keepalive === null || keepalive <= hold;
  },
});

/** Milliseconds where MetalLB counts nanoseconds: never stricter, since they are cut downwards. */
export const derivedHold = rule<PeerFields>({
  cel:
    "has(self.holdTime) || !has(self.keepaliveTime) || " +
    "duration(self.keepaliveTime).getMilliseconds() * 3 / 1000 == 0 || " +
    "duration(self.keepaliveTime).getMilliseconds() * 3 / 1000 >= 3",
  message:
    "without holdTime the hold time is three times keepaliveTime, and must be 0s or at least 3s: " +
    "set keepaliveTime to 1s or more",
  is: "V70",
  code: "holdTimeTooShort",
  beyond: true,
  holds: (spec) => {
    const keepalive = durationOf(spec.keepaliveTime);
    if (spec.holdTime !== undefined || keepalive === null) return true;
    const holdS = Math.trunc((wholeMilliseconds(keepalive) * 3) / 1000);
    return holdS === 0 || holdS >= 3;
  },
});

export const multiHop = rule<PeerFields>({
  cel:
    "!has(self.ebgpMultiHop) || !self.ebgpMultiHop || !has(self.peerASN) || " +
    "self.peerASN != self.myASN",
  message: "ebgpMultiHop is for peers of another AS: leave it out where peerASN equals myASN",
  is: "V67",
  code: "multiHopInOwnAs",
  beyond: true,
  holds: (spec) => spec.ebgpMultiHop !== true || spec.peerASN !== spec.myASN,
});

export const remoteAs = rule<PeerFields>({
  cel: "(has(self.peerASN) && self.peerASN != 0) || has(self.dynamicASN)",
  message: "set peerASN to the remote AS number, or dynamicASN to internal or external",
  is: "V64",
  code: "noRemoteAs",
  beyond: true,
  holds: (spec) => (spec.peerASN ?? 0) !== 0 || spec.dynamicASN !== undefined,
});

export const oneRemoteAs = rule<PeerFields>({
  cel: "!has(self.peerASN) || self.peerASN == 0 || !has(self.dynamicASN)",
  message: "peerASN and dynamicASN exclude each other: keep one",
  is: "V65",
  code: "twoRemoteAs",
  beyond: true,
  holds: (spec) => (spec.peerASN ?? 0) === 0 || spec.dynamicASN === undefined,
});

export const remoteAsV1beta1 = rule<number>({
  cel: "self != 0",
  message: "peerASN is the remote AS number and cannot be 0",
  is: "V64",
  code: "noRemoteAs",
  beyond: true,
  holds: (asn) => asn !== 0,
});

export const endpoint = rule<PeerFields>({
  cel:
    "(has(self.peerAddress) && self.peerAddress != '') || " +
    "(has(self.interface) && self.interface != '')",
  message: "set peerAddress, or interface for unnumbered peering",
  is: "V68",
  code: "noPeerAddress",
  beyond: true,
  holds: (spec) => (spec.peerAddress ?? "") !== "" || (spec.interface ?? "") !== "",
});

export const oneEndpoint = rule<PeerFields>({
  cel:
    "!has(self.peerAddress) || self.peerAddress == '' || " +
    "!has(self.interface) || self.interface == ''",
  message: "peerAddress and interface exclude each other: keep one",
  is: "V69",
  code: "twoPeerAddresses",
  beyond: true,
  holds: (spec) => (spec.peerAddress ?? "") === "" || (spec.interface ?? "") === "",
});

export const endpointV1beta1 = rule<string>({
  cel: "self != ''",
  message: "peerAddress is the address to dial and cannot be empty",
  is: "V68",
  code: "noPeerAddress",
  beyond: true,
  holds: (address) => address !== "",
});

/** In v1beta1 an absent timer is stored as `0s`. */
export const keepaliveV1beta1 = rule<PeerFields>({
  cel:
    "!has(self.keepaliveTime) || " +
    "duration(self.keepaliveTime) <= (has(self.holdTime) ? duration(self.holdTime) : duration('0s'))",
  message: "keepaliveTime cannot be longer than holdTime, which v1beta1 takes for 0s when absent",
  is: "V71",
  code: "keepaliveAboveHold",
  beyond: true,
  holds: (spec) => {
    const [hold, keepalive] = [durationOf(spec.holdTime), durationOf(spec.keepaliveTime)];
    if (keepalive === null || (spec.holdTime !== undefined && hold === null)) return true;
    return keepalive <= (hold ?? 0n);
  },
});
