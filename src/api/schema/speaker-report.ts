/**
 * Our own kind: how one speaker stands in the world. What does not belong to any one Service: its BGP
 * sessions as FRR has them, the members it hears, the stations that fight for an address of ours.
 */
import { flag, integer, list, object, optional, text } from "./build.ts";
import { reportKey } from "./service-status.ts";

const reason = optional(text("Why not, in one word: the reason names of explain."));
const message = optional(text("Why not, and what to do."));

const session = object(
  {
    peer: text("BGPPeer name."),
    neighbor: text("Address, or interface of an unnumbered session."),
    vrf: optional(text("VRF; absent for the default one.")),
    remoteAS: optional(integer("AS of the other side, once known.", { format: "int64" })),
    state: text(
      "Established; Active while it is tried, whichever states FRR goes through; Idle where FRR does not have it.",
    ),
    since: optional(text("When it was established, RFC 3339; absent in every other state.")),
    prefixesSent: optional(integer("Prefixes sent, both families.", { minimum: 0 })),
    reason,
    message,
  },
  "One BGP session.",
);

const conflict = object(
  {
    ip: text("Address of a Service."),
    mac: text("Who else answers for it."),
    interface: text("Where that was heard."),
    node: optional(text("The node that has the MAC; absent for a station outside the cluster.")),
    since: text("When it was first heard, RFC 3339."),
  },
  "Another station that answers for an address that this node announces.",
);

const silence = object(
  {
    ip: text("Address of a Service."),
    node: text("The node that should answer for it."),
    since: text("When it was first asked in vain, RFC 3339."),
  },
  "An address whose owner is not heard to answer, though it is a neighbour on the segment.",
);

export const speakerReportStatus = object(
  {
    node: reportKey.node,
    frr: optional(
      object(
        {
          reachable: flag("vtysh answers."),
          message: optional(text("What is wrong with FRR.")),
        },
        "The FRR beside the speaker; absent where no BGPPeer selects the node.",
      ),
    ),
    sessions: optional(
      list(session, "BGP sessions, sorted by peer.", {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["peer"],
      }),
    ),
    members: optional(list(text("Node name."), "Speakers that it counts as alive, sorted.")),
    noticeMs: optional(
      integer("About how long until it gives up a speaker that fell silent, in milliseconds.", {
        minimum: 0,
      }),
    ),
    conflicts: optional(list(conflict, "Stations that answer for addresses of ours.")),
    notHeard: optional(list(silence, "Addresses of another node that it does not hear.")),
  },
  "How one speaker stands. Written by it.",
);
