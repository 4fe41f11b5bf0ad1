import { count, flag, integer, list, object, optional, rule, text } from "./build.ts";
import { selectors } from "./selector.ts";

const serviceAllocation = object(
  {
    priority: optional(
      integer("Order between pools that fit: 1 is tried first, 0 or absent last."),
    ),
    namespaces: optional(list(text("Namespace name."), "Namespaces that may use the pool.")),
    namespaceSelectors: selectors("Namespaces that may use the pool, by their labels."),
    serviceSelectors: selectors("Services that may use the pool, by their labels."),
  },
  "Restricts the pool to some namespaces and Services, and ranks it among the pools that fit.",
);

export const ipAddressPoolSpec = object(
  {
    addresses: list(
      text("A CIDR prefix, or a range start-end.", {
        rules: [
          rule<string>({
            cel: "self != ''",
            message: "an entry is a CIDR prefix or a range start-end, not an empty text",
            is: "V26",
            code: "badAddressRange",
            beyond: true,
            holds: (entry) => entry !== "",
          }),
        ],
      }),
      "Addresses of the pool, tried in this order.",
      {
        rules: [
          rule<readonly string[]>({
            cel: "self.size() > 0",
            message: "a pool needs at least one address range: add a CIDR prefix or start-end",
            is: "V25",
            code: "noAddresses",
            beyond: true,
            holds: (addresses) => addresses.length > 0,
          }),
        ],
      },
    ),
    autoAssign: optional(
      flag("Whether addresses are given to Services that did not ask for this pool.", {
        default: true,
      }),
    ),
    avoidBuggyIPs: optional(
      flag("Never give IPv4 addresses that end in .0 or .255.", { default: false }),
    ),
    serviceAllocation: optional(serviceAllocation),
  },
  "What the pool holds and who may use it.",
);

export const ipAddressPoolStatus = object(
  {
    assignedIPv4: count("IPv4 addresses in use."),
    assignedIPv6: count("IPv6 addresses in use."),
    availableIPv4: count("IPv4 addresses still free."),
    availableIPv6: count("IPv6 addresses still free."),
  },
  "Written by the controller.",
  { is: "V14" },
);
