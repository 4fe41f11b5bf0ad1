/**
 * Our own kind: what one node really announces for one Service, and why not. It says more than the two
 * MetalLB status kinds can: intention beside fact, the cause in one word and in a sentence, and the inputs
 * that the decision was made from, so that anyone can repeat it.
 */
import { conditions } from "./condition.ts";
import { flag, integer, list, object, optional, text } from "./build.ts";
import { reportKey } from "./service-status.ts";

const reason = optional(text("Why not, in one word: the reason names of explain."));
const message = optional(text("Why not, and what to do."));

const l2 = object(
  {
    announced: flag("This node answers for at least one address of the Service."),
    addresses: optional(
      list(
        object(
          {
            ip: text("Address of the Service."),
            announced: flag("This node answers for the address."),
            owner: optional(text("Node elected for the address; absent when there is none.")),
          },
          "One address.",
        ),
        "Who answers for which address.",
        { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["ip"] },
      ),
    ),
    interfaces: optional(list(text("Interface name."), "Where; empty when on all interfaces.")),
    reason,
    message,
  },
  "ARP and NDP.",
);

const bgp = object(
  {
    peers: optional(
      list(
        object(
          {
            peer: text("BGPPeer name."),
            intended: flag("The configuration asks for the routes to go to this peer."),
            sent: flag("The peer was sent the routes, as FRR reports it."),
            prefixes: optional(list(text("CIDR prefix."), "Prefixes of the Service, sorted.")),
            reason,
            message,
          },
          "One peer.",
        ),
        "Each peer of the node.",
        { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["peer"] },
      ),
    ),
    reason,
    message,
  },
  "BGP.",
);

const names = (description: string) => optional(list(text("Node name."), description));

const inputs = object(
  {
    serviceGeneration: optional(
      integer("Generation of the Service that was looked at.", { format: "int64", minimum: 0 }),
    ),
    addresses: optional(list(text("Address."), "Addresses in the status of the Service.")),
    pool: optional(text("IPAddressPool that holds them.")),
    advertisements: optional(
      list(text("Kind/name."), "Advertisements that cover the Service, sorted."),
    ),
    members: names("Speakers that counted as alive, sorted."),
    candidates: names("Nodes that took part in the election, sorted."),
    endpointNodes: names("Nodes with an endpoint that can serve, sorted."),
    configurationHash: optional(text("Short hash of the configuration in force.")),
    epoch: optional(
      integer("Rises with every change of the members.", { format: "int64", minimum: 0 }),
    ),
  },
  "What the decision was made from.",
);

export const announcementReportStatus = object(
  {
    ...reportKey,
    l2: optional(l2),
    bgp: optional(bgp),
    inputs: optional(inputs),
    conditions: optional(conditions),
  },
  "What this node really announces for the Service. Written by its speaker.",
);
