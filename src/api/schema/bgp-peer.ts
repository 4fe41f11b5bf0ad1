import { tryParseDuration, wholeMilliseconds, wholeSeconds } from "../duration.ts";
import { duration, flag, integer, list, object, oneOf, optional, rule, text } from "./build.ts";
import * as rules from "./peer-rules.ts";
import { nodeSelectorV1beta1, selectors } from "./selector.ts";

const MAX_ASN = 4294967295;

const asn = (description: string, minimum: 0 | 1, more = {}) =>
  integer(description, { format: "int64", minimum, maximum: MAX_ASN, is: "V3", ...more });

const connectTime = duration("Wait between attempts to connect: 1s to 65535s, whole seconds.", {
  rules: [
    rule<string>({
      cel: "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
      message: "connectTime is a duration of 1s to 65535s",
      is: "V6",
      code: "connectTimeOutOfRange",
      holds: (value) => {
        const time = tryParseDuration(value);
        return time !== null && wholeSeconds(time) >= 1 && wholeSeconds(time) <= 65535;
      },
    }),
    rule<string>({
      cel: "duration(self).getMilliseconds() % 1000 == 0",
      message: "connectTime is a whole number of seconds",
      is: "V7",
      code: "connectTimeNotWhole",
      holds: (value) => {
        const time = tryParseDuration(value);
        return time === null || wholeMilliseconds(time) % 1000 === 0; // V6 says what does not parse
      },
    }),
  ],
});

const enableGracefulRestart = flag("Graceful restart for this peer; fixed once written.", {
  rules: [
    rule<boolean>({
      cel: "self == oldSelf",
      message: "enableGracefulRestart cannot change: delete the BGPPeer and create it anew",
      is: "V8",
      code: "immutable",
      transition: true,
      holds: (now, before) => now === before,
    }),
  ],
});

const addresses = {
  sourceAddress: optional(
    text("Local address to connect from.", { rules: [rules.addressShape("sourceAddress", "V74")] }),
  ),
  routerID: optional(
    text("BGP Identifier to present.", { rules: [rules.addressShape("routerID", "V73")] }),
  ),
};
const timers = {
  holdTime: optional(
    duration("Requested hold time: 0s, or 3s and more.", { rules: [rules.holdTime] }),
  ),
  keepaliveTime: optional(
    duration("Requested keepalive interval, at most the hold time.", {
      rules: [rules.keepaliveTime],
    }),
  ),
};
const common = {
  password: optional(text("TCP MD5 password.", { secret: true })),
  bfdProfile: optional(text("BFDProfile of the session.")),
  ebgpMultiHop: optional(flag("The peer is several hops away.")),
};

export const bgpPeerSpec = object(
  {
    myASN: asn("Local AS number.", 0, { rules: [rules.localAs] }),
    peerASN: optional(asn("Remote AS number.", 0)),
    dynamicASN: optional(
      oneOf(["internal", "external"], "Take any AS of this sort instead of peerASN.", {
        is: "V5",
      }),
    ),
    localASN: optional(asn("AS number shown to this peer in place of myASN.", 1)),
    peerAddress: optional(
      text("Address to dial.", { rules: [rules.addressShape("peerAddress", "V72")] }),
    ),
    interface: optional(text("Interface to peer over without addresses.")),
    ...addresses,
    peerPort: optional(
      integer("TCP port to dial.", { default: 179, minimum: 1, maximum: 16384, is: "V4" }),
    ),
    ...timers,
    connectTime: optional(connectTime),
    nodeSelectors: selectors("Nodes that peer; empty means all."),
    ...common,
    passwordSecret: optional(
      object(
        {
          name: optional(text("Name of the Secret.")),
          namespace: optional(text("Namespace; the Secret is looked up beside the BGPPeer.")),
        },
        "Secret of type kubernetes.io/basic-auth whose key password is the TCP MD5 password.",
        { "x-kubernetes-map-type": "atomic" },
      ),
    ),
    enableGracefulRestart: optional(enableGracefulRestart),
    vrf: optional(text("VRF of the host to peer from.")),
    disableMP: optional(flag("Deprecated, without effect.", { default: false })),
    dualStackAddressFamily: optional(
      flag("Exchange both address families over this session.", { default: false }),
    ),
  },
  "A BGP session from the nodes to a router.",
  {
    rules: [
      rules.remoteAs,
      rules.oneRemoteAs,
      rules.multiHop,
      rules.endpoint,
      rules.oneEndpoint,
      rules.derivedHold,
      rules.keepaliveWithinHold,
    ],
  },
);

export const bgpPeerV1beta1Spec = object(
  {
    myASN: asn("Local AS number.", 0, { rules: [rules.localAs] }),
    peerASN: asn("Remote AS number.", 0, { rules: [rules.remoteAsV1beta1] }),
    peerAddress: text("Address to dial.", {
      rules: [rules.endpointV1beta1, rules.addressShape("peerAddress", "V72")],
    }),
    ...addresses,
    peerPort: optional(integer("TCP port to dial.", { minimum: 0, maximum: 16384, is: "V4" })),
    ...timers,
    nodeSelectors: optional(list(nodeSelectorV1beta1, "Nodes that peer; empty means all.")),
    ...common,
  },
  "A BGP session from the nodes to a router.",
  { rules: [rules.multiHop, rules.keepaliveV1beta1] },
);
