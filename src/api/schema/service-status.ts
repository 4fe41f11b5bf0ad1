import { list, object, optional, rule, text } from "./build.ts";

const fixed = (description: string) =>
  optional(
    text(description, {
      rules: [
        rule<string>({
          cel: "self == oldSelf",
          message: "the value cannot change: write another object for another node or Service",
          is: "V13",
          code: "immutable",
          transition: true,
          holds: (now, before) => now === before,
        }),
      ],
    }),
  );

/** Which node reports on which Service. */
export const reportKey = {
  node: fixed("Node that reports."),
  serviceName: fixed("Name of the Service."),
  serviceNamespace: fixed("Namespace of the Service."),
};

export const serviceL2Status = object(
  {
    ...reportKey,
    interfaces: optional(
      list(
        object({ name: optional(text("Interface name.")) }, "One interface."),
        "Interfaces that answer; empty when all do.",
      ),
    ),
  },
  "Which node answers for the addresses of a Service. Written by the speakers.",
);

export const serviceBgpStatus = object(
  {
    ...reportKey,
    peers: optional(
      list(text("BGPPeer name."), "Peers that were sent the routes of the Service, sorted."),
    ),
  },
  "To which peers a node announces a Service. Written by the speakers.",
);
