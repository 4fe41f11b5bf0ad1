import type { TObject } from "@sinclair/typebox";
import { integer, list, nothing, object, optional, rule, text } from "./build.ts";
import type { Read } from "./build.ts";
import { selectors } from "./selector.ts";

/** Status of the kinds nobody writes one for. */
export const emptyStatus = nothing("Always empty.");

const pools = {
  ipAddressPools: optional(
    list(
      text("IPAddressPool name."),
      "Pools to announce, by name; with no selector either, all of them.",
    ),
  ),
  ipAddressPoolSelectors: selectors("Pools to announce, by their labels."),
};
const serviceSelectors = selectors("Services to announce; empty means all of the pools.");

export const l2AdvertisementSpec = object(
  {
    ...pools,
    nodeSelectors: selectors("Nodes that may announce; empty means all."),
    interfaces: optional(
      list(text("Interface name."), "Interfaces to announce from; empty means all."),
    ),
    serviceSelectors,
  },
  "What is announced by ARP and NDP, and from where.",
);

const aggregation = {
  aggregationLength: optional(
    integer("Prefix length announced for IPv4 addresses.", {
      format: "int32",
      default: 32,
      minimum: 1,
      is: "V10",
      decodesAs: "int32",
      rules: [
        rule<number>({
          cel: "self <= 32",
          message: "aggregationLength is a prefix length of IPv4, 1 to 32",
          is: "V41",
          code: "aggregationLengthTooLong",
          beyond: true,
          holds: (length) => length <= 32,
        }),
      ],
    }),
  ),
  aggregationLengthV6: optional(
    integer("Prefix length announced for IPv6 addresses.", {
      format: "int32",
      default: 128,
      decodesAs: "int32",
      rules: [
        rule<number>({
          cel: "self <= 128",
          message: "aggregationLengthV6 is a prefix length of IPv6, at most 128",
          is: "V42",
          code: "aggregationLengthTooLong",
          beyond: true,
          holds: (length) => length <= 128,
        }),
      ],
    }),
  ),
  serviceSelectors,
};
export const bgpAdvertisementSpec = object(
  {
    ...aggregation,
    ...pools,
    localPref: optional(
      integer("LOCAL_PREF for peers of the own AS; 0 sets none.", {
        // No format: an API server that holds to int32 would refuse the upper half (Q16).
        decodesAs: "uint32",
        rules: [
          rule<number>({
            cel: "self >= 0 && self <= 4294967295",
            message: "localPref lies in 0 to 4294967295",
            is: "V17",
            code: "undecodable",
            beyond: true,
            holds: (value) => value >= 0 && value <= 4294967295,
          }),
        ],
      }),
    ),
    communities: optional(
      list(
        text("A:B, large:A:B:C, or an alias of a Community resource."),
        "Communities sent with the routes.",
      ),
    ),
    nodeSelectors: selectors("Nodes that announce; empty means all."),
    peers: optional(list(text("BGPPeer name."), "Peers to announce to; empty means all.")),
  },
  "What is announced over BGP, to whom and with which attributes.",
  {
    rules: [
      rule<Read<TObject<typeof aggregation>>>({
        cel:
          "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || " +
          "((!has(self.aggregationLength) || self.aggregationLength == 32) && " +
          "(!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
        message:
          "with serviceSelectors only single addresses can be announced: " +
          "leave aggregationLength at 32 and aggregationLengthV6 at 128",
        is: "V11",
        code: "aggregationWithServiceSelectors",
        holds: (spec) =>
          (spec.serviceSelectors ?? []).length === 0 ||
          ((spec.aggregationLength ?? 32) === 32 && (spec.aggregationLengthV6 ?? 128) === 128),
      }),
    ],
  },
);
